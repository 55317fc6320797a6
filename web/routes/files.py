"""Pictures and other files that nodes wrote or users sent."""

from __future__ import annotations

import asyncio
import io
import mimetypes
import os
import re
from pathlib import Path, PurePosixPath

from aiohttp import web
from PIL import Image, ImageOps
from pydantic import Field

from engine.errors import UnsafePath
from engine.folders import Folders, annotated, inside
from web.errors import complaint
from web.keys import folders_key
from web.operations import Media, operation
from web.safety.limits import BadPicture, opened, pictures_key
from web.schemas import Refusal
from web.shapes import Shape

routes = web.RouteTableDef()

TYPES = ("output", "input", "temp")
PNG_COMPRESSION = 4
BY_HASH = "blake3:"
"""How assets are named; none are kept here."""

PLAIN = re.compile(r"(image|video|audio)/(?!svg)[a-z0-9.+-]+")
"""What a browser shows without running anything."""
RUNNABLE = re.compile(r"html|xml|svg|xsl|script|css")
"""What is in the names of all types that a browser may run, or apply, as part of a page."""
INERT = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
"""The policy of what might be a page after all: no scripts, no forms, nothing fetched, an origin of its own."""


class ViewQuery(Shape):
    """Query of GET /view. Other keys are ignored: clients add some against caches."""

    filename: str | None = Field(default=None, description="May end in [output], [input] or [temp].")
    type: str = Field(default="output", description="output, input or temp")
    subfolder: str = ""
    preview: str | None = Field(default=None, description="webp or jpeg, and perhaps a quality: webp;80")
    channel: str = Field(default="", description="rgba, rgb or a")


class BadReference(Exception):
    """A file reference that is refused; ``status`` is what HTTP calls it."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@routes.get("/view")
@operation(
    "files",
    query=ViewQuery,
    answers={
        200: Media("*/*"),
        206: Media("*/*"),
        304: None,
        400: Refusal,
        403: Refusal,
        404: Media("text/plain"),
        416: None,
    },
)
async def view(request: web.Request) -> web.StreamResponse:
    """A file; as a small ``preview`` or one ``channel`` of it, if asked."""
    query, folders = request.query, request.app[folders_key]
    if query.get("filename", BY_HASH).startswith(BY_HASH):
        raise web.HTTPNotFound
    name, kind, subfolder = query["filename"], query.get("type", "output"), query.get("subfolder", "")
    try:
        path = await asyncio.to_thread(locate, folders, name, kind, subfolder)
    except BadReference as error:
        return complaint("unsafe_path", str(error), name, status=error.status)
    if not await asyncio.to_thread(os.path.isfile, path):
        raise web.HTTPNotFound
    headers = {"Content-Disposition": disposition(path.name)}
    preview, channel = query.get("preview"), query.get("channel", "")
    if preview is None and channel not in ("rgb", "a"):
        return _raw(path, headers, inline_svg=request.headers.get("Sec-Fetch-Dest") == "image")
    try:
        async with request.app[pictures_key]:
            if preview is not None:
                data, media_type = await asyncio.to_thread(_preview, path, preview, channel)
            else:
                data, media_type = await asyncio.to_thread(_channel, path, channel), "image/png"
    except BadPicture as error:
        return complaint("not_an_image", f"{path.name} cannot be shown as a picture", str(error))
    except FileNotFoundError:
        raise web.HTTPNotFound from None
    return web.Response(body=data, content_type=media_type, headers=headers)


def locate(folders: Folders, filename: str, kind: str, subfolder: str) -> Path:
    """Where a file reference points; it looks at symbolic links, so it blocks. Raises BadReference if it must not."""
    filename, said = annotated(filename)
    kind = said or kind
    if not filename or filename.startswith("/") or ".." in filename or "\0" in filename:
        raise BadReference("the filename must be a plain name")
    if kind not in TYPES:
        raise BadReference(f"type must be one of {', '.join(TYPES)}, not {kind!r}")
    try:
        return inside(folders.directory(kind), subfolder, PurePosixPath(filename).name)
    except UnsafePath:
        raise BadReference("that path leads outside its folder", 403) from None


def disposition(name: str) -> str:
    """The header that names a file; what would end the header or its quotes is replaced."""
    return 'filename="' + re.sub(r'[\x00-\x1f\x7f"\\]', "_", name) + '"'


def _raw(path: Path, headers: dict[str, str], *, inline_svg: bool) -> web.FileResponse:
    """The file as it is; what a browser might run as a page is only offered for saving."""
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if not PLAIN.fullmatch(media_type):
        headers["Content-Security-Policy"] = INERT
    if RUNNABLE.search(media_type):
        headers |= {"Vary": "Sec-Fetch-Dest", "Cache-Control": "no-store"}
        if not (media_type == "image/svg+xml" and inline_svg):
            headers["Content-Disposition"] = "attachment; " + headers["Content-Disposition"]
            media_type = "application/octet-stream"
    return web.FileResponse(path, headers={**headers, "Content-Type": media_type})


def as_loaded(picture: Image.Image) -> Image.Image:
    """A picture as nodes load it: turned as its EXIF data say, 16 or 32 bits a pixel brought into the range of 8."""
    ImageOps.exif_transpose(picture, in_place=True)
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value * (1 / 255)).convert("L")
    return picture


def _preview(path: Path, wanted: str, channel: str) -> tuple[bytes, str]:
    """``webp;80`` -> the picture in that format and quality. Raises BadPicture."""
    parts = wanted.split(";")
    kind = "jpeg" if parts[0] == "jpeg" and "a" not in channel else "webp"
    quality = min(int(parts[-1]), 100) if re.fullmatch(r"[0-9]{1,3}", parts[-1]) else 90
    with opened(path) as file:
        image = as_loaded(file)
        picture = image.convert("RGB") if kind == "jpeg" or channel == "rgb" else image
        return _encoded(picture, kind.upper(), quality=quality), f"image/{kind}"


def _channel(path: Path, channel: str) -> bytes:
    """PNG of the colours alone, or of the alpha alone over black. Raises BadPicture."""
    with opened(path) as file:
        image = as_loaded(file)
        if channel == "rgb":
            return _encoded(image.convert("RGB"), "PNG", compress_level=PNG_COMPRESSION)
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        if image.mode == "RGBA":
            black.putalpha(image.getchannel("A"))
        return _encoded(black, "PNG", compress_level=PNG_COMPRESSION)


def _encoded(image: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()
