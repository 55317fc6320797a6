"""A user's own files: saved workflows, templates, subgraphs. What is refused is told as plain text."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import Path
from typing import Any

from aiohttp import ETag, web
from pydantic import Field

from web.operations import Media, operation, read_query
from web.replies import reply
from web.shapes import Shape
from web.users import files
from web.users.files import user_files_key
from web.users.listing import FileEntry, FileInfo, FolderEntry, describe, describe_files, list_files, list_tree
from web.users.people import user_root

routes = web.RouteTableDef()

TEXT = Media("text/plain")
STYLE_SHEET = "user.css"
"""The one file that a page may use as it is; its place is the root."""
UNWRITTEN = {STYLE_SHEET: b"", "comfy.templates.json": b"[]", "workflows/.index.json": b'{"favorites": []}'}
FOLDERS = frozenset({"workflows", "subgraphs", "wireloom"})
"""Files and folders that front ends ask every user for: empty, until somebody puts something there."""
INERT = frozenset({"application/json", "text/plain", "image/png", "image/jpeg", "image/webp", "image/gif"})
"""What a browser shows without running it; anything else is sent as a mere file."""


class Listing(Shape):
    """Which folder, and how: flags are on if they are ``true``, in any case."""

    dir: str = ""
    recurse: str = ""
    full_info: str = ""
    split: str = ""


class Tree(Shape):
    """Which folder."""

    path: str = ""


class Writing(Shape):
    """Whether a file that is there may be replaced, which it may unless this is ``false``, and what is answered."""

    overwrite: str = "true"
    full_info: str = ""


class IfUnchanged(Shape):
    """The ``ETag`` that the file had when it was read: if it has another by now, it is not replaced."""

    if_match: str | None = Field(default=None, alias="If-Match")


@routes.get("/userdata")
@operation(
    "userdata",
    query=Listing,
    answers={200: list[str] | list[FileInfo] | list[list[str]], 400: TEXT, 403: TEXT, 404: TEXT},
)
async def listing(request: web.Request) -> web.Response:
    """The files of a folder, by their paths from there; described with ``full_info``, or ``split`` into path and parts.

    Hidden files are left out.
    """
    query = read_query(request, Listing)
    if not query.dir:
        raise web.HTTPBadRequest(text="Directory not provided")
    return reply(await asyncio.to_thread(_list, user_root(request), query))


@routes.get("/v2/userdata")
@operation("userdata", query=Tree, answers={200: list[FolderEntry | FileEntry], 400: TEXT, 403: TEXT, 404: TEXT})
async def tree(request: web.Request) -> web.Response:
    """All files and folders below a folder, by their paths from the user's own: folders first, then by name."""
    entries = await asyncio.to_thread(_tree, user_root(request), read_query(request, Tree).path)
    return reply([entry.model_dump() for entry in entries])


@routes.get("/userdata/{file}")
@operation("userdata", answers={200: Media("*/*"), 400: TEXT, 403: TEXT, 404: TEXT})
async def read(request: web.Request) -> web.Response:
    """A file."""
    root = user_root(request)
    # Not a FileResponse: that would send a neighbour x.json.gz in the place of x.json.
    name = _name(request, "file")
    try:
        path, content = await asyncio.to_thread(files.read, root, name)
    except web.HTTPNotFound:
        if name not in UNWRITTEN:
            raise
        path, content = root / name, UNWRITTEN[name]
    if path == root / STYLE_SHEET:
        return web.Response(body=content, content_type="text/css", charset="utf-8")
    media_type = mimetypes.guess_type(path.name)[0]
    response = web.Response(
        body=content,
        content_type=media_type if media_type in INERT else "application/octet-stream",
        headers={"Content-Disposition": "attachment"},
    )
    response.etag = ETag(files.tag_of(content))
    return response


@routes.post("/userdata/{file}")
@operation(
    "userdata",
    query=Writing,
    headers=IfUnchanged,
    body=Media("*/*"),
    answers={200: str | FileInfo, 400: TEXT, 403: TEXT, 409: TEXT, 412: TEXT},
)
async def write(request: web.Request) -> web.Response:
    """Keep the body as a file, and answer with its path."""
    query, root = read_query(request, Writing), user_root(request)
    name, data = _name(request, "file"), await request.read()
    store, tags = request.app[user_files_key].store, request.if_match
    expected = None if tags is None else [tag.value for tag in tags]
    path = await asyncio.to_thread(store, root, name, data, overwrite=_may_overwrite(query), expected=expected)
    response = await _written(root, path, query)
    response.etag = ETag(files.tag_of(data))
    return response


@routes.delete("/userdata/{file}")
@operation("userdata", answers={204: None, 400: TEXT, 403: TEXT, 404: TEXT})
async def delete(request: web.Request) -> web.Response:
    """Delete a file; never a folder."""
    await asyncio.to_thread(request.app[user_files_key].delete, user_root(request), _name(request, "file"))
    return web.Response(status=204)


@routes.post("/userdata/{file}/move/{dest}")
@operation("userdata", query=Writing, answers={200: str | FileInfo, 400: TEXT, 403: TEXT, 404: TEXT, 409: TEXT})
async def move(request: web.Request) -> web.Response:
    """Give a file another path, and answer with that; folders stay where they are."""
    query, root = read_query(request, Writing), user_root(request)
    name, dest, rename = _name(request, "file"), _name(request, "dest"), request.app[user_files_key].move
    path = await asyncio.to_thread(rename, root, name, dest, overwrite=_may_overwrite(query))
    return await _written(root, path, query)


def _name(request: web.Request, part: str) -> str:
    return files.decoded(request.match_info[part])


def _list(root: Path, query: Listing) -> list[Any]:
    try:
        folder = files.locate_folder(root, query.dir)
    except web.HTTPForbidden:
        raise web.HTTPForbidden(text="Invalid directory") from None
    recurse = _on(query.recurse)
    try:
        if _on(query.full_info):
            return [info.model_dump() for info in describe_files(folder, within=root, recurse=recurse)]
        found = list_files(folder, within=root, recurse=recurse)
    except (FileNotFoundError, NotADirectoryError):
        if query.dir in FOLDERS:
            return []
        raise web.HTTPNotFound(text="Directory not found") from None
    paths = [path.relative_to(folder).as_posix() for path in found]
    return [[path, *path.split("/")] for path in paths] if _on(query.split) else paths


def _tree(root: Path, name: str) -> list[FolderEntry | FileEntry]:
    try:
        folder = files.locate_folder(root, name)
    except web.HTTPForbidden:
        raise web.HTTPBadRequest(text="Invalid path") from None
    try:
        return list_tree(folder, within=root)
    except NotADirectoryError:
        raise web.HTTPBadRequest(text="The path is not a directory") from None
    except FileNotFoundError:
        if folder == root:  # nothing was kept for this user yet
            return []
        raise web.HTTPNotFound(text="Directory not found") from None


async def _written(root: Path, path: Path, query: Writing) -> web.Response:
    answer: Any = path.relative_to(root).as_posix()
    if _on(query.full_info):
        answer = (await asyncio.to_thread(describe, root, path)).model_dump()
    return reply(answer)


def _on(flag: str) -> bool:
    return flag.lower() == "true"


def _may_overwrite(query: Writing) -> bool:
    return query.overwrite.lower() != "false"
