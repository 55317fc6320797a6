"""Blend modes of two images, the first the backdrop, the second the source (W3C, Compositing and Blending Level 1)."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Blend = Callable[[Tensor, Tensor], Tensor]


def overlay(a: Tensor, b: Tensor) -> Tensor:
    """Multiply where the backdrop is dark, screen where it is light."""
    return torch.where(a <= 0.5, 2 * a * b, 1 - 2 * (1 - a) * (1 - b))


def soft_light(a: Tensor, b: Tensor) -> Tensor:
    """A light of colour ``b`` on ``a``: darker where b < 0.5, lighter where b > 0.5."""
    lifted = torch.where(a <= 0.25, ((16 * a - 12) * a + 4) * a, a.clamp(min=0).sqrt())
    return torch.where(b <= 0.5, a - (1 - 2 * b) * a * (1 - a), a + (2 * b - 1) * (lifted - a))


BLENDS: Mapping[str, Blend] = {
    "normal": lambda a, b: b,
    "multiply": lambda a, b: a * b,
    "screen": lambda a, b: 1 - (1 - a) * (1 - b),
    "overlay": overlay,
    "soft_light": soft_light,
    "difference": lambda a, b: a - b,  # as in ComfyUI not the absolute one
}


def blend(image1: Tensor, image2: Tensor, factor: float, mode: str) -> Tensor:
    """Images of one shape: from ``image1`` at factor 0 to both blended at 1; clamped. Raises ValueError for a mode."""
    if mode not in BLENDS:
        raise ValueError(f"unknown blend mode {mode!r}; known are {', '.join(BLENDS)}")
    return torch.lerp(image1, BLENDS[mode](image1, image2), factor).clamp(0, 1)
