"""What a noise mask keeps of a latent: inpainting on any model."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from nodes.diffusion.denoiser import Denoise
from nodes.diffusion.proportions import Size
from nodes.diffusion.resizing import match_batch, resize

METHOD = "bislerp"
"""By which what is kept is resized: the one made for latents."""


class Kept(NamedTuple):
    """A latent that is kept where its mask is 0, in network scale, and the noise that it is given."""

    mask: Tensor  # (B, 1, h, w)
    latent: Tensor  # (B, C, h, w)
    noise: Tensor  # (B, C, h, w)


Keeping: TypeAlias = Callable[[Size], Kept]
"""What is kept in latents of a size."""


class KeepUnmasked:
    """A denoiser that changes a latent only where a mask says, at every noise level.

    Lugmayr et al. 2022, RePaint, equation 8 (arXiv:2201.09865), without its resampling.
    """

    def __init__(
        self, denoise: Denoise, keeping: Keeping, mask_at: Callable[[Tensor, Tensor], Tensor] | None = None
    ) -> None:
        """``mask_at`` makes another mask of the one that is kept, for each sigma."""
        self._denoise, self._keeping, self._mask_at = denoise, keeping, mask_at
        self._kept: Kept | None = None

    def __call__(self, x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
        mask, latent, noise = self._kept_in(x)
        mask = self._mask_at(mask, sigma) if self._mask_at else mask
        answer = self._denoise(torch.lerp(latent + sigma * noise, x, mask), sigma, uncond)
        if not uncond:
            return torch.lerp(latent, answer, mask)
        denoised, unguided = answer
        return torch.stack((torch.lerp(latent, denoised, mask), unguided))

    def _kept_in(self, x: Tensor) -> Kept:
        if self._kept is None or self._kept.latent.shape != x.shape:
            self._kept = self._keeping((x.shape[-2], x.shape[-1]))
        return self._kept


def keeping(clean: Tensor, mask: Tensor, noise: Callable[[Tensor], Tensor]) -> Keeping:
    """What ``mask`` ((B, (1,)) H, W) keeps of ``clean`` (B, C, h, w), both resized to the latents that it is kept in.

    ``noise`` gives a latent's own.
    """

    def kept(size: Size) -> Kept:
        height, width = size
        latent = clean if clean.shape[-2:] == size else resize(clean, width, height, METHOD)
        return Kept(cell_mask(mask, latent), latent, noise(latent).to(latent.device))

    return kept


def cell_mask(mask: Tensor, like: Tensor) -> Tensor:
    """A ``noise_mask`` ((B, (1,)) H, W) resized to the cells of ``like`` (B, C, h, w): (B, 1, h, w)."""
    mask = mask.reshape(-1, 1, *mask.shape[-2:]).to(like)
    return match_batch(interpolate(mask, like.shape[-2:], mode="bilinear"), len(like))
