"""Files as they are: of node packs, and of the gallery of workflows. They have no twin below ``/api``."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from web.frontend import media_type
from web.keys import packs_key
from web.operations import Media, operation
from web.packs.files import PackFiles, file_in
from web.shipped import GALLERY, WORKFLOWS

routes = web.RouteTableDef()

FILE = {200: Media("*/*"), 206: Media("*/*"), 304: None, 404: Media("text/plain"), 416: None}
"""Answers of a file, whole or in part, or unchanged since it was last asked for."""
LOCAL_INDEX = re.compile(r"index\.[A-Za-z-]{2,10}\.json")


@routes.get("/extensions/{pack:(?!core/)[^/]+}/{path:.+}")
@operation("front end", answers=FILE)
async def extension(request: web.Request) -> web.FileResponse:
    """A file that a node pack has for the browser. ``core`` is the front end itself."""
    name = request.match_info["path"]
    return await _of_pack(request, lambda pack: pack.name, lambda pack: file_in(pack.web, name) if pack.web else None)


@routes.get("/api/workflow_templates/{pack}/{path:.+}")
@operation("front end", answers=FILE)
async def example(request: web.Request) -> web.FileResponse:
    """An example workflow of a node pack, or its picture."""
    name = request.match_info["path"]
    return await _of_pack(request, lambda pack: pack.folder.name, lambda pack: pack.example_file(name))


@routes.get("/templates/{name}")
@operation("front end", answers=FILE)
async def template(request: web.Request) -> web.FileResponse:
    """The gallery: its index, in one language for all, its workflows and their pictures."""
    return await _send(_in_gallery, request.match_info["name"])


def _in_gallery(name: str) -> Path | None:
    if found := file_in(GALLERY, name):
        return found
    return GALLERY / "index.json" if LOCAL_INDEX.fullmatch(name) else file_in(WORKFLOWS / "ui", name)


async def _of_pack(
    request: web.Request, called: Callable[[PackFiles], str], find: Callable[[PackFiles], Path | None]
) -> web.FileResponse:
    """A file of the pack that the address names."""
    packs = [pack for pack in request.app[packs_key] if called(pack) == request.match_info["pack"]]
    return await _send(lambda: next(filter(None, map(find, packs)), None))


async def _send(find: Callable[..., Path | None], *args: str) -> web.FileResponse:
    path = await asyncio.to_thread(find, *args)
    if path is None:
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"Content-Type": media_type(path.name)})
