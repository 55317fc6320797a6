"""Pictures: tensors, Pillow's images and files.

An image is (B, H, W, C) float32 in [0, 1]; a mask (B, H, W), 1 where selected.
"""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np
import torch
from PIL import Image, ImageOps, ImageSequence
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
"""What is opened as a picture; JPEG includes MPO. Pillow knows others, some of which start other programs."""
BROKEN = (
    *(OSError, ValueError, SyntaxError, LookupError, ArithmeticError, TypeError, EOFError, struct.error, zlib.error),
    Image.DecompressionBombError,
)
"""What is raised for files that are damaged, or made to do damage."""
MAX_PIXELS = 2**27
"""Of all frames of a file together: 2.1 GB as an image and its mask."""
NO_MASK = 64  # pixels a side of the empty mask that stands for "this file has no transparency"


def to_8bit(image: Tensor) -> Tensor:
    """Values in [0, 1] as uint8, clipped and then cut off, not rounded; any shape."""
    return (image.float() * 255).clamp(0, 255).to(torch.uint8)


def to_pil(image: Tensor) -> Image.Image:
    """One image (H, W, C), or a grey one (H, W), as Pillow's. Raises ValueError for channels that no file has."""
    if image.ndim == 3 and image.shape[-1] not in (1, 2, 3, 4):
        raise ValueError(
            f"a picture has 1 to 4 channels, this has {image.shape[-1]}: its shape is {tuple(image.shape)}"
        )
    pixels = to_8bit(image).cpu().numpy()
    return Image.fromarray(pixels.squeeze(-1) if pixels.shape[2:] == (1,) else pixels)


def from_pil(picture: Image.Image) -> Tensor:
    """A picture of 8-bit channels as (H, W, C), or (H, W) if it is grey."""
    return torch.from_numpy(np.array(picture)).float() / 255


def open_picture(file: str | Path | IO[bytes]) -> Image.Image:
    """A file as a picture, not decoded yet. Raises one of BROKEN, also if it is too large."""
    opened = Image.open(file, formats=FORMATS)
    if opened.width * opened.height > MAX_PIXELS:
        size = f"{opened.width} x {opened.height}"
        opened.close()
        raise ValueError(f"it has {size} pixels, more than {MAX_PIXELS}")
    return opened


def load_image(file: str | Path | IO[bytes]) -> tuple[Tensor, Tensor]:
    """A file as an image (B, H, W, 3) and a mask of its transparency (B, H, W).

    Frames of the first one's size make a batch. Without transparency the mask is zeros, 64 x 64.
    Raises one of BROKEN for what is no picture, or has more than MAX_PIXELS.
    """
    images: list[Tensor] = []
    masks: list[Tensor | None] = []
    pixels = 0
    with open_picture(file) as opened:
        single = opened.format == "MPO"  # its further frames are other views, not a film
        for frame in ImageSequence.Iterator(opened):
            pixels += max(frame.width * frame.height, NO_MASK**2)  # the smallest frame costs time, too
            if pixels > MAX_PIXELS:
                raise ValueError(f"its frames have more than {MAX_PIXELS} pixels together")
            picture = upright(frame)
            image = from_pil(picture.convert("RGB"))
            if not images or image.shape == images[0].shape:
                images.append(image)
                masks.append(transparency(picture))
            if single:
                break
    size = (NO_MASK, NO_MASK) if all(mask is None for mask in masks) else images[0].shape[:2]
    return torch.stack(images), torch.stack([torch.zeros(size) if mask is None else mask for mask in masks])


def load_channel(file: str | Path | IO[bytes], channel: str) -> Tensor:
    """One channel of a file as a mask (1, H, W), "A" inverted; zeros, 64 x 64, where a file has no such channel."""
    with open_picture(file) as opened:
        picture = upright(opened)
        if picture.getbands() != ("R", "G", "B", "A"):
            picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        if channel not in picture.getbands():
            return torch.zeros(1, NO_MASK, NO_MASK)
        values = from_pil(picture.getchannel(channel)).unsqueeze(0)
    return 1 - values if channel == "A" else values


def upright(picture: Image.Image) -> Image.Image:
    """Turned as its EXIF data say, and 16 or 32 bits a pixel brought into the range of 8."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value * (1 / 255))
    return picture


def transparency(picture: Image.Image) -> Tensor | None:
    """A mask (H, W), 1 where a picture is transparent; None if it cannot be."""
    if not picture.has_transparency_data:
        return None
    return 1 - from_pil(picture.convert("RGBA").getchannel("A"))


def save_png(image: Tensor, file: str | Path | IO[bytes], text: Mapping[str, str], *, compress_level: int = 4) -> None:
    """One image (H, W, C) as a PNG, with ``text`` as its tEXt chunks, in order."""
    chunks = PngInfo()
    for key, value in text.items():
        chunks.add_text(key, value)
    to_pil(image).save(file, "PNG", pnginfo=chunks, compress_level=compress_level)
