"""Numbers as colours, in which equal steps look equal (viridis, Smith & van der Walt 2015), also over pictures."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

LUMA = (0.299, 0.587, 0.114)
HEAT = 0.72
"""How much of a heat map covers the picture that it lies over."""


def heat(values: Tensor) -> Tensor:
    """(H, W) from dark blue at the least over green to yellow at the most, as (H, W, 3)."""
    low, high = values.min().item(), values.max().item()
    return _coloured("viridis", (values.float() - low) / (high - low) if high > low else torch.zeros_like(values))


def signed(values: Tensor, most: float | None = None) -> Tensor:
    """(H, W) from blue at ``-most`` over white at 0 to red at ``most`` as (H, W, 3); by default the largest amount."""
    most = values.abs().max().item() if most is None else most
    return _coloured("RdBu_r", 0.5 + values.float() / (2 * most) if most else torch.full_like(values, 0.5))


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


def _coloured(name: str, values: Tensor) -> Tensor:
    """Values in [0, 1], any shape, in the colours of one of matplotlib's maps."""
    from matplotlib import colormaps  # takes a while

    colours = colormaps[name](values.clamp(0, 1).cpu().numpy())[..., :3]
    return torch.from_numpy(np.ascontiguousarray(colours, dtype=np.float32))
