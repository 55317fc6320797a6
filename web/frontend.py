"""A front end at ``/``: a folder of files that was made elsewhere, served as it is."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import Path

from aiohttp import web

from engine.paths import safe_join
from web.routes.status import FRESH

INDEX = "index.html"
STYLE_SHEET = "user.css"
"""What its page always asks for; empty unless somebody made one."""
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""Some systems call these something else, and a browser runs no script that is not called one."""
IN_UTF8 = frozenset({"text/css", "text/html", "text/javascript"})


def routes(root: Path) -> list[web.RouteDef]:
    """``/`` and whatever no other route matches: they come after all others."""
    root = root.resolve()

    async def index(request: web.Request) -> web.FileResponse:
        """The page, asked for anew each time: it names the scripts that belong to it."""
        return web.FileResponse(root / INDEX, headers={"Content-Type": media_type(INDEX), **FRESH})

    async def static(request: web.Request) -> web.StreamResponse:
        """A file of the front end."""
        name = request.match_info["path"]
        path = await asyncio.to_thread(find, root, name)
        if path is None and name == STYLE_SHEET:
            return web.Response(content_type="text/css", charset="utf-8")
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Content-Type": media_type(path.name)})

    return [web.get("/", index), web.get("/{path:.+}", static)]


def find(root: Path, name: str) -> Path | None:
    """The file of this name below the resolved ``root``; None if there is none, or a link leads out of it.

    Raises UnsafePath for a name that is not one within a folder.
    """
    path = safe_join(root, name).resolve()
    return path if path.is_relative_to(root) and path.is_file() else None


def core_extensions(root: Path) -> list[str]:
    """URL paths of the scripts in the front end's own ``extensions`` folder, sorted."""
    found = (root / "extensions").rglob("*.js")
    return sorted("/" + path.relative_to(root).as_posix() for path in found)


def media_type(name: str) -> str:
    """What a file is, for a browser: with the charset, if it is text."""
    suffix = Path(name).suffix.lower()
    kind = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind in IN_UTF8 else kind
