"""How long browsers may keep an answer, told by the address asked for; and answers made small."""

from __future__ import annotations

import re

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

CODE = re.compile(r".*(\.js|\.css|(^|/)index[^/]*\.json)", re.DOTALL)
PICTURE = re.compile(r".*\.(jpe?g|png|ppm|bmp|pgm|tiff?|webp)", re.DOTALL | re.IGNORECASE)
KEPT = frozenset({301, 308})
MOVED_FOR_NOW = frozenset({302, 303, 307})
TEXT = frozenset({"application/json", "text/plain"})


def cache_control(path: str, status: int) -> str | None:
    """The ``Cache-Control`` of an answer to this path; None for what it does not say."""
    if CODE.fullmatch(path):
        return "no-store"
    if not PICTURE.fullmatch(path):
        return None
    if status == 404:
        return "public, max-age=3600"
    if 200 <= status < 300 or status in KEPT:
        return "public, max-age=86400"
    return "no-cache" if status in MOVED_FOR_NOW else None


def add_caching(request: web.Request, response: web.StreamResponse) -> None:
    """Say how long an answer keeps, unless its handler has."""
    if said := cache_control(request.path, response.status):
        response.headers.setdefault(hdrs.CACHE_CONTROL, said)


@web.middleware
async def compress(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer JSON and plain text with gzip, where that is accepted."""
    response = await handler(request)
    if isinstance(response, web.Response) and response.content_type in TEXT:
        response.headers.add(hdrs.VARY, hdrs.ACCEPT_ENCODING)
        if accepts_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
            response.enable_compression(web.ContentCoding.gzip)
    return response


def accepts_gzip(header: str) -> bool:
    """Whether an ``Accept-Encoding`` names gzip, and not only to refuse it."""
    for item in header.lower().split(","):
        coding, _, weight = item.replace(" ", "").partition(";")
        if coding == "gzip":
            return re.fullmatch(r"q=0(\.0*)?", weight) is None
    return False
