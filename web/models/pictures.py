"""The picture that shows what a model makes: beside its file, or within it."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterator
from pathlib import Path

from engine.errors import NotAWorkflow
from engine.folders import IMAGES
from engine.workflow import parse
from web.models.header import read_metadata
from web.pictures import opened
from web.safety.limits import BadPicture

LARGEST_HEADER_BYTES = 16 * 1024 * 1024
"""A header with pictures in it is larger than others."""
LARGEST_PICTURE_BYTES = 32 * 1024 * 1024
QUALITY = 90


def model_picture(model: Path) -> bytes | None:
    """The first picture of a model, as WebP; None if it has none that can be shown. Raises OSError."""
    found = (as_webp(data) for data in _pictures(model))
    return next(filter(None, found), None)


def as_webp(data: bytes) -> bytes | None:
    """The picture, or the first of an animation; None if it is none or has too many pixels."""
    try:
        with opened(io.BytesIO(data)) as image:
            buffer = io.BytesIO()
            image.convert("RGBA" if image.has_transparency_data else "RGB").save(buffer, "WEBP", quality=QUALITY)
            return buffer.getvalue()
    except BadPicture:
        return None


def _pictures(model: Path) -> Iterator[bytes]:
    """Encoded pictures: ``x.png`` and ``x.preview.png`` beside ``x.safetensors``, then those in its header."""
    names = (model.stem, f"{model.stem}.preview")
    for path in sorted(model.parent.iterdir()):
        is_picture = path.stem in names and path.suffix.lower() in IMAGES and path.is_file()
        if is_picture and path.stat().st_size <= LARGEST_PICTURE_BYTES:
            yield path.read_bytes()
    if model.suffix == ".safetensors" and model.is_file():
        yield from _covers(model)


def _covers(model: Path) -> Iterator[bytes]:
    """``ssmd_cover_images`` of the header is a JSON list of pictures in base64, perhaps as data URLs."""
    covers = (read_metadata(model, LARGEST_HEADER_BYTES) or {}).get("ssmd_cover_images")
    try:
        listed = parse(covers) if isinstance(covers, str) else None
    except NotAWorkflow:
        return
    for cover in listed if isinstance(listed, list) else ():
        if isinstance(cover, str):
            try:
                yield base64.b64decode(cover.rpartition(",")[2], validate=True)
            except binascii.Error:
                continue
