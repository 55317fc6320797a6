"""Attention as heat over the picture that it made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.inside.anatomy import WAYS, Key
from nodes.diffusion.inside.attention_maps import AttentionWatch, Maps, mean_map
from nodes.imaging.heat import over, sized
from nodes.imaging.sheets import Tile, sheet

Shown: TypeAlias = Literal["average", "per block", "per resolution", "per step"]
SHOWN_STEPS = 8
"""At most so many rows of steps, evenly spaced, the first and the last among them."""
MARKER = torch.tensor([1.0, 0.25, 0.2])

Rows: TypeAlias = Mapping[str, Tensor]
"""(W, h, w) by what is written beside it."""


def rows_of(watch: AttentionWatch, shown: Shown) -> dict[str, Tensor]:
    """What is shown: the average over blocks and steps, then the same by block, by resolution or by step."""
    blocks = watch.blocks()
    rows = {"average of\nblocks and steps": mean_map(list(blocks.values()))}
    if shown == "per block":
        rows |= {f"{key}\n{size_of(maps)}": maps for key, maps in in_order(blocks)}
    elif shown == "per resolution":
        sizes: dict[str, list[Tensor]] = {}
        for maps in sorted(blocks.values(), key=lambda each: each[0].numel(), reverse=True):
            sizes.setdefault(size_of(maps), []).append(maps)
        rows |= {f"{size}\n{len(maps)} blocks": mean_map(maps) for size, maps in sizes.items()}
    elif shown == "per step":
        seen = [n for n, step in enumerate(watch.steps) if step]
        rows |= {f"step {n}": mean_map(list(watch.steps[n].values())) for n in spread(seen, SHOWN_STEPS)}
    return rows


def word_sheet(picture: Tensor, rows: Rows, names: Sequence[str], columns: Sequence[int], side: int) -> Tensor:
    """A row for each of ``rows``, a column for each word: (1, H, W, 3). ``picture`` (H, W, 3) lies below."""
    small = sized(picture, side)
    tiles = [[Tile(over(small, maps[n]), shares(maps[n])) for n in columns] for maps in rows.values()]
    tiles[0].insert(0, Tile(small, "the picture"))
    tiles[1:] = [[Tile(torch.ones(1, 1, 3)), *row] for row in tiles[1:]]
    names = ["", *(names[n] for n in columns)]
    title = "How much each place looks at each word (dark: least, yellow: most; all words together: 100%)"
    return sheet(tiles, title=title, row_names=list(rows), column_names=names)


def shares(values: Tensor) -> str:
    """From the least to the most, and the mean."""
    low, high, mean = (100 * each.item() for each in (values.min(), values.max(), values.mean()))
    return f"{low:.1f} to {high:.1f}%\nmean {mean:.1f}%"


def point_sheet(picture: Tensor, watch: AttentionWatch, shown: Shown, at: tuple[float, float], side: int) -> Tensor:
    """Where one point looks, each map a tile: (1, H, W, 3). ``at`` (x, y) in [0, 1)."""
    small = sized(picture, side)
    (_, average), *others = rows_of(watch, shown).items()
    first = [Tile(marked(small, at), "the point"), point_tile(small, "average of blocks\nand steps", average[0], at)]
    tiles = [point_tile(small, name, maps[0], at) for name, maps in others]
    if shown == "per block":
        blocks = watch.blocks()
        counts = [sum(key.way == way for key in blocks) for way in WAYS]
        ends = [sum(counts[: n + 1]) for n in range(len(WAYS))]
        grouped = [tiles[end - count : end] for end, count in zip(ends, counts, strict=True)]
        names = [
            "",
            *(f"way {way}" if way != "middle" else way for way, count in zip(WAYS, counts, strict=True) if count),
        ]
        rows = [first, *(row for row in grouped if row)]
    else:
        names, rows = [], [first, *(tiles[n : n + 4] for n in range(0, len(tiles), 4))]
    title = "Where the marked point looks (dark: least, yellow: most)"
    return sheet(rows, title=title, row_names=names)


def point_tile(picture: Tensor, name: str, values: Tensor, at: tuple[float, float]) -> Tile:
    """A map (h, w), 1 on average, over the picture."""
    return Tile(marked(over(picture, values), at), f"{name}\nmost: {values.max():.1f} times the mean")


def marked(picture: Tensor, at: tuple[float, float]) -> Tensor:
    """The picture (H, W, 3) with a ring in white and red around a point."""
    height, width = picture.shape[:2]
    rows, columns = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    distance = ((rows - at[1] * height) ** 2 + (columns - at[0] * width) ** 2).sqrt()
    size = max(height, width) / 28
    ring = torch.where((distance < size + 1.5)[..., None], torch.ones(3), picture)
    ring = torch.where((distance < size)[..., None], MARKER, ring)
    return torch.where((distance < size - 2.5)[..., None], picture, ring)


def spread(items: Sequence[int], most: int) -> list[int]:
    """At most so many of the items, evenly spaced, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(n * (len(items) - 1) / (most - 1))] for n in range(most)]


def in_order(blocks: Maps) -> list[tuple[Key, Tensor]]:
    """From the way down to the way up."""
    return sorted(blocks.items(), key=lambda item: (WAYS.index(item[0].way), item[0].number))


def size_of(maps: Tensor) -> str:
    """Across and down."""
    return f"{maps.shape[-1]}x{maps.shape[-2]}"
