"""Draw docs/pictures/images.webp: what picture nodes make of one picture by the bundled model.

Run it from the repository's root: ``python -m tests.docs.contact_sheet``.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from nodes import compositing, image_filters, image_sizes, masks
from nodes.diffusion.pictures import load_image
from tests.support.sheets import TILE, sheet

SHEET = Path("docs/pictures/images.webp")
COLUMNS = 8
SUBJECT, LIGHT = "a dog on a green background", "a star on a purple background"
MODES: tuple[compositing.Mode, ...] = (
    *("SRC_OVER", "DST_OVER", "SRC_IN", "SRC_OUT", "SRC_ATOP", "XOR", "ADD", "MULTIPLY", "SCREEN", "OVERLAY"),
    *("DARKEN", "LIGHTEN", "DST_IN", "DST_OUT", "DST_ATOP", "DST"),
)


def drawn(text: str, seed: int) -> Tensor:
    """A picture (1, 128, 128, 3) by the bundled model."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "web.cli", "run", "--text", text, "--seed", str(seed), "--out", out]
        subprocess.run(command, check=True)
        (path,) = Path(out).rglob("*.png")
        return load_image(path)[0]


def disc(size: int = TILE) -> Tensor:
    """A mask (1, H, W) of a soft disc, left of the middle."""
    at = torch.arange(size) - size / 2 + 0.5
    radius = ((at + size / 8).square() + at[:, None].square()).sqrt()
    return ((size * 0.36 - radius) / 8).clamp(0, 1).unsqueeze(0)


def tiles(picture: Tensor, other: Tensor) -> Iterator[tuple[str, Tensor]]:
    """A label and an image for each tile."""
    yield "the picture", picture
    yield "ImageInvert", 1 - picture
    yield "ImageBlur 6", image_filters.blur(picture, 6, 1.0)
    yield "ImageSharpen .3", image_filters.sharpen(picture, 2, 1.0, 0.3)
    yield "ImageAddNoise .2", image_filters.add_noise(picture, 0, 0.2)
    yield "Canny .3 .6", image_filters.edges(picture, 0.3, 0.6)
    yield "ImageFlip", image_sizes.flip(picture, "y-axis: horizontally")
    yield "ImageRotate", image_sizes.rotate(picture, "90 degrees")
    for operation in ("erode", "dilate", "open", "close", "gradient", "top_hat", "bottom_hat"):
        yield f"{operation} 7", image_filters.morphology(picture, operation, 7)
    yield "U of YUV", image_filters.to_yuv(picture).U
    for dither in ("none", "floyd-steinberg", "bayer-2", "bayer-8"):
        yield f"8, {dither}"[:19], image_filters.quantize(picture, 8, dither)
    yield "ColorToMask", masks.to_image(masks.from_color(image_filters.quantize(picture, 2), darkest(picture)))
    yield from padded(picture)
    yield "the other picture", other
    for mode in ("normal", "multiply", "screen", "overlay", "soft_light", "difference"):
        yield f"{mode}", image_filters.blend_images(picture, other, 0.5 if mode == "normal" else 1.0, mode)
    mask = disc()
    yield "CompositeMasked", compositing.composite(picture, other, mask=mask)
    yield from porter_duff(picture, other, mask)


def darkest(picture: Tensor) -> int:
    """0xRRGGBB of the darker of two colours."""
    colours: list[list[float]] = image_filters.quantize(picture, 2).reshape(-1, 3).tolist()
    red, green, blue = (round(255 * part) for part in min(colours, key=sum))
    return red << 16 | green << 8 | blue


def padded(picture: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Around the picture, scaled down again to a tile."""
    image, mask = image_sizes.pad_for_outpaint(picture, 40, 40, 40, 40, 30)
    yield "PadForOutpaint", image_sizes.scale(image, "area", TILE, TILE)
    yield "its mask", image_sizes.scale(masks.to_image(mask), "area", TILE, TILE)
    yield "ResizeAndPad", image_sizes.letterbox(picture[:, 30:98], TILE, TILE, "black")


def porter_duff(picture: Tensor, other: Tensor, mask: Tensor) -> Iterator[tuple[str, Tensor]]:
    """The other picture within a disc as source, the picture within its mirror image as destination."""
    for mode in MODES:
        image, clear = compositing.porter_duff_composite(other, 1 - mask, picture, 1 - mask.flip(2), mode)
        yield mode, compositing.composite(chequered(), image, mask=1 - clear)


def chequered() -> Tensor:
    """What shows through where nothing is."""
    at = torch.arange(TILE) // 8
    return (0.92 - 0.12 * ((at + at[:, None]) % 2)).reshape(1, TILE, TILE, 1).expand(-1, -1, -1, 3)


if __name__ == "__main__":
    sheet(list(tiles(drawn(SUBJECT, 11), drawn(LIGHT, 4))), COLUMNS).save(SHEET, "WEBP", quality=88, method=6)
