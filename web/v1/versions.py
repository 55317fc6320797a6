"""``/v1/versions``: what saved workflows were before they were saved again; each is named by the query ``workflow``."""

from __future__ import annotations

import asyncio
from typing import Annotated

from aiohttp import ETag, web
from pydantic import ConfigDict, Field, StringConstraints

from web.operations import Media, operation, read_query
from web.replies import read_body, reply
from web.schemas import Refusal
from web.shapes import Shape
from web.users import files
from web.users.files import user_files_key
from web.users.people import user_root
from web.users.versions import SUFFIX, WORKFLOWS, Version, versions_key
from web.v1.schemas import Instant
from web.v1.views import instant

routes = web.RouteTableDef()

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
TEXT = Media("text/plain")


class Of(Shape):
    """Which workflow of the library, with its folders: ``portraits/anna``."""

    model_config = ConfigDict(extra="forbid")

    workflow: str = Field(min_length=1)


class Naming(Shape):
    """A name for a version; null takes it away, and lets the version go when its time comes."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None


class Keeping(Shape):
    """The name under which the workflow is kept as it is now."""

    model_config = ConfigDict(extra="forbid")

    name: Name


class VersionView(Shape):
    """A version: its ``id`` is made from its content, ``saved`` is when that was saved."""

    id: str
    saved: Instant
    bytes: int
    name: str | None


class VersionList(Shape):
    """The versions of a workflow, the newest first; ``current`` is what it holds now, if that is one of them."""

    workflow: str
    current: str | None
    versions: list[VersionView]


class Restored(Shape):
    """A workflow that holds again what it held; what it held since is a version, too."""

    workflow: str
    version: str


@routes.get("/v1/versions")
@operation("sharing", query=Of, answers={200: VersionList, 400: (Refusal, TEXT), 403: TEXT, 404: TEXT})
async def listing(request: web.Request) -> web.Response:
    """Former versions of a workflow, and those that were given names."""
    name, path = _asked(request)
    root, versions = user_root(request), request.app[versions_key]
    place, content = await asyncio.to_thread(files.read, root, path)
    found = await asyncio.to_thread(versions.of, root, place.relative_to(root).as_posix())
    tag = files.tag_of(content)
    current = tag if any(each.id == tag for each in found) else None
    listed = VersionList(workflow=name, current=current, versions=[_view(each) for each in found])
    return reply(listed.model_dump(mode="json"))


@routes.post("/v1/versions")
@operation(
    "sharing",
    query=Of,
    body=Keeping,
    answers={201: VersionView, 400: (Refusal, TEXT), 403: TEXT, 404: TEXT, 409: Refusal},
)
async def keep(request: web.Request) -> web.Response:
    """Keep a workflow as it is now as a version with a name."""
    (_, path), body = _asked(request), await read_body(request, Keeping)
    root, versions = user_root(request), request.app[versions_key]
    found, content = await asyncio.to_thread(files.read, root, path)
    place = found.relative_to(root).as_posix()
    return reply(_view(await asyncio.to_thread(versions.keep, root, place, content, body.name)).model_dump(), 201)


@routes.get("/v1/versions/{id}")
@operation("sharing", query=Of, answers={200: Media("application/json"), 400: Refusal, 404: Refusal})
async def one(request: web.Request) -> web.Response:
    """A version, as it was saved."""
    (_, path), version = _asked(request), request.match_info["id"]
    content = await asyncio.to_thread(request.app[versions_key].read, user_root(request), path, version)
    response = web.Response(body=content, content_type="application/json")
    response.etag = ETag(version)
    return response


@routes.patch("/v1/versions/{id}")
@operation("sharing", query=Of, body=Naming, answers={200: VersionView, 400: Refusal, 404: Refusal, 409: Refusal})
async def rename(request: web.Request) -> web.Response:
    """Give a version a name: then it stays until that is taken away. Or take it."""
    (_, path), version, body = _asked(request), request.match_info["id"], await read_body(request, Naming)
    change = request.app[versions_key].rename
    return reply(_view(await asyncio.to_thread(change, user_root(request), path, version, body.name)).model_dump())


@routes.post("/v1/versions/{id}/restore")
@operation("sharing", query=Of, answers={200: Restored, 400: (Refusal, TEXT), 403: TEXT, 404: Refusal})
async def restore(request: web.Request) -> web.Response:
    """Have the workflow hold what it held then; what it holds now becomes a version."""
    (name, path), version = _asked(request), request.match_info["id"]
    root, store = user_root(request), request.app[user_files_key].store
    content = await asyncio.to_thread(request.app[versions_key].read, root, path, version)
    await asyncio.to_thread(store, root, path, content, overwrite=True)
    return reply(Restored(workflow=name, version=version).model_dump())


def _asked(request: web.Request) -> tuple[str, str]:
    """Name and path of the workflow. Where names lead is looked at where files are."""
    name = read_query(request, Of).workflow
    return name, f"{WORKFLOWS}{name}{SUFFIX}"


def _view(version: Version) -> VersionView:
    return VersionView(id=version.id, saved=instant(version.saved_ms), bytes=version.bytes, name=version.name)
