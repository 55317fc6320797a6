"""A large picture piece by piece: tiles that overlap, blended where they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

OnTile = Callable[[int, int], object]
"""Told after each tile how many are done, of how many."""


def of_all(on_tile: OnTile | None, picture: int, pictures: int) -> OnTile | None:
    """Told of one picture's tiles, tells of those of all, which are as many each."""
    if on_tile is None:
        return None
    return lambda done, tiles: on_tile(picture * tiles + done, pictures * tiles)


class Span(NamedTuple):
    """A tile's place along one axis, in cells."""

    start: int
    size: int
    total: int

    def of(self, cell: int) -> slice:
        """Its place where a cell is so many pixels."""
        return slice(self.start * cell, (self.start + self.size) * cell)


class Tile(NamedTuple):
    """A tile's place."""

    rows: Span
    columns: Span


@dataclass(frozen=True)
class Tiling:
    """How a picture of cells is taken apart: ``tile`` and ``overlap`` are in cells, the overlap at most tile / 4.

    A cell is ``taken`` pixels a side in what is computed on, and ``given`` in what comes out.
    """

    tile: int
    overlap: int
    taken: int = 1
    given: int = 1

    def apply(self, compute: Callable[[Tensor], Tensor], grid: Tensor, on_tile: OnTile | None = None) -> Tensor:
        """``compute`` of ``grid`` (B, C, H, W), tile by tile; at once if the grid fits into one.

        Done three times, with wide, tall and square tiles of the same area, and averaged: so seams of one lie within
        tiles of the others.
        """
        if self.holds(grid):
            return compute(grid)
        height, width = grid.shape[-2] // self.taken, grid.shape[-1] // self.taken
        half, double = max(1, self.tile // 2), self.tile * 2
        passes = [self.tiles(height, width, *shape) for shape in ((half, double), (double, half), (self.tile,) * 2)]
        total, done = sum(map(len, passes)), 0

        def tell(_: object) -> None:
            nonlocal done
            done += 1
            if on_tile is not None:
                on_tile(done, total)

        results = (self._blended(compute, grid, tiles, tell) for tiles in passes)
        mean = next(results)
        for result in results:
            mean += result
        return mean / len(passes)

    def once(self, compute: Callable[[Tensor], Tensor], grid: Tensor, on_tile: OnTile | None = None) -> Tensor:
        """The same in a single pass of square tiles: for networks that see little beyond a tile's edge."""
        tiles = self.tiles(grid.shape[-2] // self.taken, grid.shape[-1] // self.taken, self.tile, self.tile)
        done = 0

        def tell(_: object) -> None:
            nonlocal done
            done += 1
            if on_tile is not None:
                on_tile(done, len(tiles))

        return self._blended(compute, grid, tiles, tell)

    def holds(self, grid: Tensor) -> bool:
        """Whether all of a grid fits into one tile."""
        return self.tile * self.taken >= max(grid.shape[-2:])

    def tiles(self, height: int, width: int, tile_height: int, tile_width: int) -> list[Tile]:
        """Where tiles of a size lie, row by row."""
        across = spans(width, tile_width, self._overlap)
        return [Tile(rows, columns) for rows in spans(height, tile_height, self._overlap) for columns in across]

    @property
    def _overlap(self) -> int:
        return min(self.overlap, self.tile // 4)

    def _blended(
        self, compute: Callable[[Tensor], Tensor], grid: Tensor, tiles: Sequence[Tile], tell: Callable[[Tile], None]
    ) -> Tensor:
        """All tiles of one pass in their places, each counting less towards its edges inside of the picture."""
        size = [side // self.taken * self.given for side in grid.shape[-2:]]
        total, weights = torch.zeros(0), torch.zeros(*size, device=grid.device)
        for tile in tiles:
            part = compute(grid[..., tile.rows.of(self.taken), tile.columns.of(self.taken)])
            if not total.numel():
                total = part.new_zeros((*part.shape[:-2], *size))
            weight = self._mask(tile).to(part)
            place = (..., tile.rows.of(self.given), tile.columns.of(self.given))
            total[place] += part * weight
            weights[place] += weight
            tell(tile)
        return total / weights

    def _mask(self, tile: Tile) -> Tensor:
        rows, columns = (ramp(span, self._overlap * self.given, span.size * self.given) for span in tile)
        return rows[:, None] * columns[None, :]


def spans(total: int, tile: int, overlap: int) -> list[Span]:
    """Tiles along one axis, each ``overlap`` over the one before; the last ends with the axis, and overlaps more."""
    if tile >= total:
        return [Span(0, total, total)]
    starts = [*range(0, total - tile, max(1, tile - overlap)), total - tile]
    return [Span(start, tile, total) for start in starts]


def ramp(span: Span, reach: int, size: int) -> Tensor:
    """Weights of ``size`` pixels along one axis: linear over ``reach`` pixels at the tile's edges inside."""
    line, slope = torch.ones(size), torch.arange(1, reach + 1) / (reach + 1)
    if span.start > 0:
        line[:reach] *= slope
    if span.start + span.size < span.total:
        line[size - reach :] *= slope.flip(0)
    return line
