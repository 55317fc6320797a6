"""Several pictures in one file that shows them in turn, with texts in it: animated WebP, PNG and GIF."""

import io
import json
from collections.abc import Mapping
from typing import Literal

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from torch import Tensor

from nodes.diffusion.pictures import to_pil
from nodes.imaging.agreeing import filled

TIFF = b"II\x2a\x00\x08\x00\x00\x00"  # little-endian, the first directory follows
ASCII = 2
MODEL, MAKE = 0x0110, 0x010F
MAX_WEBP_SIDE = 16383  # pixels
GIF_TICK_MS = 10
PALETTE_SIDE = 128  # pixels
METHODS = {"default": 4, "fastest": 0, "slowest": 6}
"""libwebp's effort, by the words that users see."""


def webp(
    images: Tensor,
    texts: Mapping[str, str],
    *,
    fps: float,
    lossless: bool,
    quality: int,
    method: Literal["default", "fastest", "slowest"],
) -> bytes:
    """Images (B, H, W, C) as an animated WebP; ``texts`` are its EXIF. Raises ValueError if they are too large."""
    height, width = images.shape[1:3]
    if max(height, width) > MAX_WEBP_SIDE:
        raise ValueError(
            f"images of {width}x{height} pixels do not fit into a WebP, whose sides end at {MAX_WEBP_SIDE}"
        )
    first, *others = frames(images)
    file = io.BytesIO()
    first.save(
        file,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=frame_ms(fps),
        lossless=lossless,
        quality=quality,
        method=METHODS[method],
        exif=exif(texts),
    )
    return file.getvalue()


def png(images: Tensor, texts: Mapping[str, str], *, fps: float, compress_level: int) -> bytes:
    """Images (B, H, W, C) as an animated PNG; ``texts`` as ``comf`` chunks, which ComfyUI puts into these."""
    chunks = PngInfo()
    for key, text in texts.items():
        chunks.add(b"comf", f"{key}\0{text}".encode())
    first, *others = frames(images)
    file = io.BytesIO()
    first.save(
        file,
        "PNG",
        save_all=True,
        append_images=others,
        duration=frame_ms(fps),
        pnginfo=chunks,
        compress_level=compress_level,
    )
    return file.getvalue()


def gif(images: Tensor, texts: Mapping[str, str], *, fps: float) -> bytes:
    """Images (B, H, W, C) as an animated GIF that begins anew at its end, of 256 colours a frame.

    ``texts`` are one JSON object in its comment. No frame is shown shorter than a hundredth of a second.
    """
    first, *others = [of_few_colours(frame) for frame in frames(images)]
    file = io.BytesIO()
    first.save(
        file,
        "GIF",
        save_all=True,
        append_images=others,
        duration=max(GIF_TICK_MS, frame_ms(fps)),
        loop=0,
        comment=json.dumps(texts).encode(),
    )
    return file.getvalue()


def of_few_colours(frame: Image.Image) -> Image.Image:
    """A picture in 256 colours of its own, scattered. They are chosen on a small copy: as good, and sooner."""
    frame = frame.convert("RGB")
    small = frame.copy()
    small.thumbnail((PALETTE_SIDE, PALETTE_SIDE))
    return frame.quantize(palette=small.quantize(kmeans=1), dither=Image.Dither.FLOYDSTEINBERG)


def frames(images: Tensor) -> list[Image.Image]:
    """One picture of Pillow's for each. Raises ValueError if there are none."""
    return [to_pil(image) for image in filled("images", images)]


def frame_ms(fps: float) -> int:
    """How long a frame is shown."""
    return int(1000 / fps)


def exif(texts: Mapping[str, str]) -> bytes:
    """A TIFF directory with the text ``prompt`` as Model and the others as Make and, counting down, the tags below."""
    directory = ImageFileDirectory_v2()
    others = (key for key in texts if key != "prompt")
    tags = {MAKE - k: key for k, key in enumerate(others)}
    if "prompt" in texts:
        tags[MODEL] = "prompt"
    for tag, key in tags.items():
        directory.tagtype[tag] = ASCII  # whatever else the standard wants some of these to be
        directory[tag] = f"{key}:{texts[key]}"
    return TIFF + directory.tobytes(8)
