"""Heat maps whose equal steps look equal (viridis, Smith & van der Walt 2015), by themselves and over pictures."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from nodes.imaging.colours import coloured, diverging

LUMA = (0.299, 0.587, 0.114)
HEAT = 0.72
"""How much of a heat map covers the picture that it lies over."""


def heat(values: Tensor) -> Tensor:
    """(H, W) from dark blue at the least over green to yellow at the most, as (H, W, 3)."""
    low, high = values.min().item(), values.max().item()
    return coloured((values.float() - low) / (high - low) if high > low else torch.zeros_like(values), "viridis")


def signed(values: Tensor, most: float | None = None) -> Tensor:
    """(H, W) from blue at ``-most`` over white at 0 to red at ``most`` as (H, W, 3); by default the largest amount."""
    return diverging(values.float(), values.abs().max().item() if most is None else most)


def over(picture: Tensor, values: Tensor) -> Tensor:
    """Values (h, w) from the least to the most as heat over a picture (H, W, 3) in grey; stretched to its size."""
    stretched = stretch(values[None], (picture.shape[0], picture.shape[1]))[0]
    grey = (picture * picture.new_tensor(LUMA)).sum(-1, keepdim=True).expand_as(picture)
    return heat(stretched) * HEAT + grey * (1 - HEAT)


def stretch(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """(N, h, w) at another size, between its values; sums over N stay what they are."""
    return interpolate(maps[None].float(), size, mode="bilinear")[0]


def sized(picture: Tensor, side: int) -> Tensor:
    """(H, W, 3) with its longer side ``side`` pixels."""
    height, width = picture.shape[:2]
    longer = max(height, width)
    size = (max(1, round(height * side / longer)), max(1, round(width * side / longer)))
    planes = picture.movedim(-1, 0)[None].float()
    return interpolate(planes, size, mode="bicubic", antialias=True)[0].movedim(0, -1).clamp(0, 1)
