"""A grid of pictures with the values that they were made with."""

import math
import textwrap
from collections.abc import Sequence

import torch
from torch import Tensor

from nodes.imaging.agreeing import COLOURS
from nodes.imaging.sheets import GAP, LETTERS, Tile, sheet

LEAST_SIDE = 96  # pixels: smaller pictures are enlarged
ROW_WIDTH = 24  # letters beside a row
MOST_LINES = 5
LETTER_WIDTH = 0.55
"""Of a letter's height, on average."""


def grid(pictures: Sequence[Tensor], columns: Sequence[str], rows: Sequence[str], title: str) -> Tensor:
    """Pictures (1, H, W, 3), row by row, with names above the columns and beside the rows: (1, H', W', 3).

    Long names go over several lines. Raises ValueError unless there is a picture for each column of each row.
    """
    if len(pictures) != len(columns) * len(rows):
        raise ValueError(f"{len(columns)} columns and {len(rows)} rows are no {len(pictures)} pictures")
    tiles = [Tile(picture[0]) for picture in pictures]
    widest = max(LEAST_SIDE, *(picture.shape[2] for picture in pictures))
    letters = max(12, int(widest / (LETTERS * LETTER_WIDTH)))
    return sheet(
        [tiles[start : start + len(columns)] for start in range(0, len(tiles), len(columns))],
        title=title,
        column_names=[wrapped(name, letters) for name in columns],
        row_names=[wrapped(name, ROW_WIDTH) for name in rows],
        side=LEAST_SIDE,
    )


def wrapped(name: str, letters: int) -> str:
    """A name in lines of so many letters; what is too long for them ends in dots."""
    return "\n".join(textwrap.wrap(name, letters, max_lines=MOST_LINES, placeholder=" …"))


def one_picture(images: Sequence[Tensor]) -> Tensor:
    """All pictures of batches (B, H, W, C) beside one another, as square as can be: (1, H', W', 3).

    Raises ValueError if there is none.
    """
    pictures: list[Tensor] = [picture[..., :COLOURS] for batch in images for picture in batch]
    if not pictures:
        raise ValueError("a cell gave no picture")
    if len(pictures) == 1:
        return pictures[0].unsqueeze(0)
    columns = math.ceil(math.sqrt(len(pictures)))
    height, width = (max(picture.shape[axis] for picture in pictures) for axis in (0, 1))
    lines = math.ceil(len(pictures) / columns)
    gap = GAP // 2
    page = torch.ones(1, lines * (height + gap) - gap, columns * (width + gap) - gap, COLOURS)
    for i, picture in enumerate(pictures):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        page[0, top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return page
