"""Pictures and other files that nodes wrote or users sent."""

from __future__ import annotations

import asyncio
import mimetypes
import os
import re
from pathlib import Path, PurePosixPath

from aiohttp import web
from pydantic import Field

from engine.errors import UnsafePath
from engine.folders import Folders, annotated, inside
from web.errors import complaint
from web.keys import folders_key
from web.operations import Media, operation
from web.safety.limits import BadPicture, pictures_key
from web.schemas import Refusal
from web.shapes import Shape

routes = web.RouteTableDef()

TYPES = ("output", "input", "temp")
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
    from web import pictures  # Pillow comes with the first picture that is sent or asked for

    try:
        async with request.app[pictures_key]:
            if preview is not None:
                data, media_type = await asyncio.to_thread(pictures.small, path, preview, channel)
            else:
                data, media_type = await asyncio.to_thread(pictures.one_channel, path, channel), "image/png"
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
