"""Pictures as browsers are shown them, and what their mask editors make of them."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from web.safety.limits import BadPicture

PNG_COMPRESSION = 4
MAX_PIXELS = 64_000_000
"""Of a picture that this server opens: 256 MB as RGBA, of which there are up to three at a time."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
"""What is opened as a picture; JPEG includes MPO. Pillow knows others, some of which start other programs."""
BROKEN = (
    *(OSError, ValueError, SyntaxError, LookupError, ArithmeticError, TypeError, EOFError, struct.error, zlib.error),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
)
"""What Pillow raises for files that are damaged, or made to do damage."""


@contextmanager
def opened(file: str | Path | IO[bytes]) -> Iterator[Image.Image]:
    """A picture, if it is one and not too large. Raises BadPicture, also for what goes wrong while it is used."""
    try:
        with Image.open(file, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise BadPicture(f"it has {width} x {height} pixels, more than {MAX_PIXELS}")
            yield image
    except FileNotFoundError:
        raise
    except BROKEN as error:
        raise BadPicture(str(error) or type(error).__name__) from error


def as_loaded(picture: Image.Image) -> Image.Image:
    """A picture as nodes load it: turned as its EXIF data say, 16 or 32 bits a pixel brought into the range of 8."""
    ImageOps.exif_transpose(picture, in_place=True)
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value * (1 / 255)).convert("L")
    return picture


def small(path: Path, wanted: str, channel: str) -> tuple[bytes, str]:
    """``webp;80`` -> the picture in that format and quality. Raises BadPicture."""
    parts = wanted.split(";")
    kind = "jpeg" if parts[0] == "jpeg" and "a" not in channel else "webp"
    quality = min(int(parts[-1]), 100) if re.fullmatch(r"[0-9]{1,3}", parts[-1]) else 90
    with opened(path) as file:
        image = as_loaded(file)
        picture = image.convert("RGB") if kind == "jpeg" or channel == "rgb" else image
        return _encoded(picture, kind.upper(), quality=quality), f"image/{kind}"


def one_channel(path: Path, channel: str) -> bytes:
    """PNG of the colours alone, or of the alpha alone over black. Raises BadPicture."""
    with opened(path) as file:
        image = as_loaded(file)
        if channel == "rgb":
            return _encoded(image.convert("RGB"), "PNG", compress_level=PNG_COMPRESSION)
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        if image.mode == "RGBA":
            black.putalpha(image.getchannel("A"))
        return _encoded(black, "PNG", compress_level=PNG_COMPRESSION)


def with_mask(picture: Path, mask: Path, target: Path) -> None:
    """``picture`` as PNG with its text chunks, its alpha replaced by that of ``mask``, into ``target``.

    Raises BadPicture, and FileNotFoundError for one that is not there.
    """
    with opened(picture) as original, opened(mask) as painted:
        texts = PngInfo()
        for key, value in getattr(original, "text", {}).items():
            texts.add_text(key, value)
        shown = as_loaded(original).convert("RGBA")
        shown.putalpha(painted.convert("RGBA").getchannel("A"))
    shown.save(target, format="PNG", pnginfo=texts, compress_level=PNG_COMPRESSION)


def _encoded(image: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()
