"""``/v1/tags``: words by which a user sorts the workflows of the library."""

from __future__ import annotations

import asyncio

from aiohttp import web
from pydantic import ConfigDict, Field

from engine.errors import WorkflowNotFound
from web.operations import Media, operation, read_query
from web.replies import read_body, reply
from web.schemas import Refusal
from web.shapes import Shape
from web.users import files
from web.users.people import user_root
from web.users.tags import SUFFIX, WORKFLOWS, TagList, tags_key

routes = web.RouteTableDef()


TEXT = Media("text/plain")


class Of(Shape):
    """Which workflow of the library, with its folders: ``portraits/anna``."""

    model_config = ConfigDict(extra="forbid")

    workflow: str = Field(min_length=1)


class AllTags(Shape):
    """Tags by the names of the workflows that have any."""

    workflows: dict[str, list[str]]


class TagsOfOne(Shape):
    """The tags of one workflow: up to 30, of up to 40 characters each. Case does not tell two apart."""

    model_config = ConfigDict(extra="forbid")

    tags: TagList


@routes.get("/v1/tags")
@operation("sharing", answers={200: AllTags})
async def listing(request: web.Request) -> web.Response:
    """The tags of all saved workflows."""
    found = await asyncio.to_thread(request.app[tags_key].all, user_root(request))
    return reply(AllTags(workflows=found).model_dump())


@routes.put("/v1/tags")
@operation("sharing", query=Of, body=TagsOfOne, answers={200: TagsOfOne, 400: (Refusal, TEXT), 403: TEXT, 404: Refusal})
async def put(request: web.Request) -> web.Response:
    """Give a workflow these tags, in the place of those that it had."""
    name, body, root = read_query(request, Of).workflow, await read_body(request, TagsOfOne), user_root(request)
    path = await asyncio.to_thread(files.locate, root, f"{WORKFLOWS}{name}{SUFFIX}")
    if not await asyncio.to_thread(path.is_file):
        raise WorkflowNotFound(f"the library has no workflow {name!r}")
    place = path.relative_to(root).as_posix()
    await asyncio.to_thread(request.app[tags_key].put, root, place[len(WORKFLOWS) : -len(SUFFIX)], body.tags)
    return reply(body.model_dump())
