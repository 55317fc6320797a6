"""Two pictures, pixel by pixel. A film counts frame by frame."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from PIL import Image, ImageChops, ImageSequence, ImageStat

from web.pictures import opened
from web.safety.limits import BadPicture
from web.verifying.telling import CLOSE_DB

Verdict: TypeAlias = Literal["identical", "close", "different"]


@dataclass(frozen=True)
class Sameness:
    """``psnr`` in dB: infinite for identical pixels, None where sizes or numbers of frames leave nothing to compare."""

    psnr: float | None
    text: str

    @property
    def verdict(self) -> Verdict:
        if self.psnr == math.inf:
            return "identical"
        return "close" if self.psnr is not None and self.psnr >= CLOSE_DB else "different"

    @property
    def rank(self) -> float:
        """The more alike, the higher."""
        return -math.inf if self.psnr is None else self.psnr


def check_picture(data: bytes, most_pixels: int | None = None) -> None:
    """Raises BadPicture for what is none, or has more pixels, all frames together."""
    with opened(io.BytesIO(data)) as picture:
        pixels = picture.width * picture.height * _count(picture)
        if most_pixels is not None and pixels > most_pixels:
            raise BadPicture(f"its frames have {pixels} pixels together, more than {most_pixels}")
        for _ in _frames(picture):
            pass


def compared(was: bytes, now: bytes) -> Sameness:
    """How alike two encoded pictures, or films, are. Raises BadPicture."""
    with opened(io.BytesIO(was)) as one, opened(io.BytesIO(now)) as other:
        if _count(one) != _count(other):
            return Sameness(None, f"it has {_count(one)} frames, and now there are {_count(other)}")
        if one.size != other.size:
            return Sameness(None, f"it has {_size(one)} pixels, and now there are {_size(other)}")
        return _of_frames(_frames(one), _frames(other))


def _of_frames(was: Iterator[Image.Image], now: Iterator[Image.Image]) -> Sameness:
    squares, values = 0.0, 0
    for one, other in zip(was, now, strict=True):
        mode = one.mode if one.mode == other.mode else "RGBA"
        difference = ImageStat.Stat(ImageChops.difference(one.convert(mode), other.convert(mode)))
        squares += sum(difference.sum2)
        values += sum(difference.count)
    if not squares:
        return Sameness(math.inf, "every pixel is the same")
    psnr = 10 * math.log10(255**2 * values / squares)
    return Sameness(psnr, f"{psnr:.1f} dB PSNR, where {CLOSE_DB:.0f} or more counts as close")


def _frames(picture: Image.Image) -> Iterator[Image.Image]:
    return (frame.convert(_mode(frame)) for frame in ImageSequence.Iterator(picture))


def _count(picture: Image.Image) -> int:
    return int(getattr(picture, "n_frames", 1))


def _mode(frame: Image.Image) -> str:
    """In which pixels can be compared: grey, colours, or these with how opaque they are."""
    if frame.has_transparency_data:
        return "RGBA"
    return "L" if frame.mode in ("1", "L") else "RGB"


def _size(frame: Image.Image) -> str:
    return f"{frame.width} x {frame.height}"
