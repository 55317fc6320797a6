"""HyperTile: self-attention within tiles, at the levels with most pixels; https://github.com/tfernd/HyperTile.

Attention takes time by the square of its tokens, so n tiles need the n-th part. Tiles do not see one another; their
size changes from layer to layer and from step to step, so that no seam stays in one place.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from nodes.diffusion.model import Model
from nodes.diffusion.unet.hooks import Spot

CELL = 8  # pixels a side
LEAST = 4  # cells a side of a tile, however few pixels are asked for


class Grid(NamedTuple):
    """How many tiles there are."""

    rows: int
    columns: int


@dataclass(frozen=True, eq=False)
class HyperTile:
    """``tile_size`` is the least side of a tile in pixels; of the ``swap_size`` smallest that fit one is drawn.

    Works down to ``max_depth`` levels below the latent's own. With ``scale_depth`` a tile has twice as many cells a
    side at each level further down.
    """

    tile_size: int
    swap_size: int = 1
    max_depth: int = 0
    scale_depth: bool = False

    def patched(self, model: Model) -> Model:
        """A model with this."""
        return replace(model, hooks=model.hooks.adding("attn1", self.take_apart).adding("attn1_out", self.put_together))

    def take_apart(self, q: Tensor, k: Tensor, v: Tensor, spot: Spot) -> tuple[Tensor, Tensor, Tensor]:
        """(B, N, C) -> (B · tiles, N / tiles, C), each."""
        whole = (len(spot.inputs), math.prod(spot.size))
        grid = self.grid(spot)
        if grid is None or any(each.shape[:2] != whole for each in (q, k, v)):
            return q, k, v  # other tokens than the pixels: another patch has changed them
        spot.notes[self] = grid
        return tiled(q, spot.size, grid), tiled(k, spot.size, grid), tiled(v, spot.size, grid)

    def put_together(self, out: Tensor, spot: Spot) -> Tensor:
        """The way back."""
        grid = spot.notes.pop(self, None)
        return out if grid is None else untiled(out, spot.size, grid)

    def grid(self, spot: Spot) -> Grid | None:
        """The tiles of a layer: the same each time at the same noise level; None if it stays whole."""
        depth = depth_of(spot)
        if depth is None or depth > self.max_depth:
            return None
        least = max(LEAST, self.tile_size // CELL) * (2**depth if self.scale_depth else 1)
        draw = random.Random(f"{spot.inputs.sigma} {spot.transformer}")  # of its own: nobody else's numbers move
        rows, columns = (draw.choice(counts(side, least, self.swap_size)) for side in spot.size)
        return Grid(rows, columns) if rows * columns > 1 else None


def depth_of(spot: Spot) -> int | None:
    """How often the latent was halved to these features; None if it is none of its halves."""
    height, width = spot.inputs.x.shape[-2:]
    depth = 0
    while (height, width) != spot.size:
        if height <= spot.size[0] or width <= spot.size[1]:
            return None
        height, width, depth = -(-height // 2), -(-width // 2), depth + 1
    return depth


def counts(side: int, least: int, options: int) -> list[int]:
    """Into how many tiles of at least ``least`` cells a side can be cut evenly; the ``options`` largest numbers."""
    sides = [tile for tile in range(min(least, side), side + 1) if side % tile == 0]
    return [side // tile for tile in sides[:options]]


def tiled(tokens: Tensor, size: tuple[int, int], grid: Grid) -> Tensor:
    """(B, h·w, C) -> (B · tiles, h·w / tiles, C)."""
    height, width = size[0] // grid.rows, size[1] // grid.columns
    apart = torch.unflatten(tokens, 1, (grid.rows, height, grid.columns, width))
    return apart.transpose(2, 3).flatten(3, 4).flatten(0, 2)


def untiled(tokens: Tensor, size: tuple[int, int], grid: Grid) -> Tensor:
    """The way back of ``tiled``."""
    height, width = size[0] // grid.rows, size[1] // grid.columns
    apart = tokens.reshape(-1, *grid, height, width, tokens.shape[-1])
    return apart.transpose(2, 3).flatten(1, 4)
