"""Model files: which there are, and what their headers say."""

from __future__ import annotations

import asyncio
import json
import struct
from pathlib import Path
from typing import Any

from aiohttp import web

from engine.errors import FolderNotFound, UnsafePath
from web.keys import folders_key
from web.replies import reply

routes = web.RouteTableDef()

LARGEST_HEADER_BYTES = 1024 * 1024


@routes.get("/models")
async def keys(request: web.Request) -> web.Response:
    """The folder keys."""
    return reply(request.app[folders_key].keys())


@routes.get("/models/{folder}")
async def listing(request: web.Request) -> web.Response:
    """File names under a folder key; 404 for an unknown key, also for the legacy ones."""
    folders, folder = request.app[folders_key], request.match_info["folder"]
    if folder not in folders.keys():  # noqa: SIM118 - not a mapping
        raise FolderNotFound(f"no model folder is named {folder!r}")
    return reply(await asyncio.to_thread(folders.list, folder))


@routes.get("/embeddings")
async def embeddings(request: web.Request) -> web.Response:
    """Embedding names without extension."""
    names = await asyncio.to_thread(request.app[folders_key].list, "embeddings")
    return reply([str(Path(name).with_suffix("")) for name in names])


@routes.get("/view_metadata/{folder}")
async def metadata(request: web.Request) -> web.Response:
    """What a safetensors file says of itself; 404 if it says nothing."""
    folders, name = request.app[folders_key], request.query.get("filename", "")
    if not name.endswith(".safetensors"):
        raise web.HTTPNotFound
    try:
        path = await asyncio.to_thread(folders.resolve, request.match_info["folder"], name)
        found = await asyncio.to_thread(_metadata, path)
    except (OSError, UnsafePath):
        raise web.HTTPNotFound from None
    if found is None:
        raise web.HTTPNotFound
    return reply(found)


def _metadata(path: Path) -> Any:
    """The ``__metadata__`` of the header: eight bytes of length, little-endian, then JSON."""
    with path.open("rb") as file:
        start = file.read(8)
        if len(start) < 8:
            return None
        (length,) = struct.unpack("<Q", start)
        if length > LARGEST_HEADER_BYTES:
            return None
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError):
            return None
    return header.get("__metadata__") if isinstance(header, dict) else None
