"""Noise masks: what of a latent is to be denoised. The key ``noise_mask``: (B or 1, 1, H, W), mostly in pixels."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from nodes.diffusion.resizing import match_batch

CELL = 8  # pixels

Latent = Mapping[str, Any]


def noise_mask(latent: Latent) -> Tensor | None:
    """A latent's mask as (B or 1, 1, H, W), whatever axes it came with; None if it has none."""
    mask: Tensor | None = latent.get("noise_mask")
    return None if mask is None else mask.reshape(-1, 1, *mask.shape[-2:])


def in_pixels(latent: Latent) -> Tensor:
    """A mask for each latent of the batch, 8 pixels a cell: (B, 1, 8h, 8w). Ones if all is to be denoised."""
    samples: Tensor = latent["samples"]
    height, width = (side * CELL for side in samples.shape[-2:])
    mask = noise_mask(latent)
    if mask is None:
        return torch.ones(len(samples), 1, height, width)
    if mask.shape[-2:] != (height, width):
        mask = interpolate(mask.float(), (height, width), mode="bilinear")
    return match_batch(mask, len(samples))


def joined(latents: Sequence[Latent], axis: int = 0) -> dict[str, Tensor]:
    """The masks end to end along an axis, as a latent's fields: none if no latent has one."""
    if all(noise_mask(latent) is None for latent in latents):
        return {}
    return {"noise_mask": torch.cat([in_pixels(latent) for latent in latents], axis)}


def changed(latent: Latent, change: Callable[[Tensor], Tensor], *, sized: bool = False) -> dict[str, Tensor]:
    """The mask changed as the latent is, as fields; ``sized`` brings it to 8 pixels a cell before."""
    mask = noise_mask(latent)
    if mask is None:
        return {}
    return {"noise_mask": change(in_pixels(latent) if sized else mask)}
