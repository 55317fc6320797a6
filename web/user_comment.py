"""The text that web UIs put into the EXIF of a WebP or a JPEG: its UserComment."""

from __future__ import annotations

from PIL import Image

EXIF_DIRECTORY, USER_COMMENT = 0x8769, 0x9286
CODE_BYTES = 8
UNICODE = b"UNICODE\0"


def user_comment(picture: Image.Image) -> str | None:
    """None if it has none."""
    value = picture.getexif().get_ifd(EXIF_DIRECTORY).get(USER_COMMENT)
    if isinstance(value, str):
        return value
    return decoded(value) if isinstance(value, bytes) else None


def decoded(value: bytes) -> str:
    """Eight bytes name the code. UTF-16 comes in both orders; in words, the zeros tell which."""
    code, text = value[:CODE_BYTES], value[CODE_BYTES:]
    if code != UNICODE:
        return text.decode("utf-8", "replace").rstrip("\0")
    if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return text.decode("utf-16", "replace").rstrip("\0")
    order = "be" if text[::2].count(0) >= text[1::2].count(0) else "le"
    return text.decode(f"utf-16-{order}", "replace").rstrip("\0")
