"""Pictures at the size at which sheets show them."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import interpolate

from nodes.imaging.sheets import Tile

SIDE = 256
"""Pixels of the longer side of a picture on a sheet, at most."""


def tile(picture: Tensor, label: str = "") -> Tile:
    """A picture (H, W, 3) in [0, 1] as part of a sheet."""
    return Tile(shrunk(picture), label)


def shrunk(picture: Tensor, side: int = SIDE) -> Tensor:
    """(H, W, 3) brought to at most so many pixels on its longer side; smaller ones stay."""
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = [max(1, round(length * scale)) for length in picture.shape[:2]]
    whole = picture.movedim(-1, 0)[None]
    return interpolate(whole, size, mode="bicubic", antialias=True)[0].movedim(0, -1).clamp(0, 1)
