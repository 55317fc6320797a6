"""The texts that a picture carries beside its pixels: how it was made."""

from __future__ import annotations

import io

from engine.errors import NotAWorkflow
from engine.workflow import parse

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8\xff"
INFOTEXT = "parameters"
CHUNK_FRAME = 12  # bytes of a PNG chunk beside its data: length, type, checksum


def texts_in(data: bytes) -> dict[str, str] | None:
    """The texts in a picture; None for what is no PNG, WebP, JPEG or GIF. Raises NotAWorkflow for a broken one."""
    if data.startswith(PNG_SIGNATURE):
        return {**_comf_chunks(data), **_text_chunks(data)}
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _exif_texts(data, "WEBP")
    if data.startswith(JPEG_SIGNATURE):
        return _exif_texts(data, "JPEG")
    return _comment_texts(data) if data[:4] == b"GIF8" else None


def _text_chunks(data: bytes) -> dict[str, str]:
    from PIL import Image  # only pictures need it

    from web.pictures import BROKEN

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            picture.load()  # text may come after the pixels
            return {str(key): value for key, value in picture.info.items() if isinstance(value, str)}
    except BROKEN as error:
        raise NotAWorkflow(f"not a readable PNG: {error}") from None


def _comf_chunks(data: bytes) -> dict[str, str]:
    """The texts of an animated PNG, which may lie anywhere among its frames: ``comf`` chunks, key NUL text."""
    texts, at = {}, len(PNG_SIGNATURE)
    while at + CHUNK_FRAME <= len(data):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if kind == b"comf":
            key, _, text = data[at + 8 : at + 8 + length].partition(b"\0")
            texts[key.decode(errors="replace")] = text.decode(errors="replace")
        at += CHUNK_FRAME + length
    return texts


def _exif_texts(data: bytes, kind: str) -> dict[str, str]:
    """The texts in EXIF: entries ``key:text``, where some writers begin the key with a capital, and an infotext."""
    from PIL import Image

    from web.pictures import BROKEN
    from web.user_comment import user_comment

    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as picture:
            entries = [value for value in picture.getexif().values() if isinstance(value, str)]
            comment = user_comment(picture)
    except BROKEN as error:
        raise NotAWorkflow(f"not a readable {kind}: {error}") from None
    split = [entry.partition(":") for entry in entries]
    texts = {key.lower(): text for key, colon, text in split if colon}
    return texts if comment is None else {INFOTEXT: comment, **texts}


def _comment_texts(data: bytes) -> dict[str, str]:
    """The texts of a GIF: one JSON object as its comment."""
    from PIL import Image

    from web.pictures import BROKEN

    try:
        with Image.open(io.BytesIO(data), formats=["GIF"]) as picture:
            comment = picture.info.get("comment", b"")
    except BROKEN as error:
        raise NotAWorkflow(f"not a readable GIF: {error}") from None
    texts = parse(comment) if comment.startswith(b"{") else {}
    return {key: text for key, text in texts.items() if isinstance(text, str)}
