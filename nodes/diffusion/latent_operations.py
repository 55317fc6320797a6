"""Operations on latents that are values themselves: one node makes them, others apply them."""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

TINY = 1e-10
BRIGHT = 5  # standard deviations above the mean: what tone mapping takes for the brightest


class LatentOperation(Protocol):
    """Makes a latent (B, C, h, w) into another of the same shape; callers may pass more by name, such as sigma."""

    def __call__(self, latent: Tensor, **more: Any) -> Tensor: ...


@dataclass(frozen=True)
class Tonemap:
    """Draws in vectors that stick out, as a picture's highlights are: strong guidance burns less.

    Reinhard et al. 2002, "Photographic tone reproduction for digital images", equation 3, on the lengths of the channel
    vectors, in units of a length that hardly any reach: ``multiplier`` times the mean and five standard deviations.
    A multiplier of 0 makes all zero.
    """

    multiplier: float

    def __call__(self, latent: Tensor, **more: Any) -> Tensor:
        lengths = latent.norm(dim=1, keepdim=True)
        axes, freedom = tuple(range(1, latent.ndim)), min(1, lengths[0].numel() - 1)
        deviation = lengths.std(axes, keepdim=True, correction=freedom)
        top = (lengths.mean(axes, keepdim=True) + BRIGHT * deviation) * self.multiplier
        return latent * (top / (lengths + top).clamp(min=TINY))


@dataclass(frozen=True)
class Sharpen:
    """Unsharp masking of the channel vectors' directions; their lengths stay out of it and come back afterwards.

    The kernel is that of ``kernel``, ``2 * radius + 1`` cells a side.
    """

    radius: int
    sigma: float
    alpha: float

    def __call__(self, latent: Tensor, **more: Any) -> Tensor:
        lengths = latent.norm(dim=1, keepdim=True)
        reach = [self.radius] * 4
        mode = "reflect" if min(latent.shape[-2:]) > self.radius else "replicate"  # a mirror needs as many cells
        wide = pad(latent / lengths.clamp(min=TINY), reach, mode=mode)
        weights = kernel(self.radius, self.sigma, self.alpha).to(latent)
        sharp = conv2d(wide, weights.expand(latent.shape[1], 1, -1, -1), groups=latent.shape[1])
        return sharp * lengths


def kernel(radius: int, sigma: float, alpha: float) -> Tensor:
    """Ten ``alpha`` times a Gaussian, taken away from a centre that brings the sum to 1: (2r+1, 2r+1).

    The Gaussian's coordinates run from -1 to 1 over the kernel, in which ``sigma`` is measured.
    """
    line = torch.linspace(-1, 1, 2 * radius + 1)
    bell = torch.exp(-(line[:, None] ** 2 + line**2) / (2 * sigma**2))
    weights = -10 * alpha * bell / bell.sum()
    weights[radius, radius] += 1 - weights.sum()
    return weights


def applied(samples: Tensor, operation: LatentOperation) -> Tensor:
    """Samples after an operation. Raises ValueError if it changes their shape."""
    result = operation(latent=samples)
    if result.shape != samples.shape:
        raise ValueError(f"the operation makes {tuple(result.shape)} of a latent {tuple(samples.shape)}")
    return result
