"""Model files: which there are, and what their headers say."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from aiohttp import web

from engine.errors import FolderNotFound, UnsafePath
from web.keys import folders_key
from web.models.header import read_metadata
from web.operations import Media, operation, read_query
from web.replies import reply
from web.schemas import Refusal
from web.shapes import Shape

routes = web.RouteTableDef()

LARGEST_HEADER_BYTES = 1024 * 1024


class MetadataQuery(Shape):
    """Query of GET /view_metadata."""

    filename: str = ""


@routes.get("/models")
@operation("models", answers={200: list[str]})
async def keys(request: web.Request) -> web.Response:
    """The folder keys."""
    return reply(request.app[folders_key].keys())


@routes.get("/models/{folder}")
@operation("models", answers={200: list[str], 404: Refusal})
async def listing(request: web.Request) -> web.Response:
    """File names under a folder key; 404 for an unknown key, also for the legacy ones."""
    folders, folder = request.app[folders_key], request.match_info["folder"]
    if folder not in folders.keys():  # noqa: SIM118 - not a mapping
        raise FolderNotFound(f"no model folder is named {folder!r}")
    return reply(await asyncio.to_thread(folders.list, folder))


@routes.get("/embeddings")
@operation("models", answers={200: list[str]})
async def embeddings(request: web.Request) -> web.Response:
    """Embedding names without extension."""
    names = await asyncio.to_thread(request.app[folders_key].list, "embeddings")
    return reply([str(Path(name).with_suffix("")) for name in names])


@routes.get("/view_metadata/{folder}")
@operation("models", query=MetadataQuery, answers={200: dict[str, Any], 404: (Refusal, Media("text/plain"))})
async def metadata(request: web.Request) -> web.Response:
    """What a safetensors file says of itself; 404 if it says nothing."""
    folders, name = request.app[folders_key], read_query(request, MetadataQuery).filename
    if not name.endswith(".safetensors"):
        raise web.HTTPNotFound
    try:
        path = await asyncio.to_thread(folders.resolve, request.match_info["folder"], name)
        found = await asyncio.to_thread(read_metadata, path, LARGEST_HEADER_BYTES)
    except (OSError, UnsafePath):
        raise web.HTTPNotFound from None
    if found is None:
        raise web.HTTPNotFound
    return reply(found)
