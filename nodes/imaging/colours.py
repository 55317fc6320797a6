"""Numbers as colours, with a bar that says which are which."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor

from nodes.imaging.sheets import Tile

Map: TypeAlias = Literal["inferno", "viridis", "RdBu_r"]
HEAT: Map = "inferno"
DIVERGING: Map = "RdBu_r"
SHADES = 256
BAR_WIDTH = 20  # pixels


def heat(values: Tensor, top: float) -> Tensor:
    """(..., H, W) from 0, black, to ``top``, pale yellow, as (..., H, W, 3) in [0, 1]."""
    return coloured(values / (top or 1), HEAT)


def diverging(values: Tensor, top: float) -> Tensor:
    """(..., H, W) from ``-top``, blue, over 0, white, to ``top``, red, as (..., H, W, 3) in [0, 1]."""
    return coloured((values / (top or 1) + 1) / 2, DIVERGING)


def coloured(shares: Tensor, name: Map) -> Tensor:
    """Shares in [0, 1] of any shape, clipped, as matplotlib colours them: a last axis of 3 more."""
    from matplotlib import colormaps  # takes a while

    shades = torch.from_numpy(colormaps[name](range(SHADES))[:, :3]).float()
    return shades[(shares.float().clamp(0, 1) * (SHADES - 1)).round().long()]


def bar(height: int, top: float) -> Tile:
    """What the colours of ``heat`` stand for: 0 below, ``top`` above."""
    shares = torch.linspace(1, 0, height)[:, None].expand(height, BAR_WIDTH)
    return Tile(coloured(shares, HEAT), f"{top:.3g} above\n0 below")
