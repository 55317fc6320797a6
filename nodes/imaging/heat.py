"""Numbers as colours: equal steps of a number look equal (viridis; Smith & van der Walt 2015), and lie over pictures."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

LUMA = (0.299, 0.587, 0.114)
HEAT = 0.68
"""How much of a heat map covers the picture that it lies over."""


def heat(values: Tensor, low: float | None = None, high: float | None = None) -> Tensor:
    """(H, W) from dark blue at ``low`` over green to yellow at ``high`` as (H, W, 3); by default the least and most."""
    low = values.min().item() if low is None else low
    high = values.max().item() if high is None else high
    if high <= low:
        return _coloured("viridis", torch.zeros_like(values, dtype=torch.float32))
    return _coloured("viridis", (values.float() - low) / (high - low))


def signed(values: Tensor, most: float | None = None) -> Tensor:
    """(H, W) from blue at ``-most`` over white at 0 to red at ``most`` as (H, W, 3); by default the largest amount."""
    most = values.abs().max().item() if most is None else most
    return _coloured("RdBu_r", 0.5 + values.float() / (2 * most) if most else torch.full_like(values, 0.5))


def over(picture: Tensor, values: Tensor, high: float | None = None) -> Tensor:
    """Values (h, w) from 0 to ``high`` as heat over a picture (H, W, 3) in grey; stretched smoothly to its size."""
    stretched = stretch(values[None], (picture.shape[0], picture.shape[1]))[0]
    grey = (picture * picture.new_tensor(LUMA)).sum(-1, keepdim=True).expand_as(picture)
    return heat(stretched, 0.0, high) * HEAT + grey * (1 - HEAT)


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
