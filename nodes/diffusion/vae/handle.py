"""The autoencoder as nodes hold it: images in [0, 1] on one side, latents on the other."""

from dataclasses import dataclass

import torch
from torch import Tensor

from nodes.diffusion.lazy import Lazy
from nodes.diffusion.vae.model import AutoencoderKL

AT_ONCE = 4
"""Images that go through the network together; more would only need more memory."""


@dataclass(frozen=True)
class Vae:
    """An autoencoder whose weights come into memory at first use."""

    network: Lazy[AutoencoderKL]
    downscale: int = 8
    latent_channels: int = 4

    @torch.no_grad()
    def decode(self, latent: Tensor) -> Tensor:
        """Latent (B, Z, h, w), unscaled -> image (B, H, W, 3) float32 in [0, 1], on the CPU."""
        if latent.ndim != 4 or latent.shape[1] != self.latent_channels:
            raise ValueError(f"this VAE decodes (B, {self.latent_channels}, h, w) latents, not {tuple(latent.shape)}")
        vae = self.network.get()
        parts = [vae.decode(self.network.cast(part)) for part in torch.split(latent, AT_ONCE)]
        return ((torch.cat(parts).float() + 1) / 2).clamp(0, 1).movedim(1, -1).cpu().contiguous()

    @torch.no_grad()
    def encode(self, image: Tensor) -> Tensor:
        """Image (B, H, W, C), cut around its centre to multiples of 8 -> latent (B, Z, H/8, W/8): the mean."""
        image = centre_cropped(image, self.downscale)
        vae = self.network.get()
        pixels = (image[..., :3] * 2 - 1).movedim(-1, 1)
        means = [vae.encode(self.network.cast(part)).mean for part in torch.split(pixels, AT_ONCE)]
        return torch.cat(means).float().cpu()


def centre_cropped(image: Tensor, multiple: int) -> Tensor:
    """(B, H, W, C) cut to sides that are multiples. Raises ValueError if nothing would be left."""
    height, width = image.shape[1:3]
    if height < multiple or width < multiple:
        raise ValueError(f"an image of {width}x{height} is too small to encode, at least {multiple}x{multiple}")
    top, left = height % multiple // 2, width % multiple // 2
    return image[:, top : top + height // multiple * multiple, left : left + width // multiple * multiple]
