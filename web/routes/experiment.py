"""Model files with what the front end's library of models shows of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web
from pydantic import Field

from engine.errors import FolderNotFound
from engine.folders import Folders, safe_join
from web.keys import folders_key
from web.operations import Media, operation
from web.replies import reply
from web.safety.limits import pictures_key
from web.schemas import Refusal
from web.shapes import Shape

routes = web.RouteTableDef()

NO_MODELS = frozenset({"configs", "custom_nodes"})


class ModelFolder(Shape):
    """A folder key, its folders by their absolute paths, and what its files end in."""

    name: str
    folders: list[str]
    extensions: list[str]


class ModelFile(Shape):
    """``name`` is relative to the folder at this index; times are in seconds, the size in bytes."""

    name: str
    path_index: int = Field(serialization_alias="pathIndex")
    modified: float
    created: float
    size: int


@routes.get("/experiment/models")
@operation("models", answers={200: list[ModelFolder]})
async def keys(request: web.Request) -> web.Response:
    """The folder keys that have models."""
    folders = request.app[folders_key]
    found = [
        ModelFolder(
            name=key, folders=[str(path) for path in folders.paths(key)], extensions=sorted(folders.extensions(key))
        )
        for key in folders.keys()  # noqa: SIM118 - not a mapping
        if key not in NO_MODELS
    ]
    return reply([folder.model_dump() for folder in found])


@routes.get("/experiment/models/{folder}")
@operation("models", answers={200: list[ModelFile], 404: Refusal})
async def files(request: web.Request) -> web.Response:
    """The files under a folder key."""
    folders, key = request.app[folders_key], request.match_info["folder"]
    _check_key(folders, key)
    found = await asyncio.to_thread(_files, folders, key)
    return reply([file.model_dump(by_alias=True) for file in found])


@routes.get("/experiment/models/preview/{folder}/{path_index:[0-9]{1,4}}/{filename:.+}")
@operation("models", answers={200: Media("image/webp"), 404: (Refusal, Media("text/plain"))})
async def preview(request: web.Request) -> web.Response:
    """The picture of a model, which lies beside it or in it."""
    from web.models.pictures import model_picture  # Pillow comes with the first picture that is asked for

    folders, key = request.app[folders_key], request.match_info["folder"]
    _check_key(folders, key)
    paths, index = folders.paths(key), int(request.match_info["path_index"])
    if index >= len(paths):
        raise web.HTTPNotFound
    model = safe_join(paths[index], request.match_info["filename"])
    try:
        async with request.app[pictures_key]:
            picture = await asyncio.to_thread(model_picture, model)
    except OSError:  # no such folder, or a name that no file can have
        raise web.HTTPNotFound from None
    if picture is None:
        raise web.HTTPNotFound
    return web.Response(body=picture, content_type="image/webp")


def _check_key(folders: Folders, key: str) -> None:
    if key not in folders.keys():  # noqa: SIM118 - not a mapping
        raise FolderNotFound(f"no model folder is named {key!r}")


def _files(folders: Folders, key: str) -> list[ModelFile]:
    paths = folders.paths(key)
    return [found for place, name in folders.files(key) if (found := _file(paths[place], place, name))]


def _file(folder: Path, place: int, name: str) -> ModelFile | None:
    """What there is to tell of a file; None if it has gone meanwhile."""
    try:
        status = (folder / name).stat()
    except OSError:
        return None
    return ModelFile(
        name=name, path_index=place, modified=status.st_mtime, created=status.st_ctime, size=status.st_size
    )
