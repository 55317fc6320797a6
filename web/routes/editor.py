"""The editor at ``/``, the form of a workflow at ``/form``, and what both are built of.

``web/static`` is their bundle, ``web/editor`` its sources.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from web.frontend import find, media_type
from web.operations import Media, operation
from web.routes.app_manifest import manifest
from web.routes.static import FILE
from web.routes.status import FRESH

INDEX, FORM = "index.html", "form.html"
PARTS = "editor"
"""The folder, and the first part of the address, of all that the page loads."""
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; object-src 'none'; frame-ancestors 'self'"
)
"""Scripts are files of this server. Styles need not be: its dialogs lock scrolling by a style sheet in the page."""
KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}
"""A part's name holds a hash of what is in it: what has changed has another name."""
PAGE = {200: Media("text/html"), 206: Media("text/html"), 304: None, 416: None}


def routes(root: Path) -> list[web.RouteDef]:
    """The bundle in this folder."""
    parts = root.resolve() / PARTS

    @operation("front end", answers=PAGE)
    async def index(request: web.Request) -> web.FileResponse:
        """The editor, asked for anew each time: it names the parts that belong to it."""
        return _page(root / INDEX)

    @operation("front end", answers=PAGE)
    async def form(request: web.Request) -> web.FileResponse:
        """A saved workflow as a form, ``?workflow=NAME``; without a name, a list of those there are."""
        return _page(root / FORM)

    @operation("front end", answers=FILE)
    async def part(request: web.Request) -> web.FileResponse:
        """A script, style sheet or picture of the editor."""
        path = await asyncio.to_thread(find, parts, request.match_info["name"])
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={**KEPT, "Content-Type": media_type(path.name)})

    @operation("front end", answers={303: None})
    async def share(request: web.Request) -> web.Response:
        """The editor, told to show what is shared: the link that people pass on."""
        # Relative, so that it is right below a prefix; in the fragment, which no referrer and no log has.
        return web.Response(status=303, headers={"Location": f"../#share={quote(request.match_info['token'])}"})

    return [
        web.get("/", index),
        web.get("/form", form),
        web.get("/app.webmanifest", manifest),
        web.get("/share/{token}", share),
        web.get(f"/{PARTS}/{{name}}", part),
    ]


def _page(path: Path) -> web.FileResponse:
    headers = {**FRESH, "Content-Type": media_type(path.name), "Content-Security-Policy": POLICY}
    return web.FileResponse(path, headers=headers)
