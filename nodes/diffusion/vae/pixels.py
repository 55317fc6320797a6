"""No autoencoder: the picture is its own latent, for models that work on pixels."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from nodes.diffusion.lazy import Lazy, Origin, Residency
from nodes.diffusion.vae.handle import Vae
from nodes.diffusion.vae.taesd import Sure


class PixelSpace(nn.Module):
    """Image (B, 3, H, W) in [-1, 1] <-> the same as latent."""

    def encode(self, image: Tensor) -> Sure:
        return Sure(image)

    def decode(self, latent: Tensor) -> Tensor:
        return latent


def pixel_space(residency: Residency) -> Vae:
    """A VAE whose latents are pictures in [-1, 1], a cell a pixel; in float32, so that nothing is lost."""
    make = partial(
        Lazy[PixelSpace], PixelSpace, residency, torch.float32, torch.device("cpu"), origin=Origin("VAE", "pixel_space")
    )
    return Vae(residency.shared("pixel space", make), downscale=1, latent_channels=3)
