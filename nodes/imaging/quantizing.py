"""Fewer colours: Pillow's median-cut palette (Heckbert 1982), without dithering, or with either of two kinds."""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from nodes.diffusion.pictures import from_pil, to_pil
from nodes.imaging.agreeing import COLOURS

DITHERS = ("none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16")


def quantize(image: Tensor, colors: int, dither: str) -> Tensor:
    """An image (B, H, W, 3 or 4) with at most ``colors`` colours a picture; alpha stays. Raises ValueError."""
    if dither not in DITHERS:
        raise ValueError(f"unknown dither {dither!r}; known are {', '.join(DITHERS)}")
    pictures = [to_pil(one) for one in image[..., :COLOURS]]
    reduced = torch.stack([from_pil(with_palette(one, colors, dither)) for one in pictures])
    return torch.cat((reduced.to(image), image[..., COLOURS:]), dim=-1)


def with_palette(picture: Image.Image, colors: int, dither: str) -> Image.Image:
    """One RGB picture in colours of its own palette."""
    palette = picture.quantize(colors, Image.Quantize.MEDIANCUT)
    if dither.startswith("bayer"):
        picture = shifted(picture, spread(palette), bayer(int(dither.removeprefix("bayer-"))))
    error_diffusion = Image.Dither.FLOYDSTEINBERG if dither == "floyd-steinberg" else Image.Dither.NONE
    return picture.quantize(colors, palette=palette, dither=error_diffusion).convert("RGB")


def shifted(picture: Image.Image, spread: float, pattern: NDArray[np.float64]) -> Image.Image:
    """A picture with a pattern of values in [-1/2, 1/2), ``spread`` large, laid over all of its channels."""
    height, width = picture.height, picture.width
    side = len(pattern)
    tiled = np.tile(pattern, (-(-height // side), -(-width // side)))[:height, :width]
    values = np.asarray(picture, dtype=np.float64) + spread * tiled[..., None]
    return Image.fromarray(values.round().clip(0, 255).astype(np.uint8))


def spread(palette: Image.Image) -> float:
    """How far neighbours of a palette are apart, on average: what a pattern must bridge, in 0..255."""
    colours = np.asarray(palette.getpalette(), dtype=np.float64).reshape(-1, COLOURS)
    if len(colours) < 2:
        return 0.0
    apart = np.linalg.norm(colours[:, None] - colours, axis=-1)
    np.fill_diagonal(apart, np.inf)
    return float(apart.min(axis=1).mean())


def bayer(order: int) -> NDArray[np.float64]:
    """Bayer's matrix (1973) of ``order`` 2, 4, 8, 16: each threshold once, so that neighbours differ most."""
    ranks = np.zeros((1, 1), dtype=np.int64)
    while len(ranks) < order:
        ranks = np.block([[4 * ranks, 4 * ranks + 2], [4 * ranks + 3, 4 * ranks + 1]])
    return (ranks + 0.5) / order**2 - 0.5
