"""Two pictures, pixel by pixel. A film counts frame by frame."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from PIL import Image, ImageChops, ImageSequence, ImageStat

from web.pictures import opened

CLOSE_DB = 40.0
"""From here on a difference is not seen: on average less than 1% of the range from black to white."""

Verdict: TypeAlias = Literal["identical", "close", "different"]
Frames: TypeAlias = Sequence[Image.Image]


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


def frames_of(data: bytes) -> list[Image.Image]:
    """The frames of an encoded picture. Raises BadPicture."""
    with opened(io.BytesIO(data)) as picture:
        return [frame.convert(_mode(frame)) for frame in ImageSequence.Iterator(picture)]


def compared(was: Frames, now: Frames) -> Sameness:
    """How alike two pictures, or films, are."""
    if len(was) != len(now):
        return Sameness(None, f"it has {len(was)} frames, and now there are {len(now)}")
    if was[0].size != now[0].size:
        return Sameness(None, f"it has {_size(was[0])} pixels, and now there are {_size(now[0])}")
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


def _mode(frame: Image.Image) -> str:
    """In which pixels can be compared: grey, colours, or these with how opaque they are."""
    if frame.has_transparency_data:
        return "RGBA"
    return "L" if frame.mode in ("1", "L") else "RGB"


def _size(frame: Image.Image) -> str:
    return f"{frame.width} x {frame.height}"
