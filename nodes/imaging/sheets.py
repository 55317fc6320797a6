"""Contact sheets: pictures in rows, each with words below it, names above the columns and beside the rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn.functional import pad

from nodes.diffusion.pictures import to_pil

GAP = 8  # pixels
INK, PALE, PAPER = (32, 32, 32), (110, 110, 110), (255, 255, 255)
LETTERS, TITLE_LETTERS = 13, 17  # pixels high
LINE_SPACING = 3  # pixels


class Tile(NamedTuple):
    """A picture (H, W, 3) in [0, 1], and what is said of it, in lines."""

    picture: Tensor
    label: str = ""


class Text(NamedTuple):
    """Words as they are drawn."""

    words: str
    letters: int = LETTERS

    @property
    def font(self) -> ImageFont.FreeTypeFont:
        return font(self.letters)

    @property
    def size(self) -> tuple[int, int]:
        """Pixels across and down; nothing for no words."""
        if not self.words:
            return 0, 0
        left, _, right, _ = PEN.multiline_textbbox((0, 0), self.words, self.font, spacing=LINE_SPACING)
        lines = self.words.count("\n") + 1
        return round(right - left), lines * (self.letters + LINE_SPACING) + LINE_SPACING


@cache
def font(letters: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which knows sigma and other signs of the field that Pillow's own letters lack."""
    from matplotlib import get_data_path

    return ImageFont.truetype(Path(get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"), letters)


PEN = ImageDraw.Draw(Image.new("RGB", (1, 1)))
"""Measures words."""


def sheet(
    rows: Sequence[Sequence[Tile]],
    *,
    title: str = "",
    row_names: Sequence[str] = (),
    column_names: Sequence[str] = (),
    side: int = 0,
) -> Tensor:
    """Rows of tiles, below one another by column: (1, H, W, 3) in [0, 1].

    Pictures whose longer side is below ``side`` are enlarged, by whole pixels, so that features stay squares. Raises
    ValueError without any tile.
    """
    if not any(rows):
        raise ValueError("a sheet needs at least one picture")
    grown = [[Tile(enlarged(tile.picture, side), tile.label) for tile in row] for row in rows]
    columns = max(len(row) for row in grown)
    widths = [
        max(
            [Text(name).size[0] for name in column_names[n : n + 1]]
            + [max(tile.picture.shape[1], Text(tile.label).size[0]) for row in grown for tile in row[n : n + 1]]
        )
        for n in range(columns)
    ]
    heights = [max((tile.picture.shape[0] + Text(tile.label).size[1] for tile in row), default=0) for row in grown]
    heading = Text(title, TITLE_LETTERS)
    names = [Text(name) for name in column_names[:columns]]
    left = max((Text(name).size[0] + GAP for name in row_names), default=0) + GAP
    top = GAP + (heading.size[1] + GAP if title else 0) + max((name.size[1] for name in names), default=0)
    width = max(left + sum(widths) + GAP * columns, heading.size[0] + 2 * GAP)
    page = Image.new("RGB", (width, top + sum(heights) + GAP * len(rows)), PAPER)
    pen = ImageDraw.Draw(page)
    if title:
        write(pen, (GAP, GAP), heading)
    lefts = [left + sum(widths[:n]) + GAP * n for n in range(columns)]
    for x, name in zip(lefts, names, strict=False):
        write(pen, (x, top - name.size[1]), name)
    y = top
    for n, (row, height) in enumerate(zip(grown, heights, strict=True)):
        for row_name in row_names[n : n + 1]:
            write(pen, (GAP, y + max(0, (height - Text(row_name).size[1]) // 2)), Text(row_name))
        for x, tile in zip(lefts, row, strict=False):
            page.paste(to_pil(tile.picture), (x, y))
            write(pen, (x, y + tile.picture.shape[0]), Text(tile.label), PALE)
        y += height + GAP
    return torch.from_numpy(np.asarray(page).astype(np.float32) / 255)[None]


def batched(pages: Sequence[Tensor]) -> Tensor:
    """Sheets (1, H, W, 3) as one batch, with paper around those that are smaller than others."""
    height, width = (max(page.shape[axis] for page in pages) for axis in (1, 2))
    return torch.cat(
        [pad(page, (0, 0, 0, width - page.shape[2], 0, height - page.shape[1]), value=1) for page in pages]
    )


def stacked(pages: Sequence[Tensor]) -> Tensor:
    """Sheets (1, H, W, 3) below one another, on paper as wide as the widest."""
    width = max(page.shape[2] for page in pages)
    return torch.cat([pad(page, (0, 0, 0, width - page.shape[2]), value=1.0) for page in pages], dim=1)


def write(pen: ImageDraw.ImageDraw, at: tuple[int, int], text: Text, ink: tuple[int, int, int] = INK) -> None:
    """Put words where their upper left corner is to be."""
    pen.multiline_text(at, text.words, ink, text.font, spacing=LINE_SPACING)


def enlarged(picture: Tensor, side: int) -> Tensor:
    """(H, W, 3), each pixel repeated until the longer side comes near ``side``; larger ones stay."""
    times = max(1, side // max(picture.shape[:2]))
    return picture.repeat_interleave(times, 0).repeat_interleave(times, 1)


def labelled(pictures: Tensor, labels: Sequence[str], title: str = "", columns: int = 0) -> Tensor:
    """Pictures (B, H, W, 3) in rows of so many columns, about a square for 0, each with its label: (1, H', W', 3).

    Raises ValueError for more labels than pictures; where there are fewer, the last have none.
    """
    if len(labels) > len(pictures):
        raise ValueError(f"there are {len(labels)} labels for {len(pictures)} pictures")
    words = [*labels, *[""] * (len(pictures) - len(labels))]
    tiles = [Tile(picture, label) for picture, label in zip(pictures, words, strict=True)]
    across = columns or math.ceil(math.sqrt(len(tiles)))
    return sheet([tiles[n : n + across] for n in range(0, len(tiles), across)], title=title)
