"""Blur, sharpening and noise of images (B, H, W, C). Alpha is treated as the colours are."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d

SHARPENING = 10  # how much of the detail strength 1 adds


def blur(image: Tensor, radius: int, sigma: float) -> Tensor:
    """Gaussian blur over a square of 2 ``radius`` + 1 pixels; ``sigma`` is in radii. Pictures go on as mirrored."""
    weights = gaussian(torch.linspace(-1, 1, 2 * radius + 1), sigma)
    return convolved(convolved(image, weights, 2), weights, 1)


def sharpen(image: Tensor, radius: int, sigma: float, strength: float) -> Tensor:
    """Unsharp masking: what the blur takes away is added, ten times ``strength``; clamped."""
    return torch.lerp(blur(image, radius, sigma), image, 1 + SHARPENING * strength).clamp(0, 1)


def add_noise(image: Tensor, seed: int, strength: float) -> Tensor:
    """Normal noise, drawn on the CPU in the image's own order of axes; clamped."""
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(seed))
    return (image + strength * noise.to(image)).clamp(0, 1)


def gaussian(at: Tensor, sigma: float) -> Tensor:
    """Weights exp(-x^2 / 2 sigma^2) at the points ``at`` (N,), which sum to 1."""
    weights = (-at.square() / (2 * sigma**2)).exp()
    return weights / weights.sum()


def convolved(image: Tensor, weights: Tensor, axis: int) -> Tensor:
    """``weights`` (2R + 1,) along axis 1 or 2 of an image, which goes on as mirrored at its border pixels."""
    padded = image.index_select(axis, mirrored(image.shape[axis], len(weights) // 2).to(image.device))
    channels = image.shape[-1]
    kernel = weights.to(image).reshape((1, 1, -1, 1) if axis == 1 else (1, 1, 1, -1))
    # Channel by channel, (B, C, H, W) as a view: as planes of one channel it takes ten times as long.
    return conv2d(padded.movedim(-1, 1), kernel.expand(channels, -1, -1, -1), groups=channels).movedim(1, -1)


def mirrored(size: int, margin: int) -> Tensor:
    """Indices of ``size`` pixels with ``margin`` more at either end: ... 2 1 | 0 1 2 ..., back and forth if need be."""
    period = max(1, 2 * (size - 1))
    at = torch.arange(-margin, size + margin) % period
    return torch.minimum(at, period - at) if size > 1 else torch.zeros_like(at)
