"""Sheets of pictures for docs: tiles row by row, and the bundled model that draws them."""

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from nodes.diffusion import checkpoint
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.evaluation.painting import Manner, Painter
from nodes.diffusion.lazy import Residency
from nodes.diffusion.pictures import to_pil
from nodes.types import Cond

TILE, GAP, LABEL = 128, 8, 16  # pixels
BUNDLED = Path(checkpoint.__file__).parents[1] / "bundled" / "wireloom-mini.safetensors"


def bundled() -> Painter:
    return Painter.of(Loader(Residency()), BUNDLED, Manner(side=TILE))


def words(painter: Painter, *texts: str) -> Cond:
    """A text for each picture of a batch."""
    return [[torch.cat([painter.clip.encode(text)[0] for text in texts]), {}]]


def sheet(shown: Sequence[tuple[str, Tensor]], columns: int, font_size: int = 12) -> Image.Image:
    """Images (1, 128, 128, 3) with their labels below, or close together if none has one."""
    below = LABEL if any(label for label, _ in shown) else 0
    rows = -(-len(shown) // columns)
    page = Image.new("RGB", (columns * (TILE + GAP) + GAP, rows * (TILE + below + GAP) + GAP), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=font_size)
    for k, (label, image) in enumerate(shown):
        row, column = divmod(k, columns)
        left, top = GAP + column * (TILE + GAP), GAP + row * (TILE + below + GAP)
        page.paste(to_pil(image[0]), (left, top))
        draw.text((left, top + TILE + 1), label, "black", font)
    return page
