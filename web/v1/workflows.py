"""``/v1/workflows``: the workflows that can be run by name, and what each takes and gives."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import web

from engine.errors import WorkflowNotFound
from engine.node import NodeInfo
from engine.pool import WorkerPool
from engine.workflow import ApiWorkflow
from web.keys import pool_key
from web.operations import operation
from web.replies import read_body, reply
from web.safety.limits import check_size
from web.schemas import Refusal
from web.users.people import user_root
from web.v1 import saved
from web.v1.schemas import (
    WorkflowDocument,
    WorkflowEntry,
    WorkflowList,
    WorkflowSignature,
)
from web.v1.signature import signature

routes = web.RouteTableDef()


@routes.get("/v1/workflows")
@operation("workflows", answers={200: WorkflowList})
async def listing(request: web.Request) -> web.Response:
    """Saved workflows, then those that come along. A saved one hides one that comes along under the same name."""
    found = await asyncio.to_thread(saved.everything, user_root(request))
    entries = [
        WorkflowEntry(
            name=each.name,
            title=each.title,
            source=each.source,
            links={"self": f"/v1/workflows/{quote(each.name, safe='')}"},
        )
        for each in found
    ]
    return reply(WorkflowList(workflows=entries).model_dump(mode="json"))


@routes.post("/v1/workflows/convert")
@operation("workflows", body=WorkflowDocument, answers={200: ApiWorkflow, 400: Refusal, 503: Refusal})
async def convert(request: web.Request) -> web.Response:
    """A workflow as an editor saves it in API format: what would be queued. One in API format comes back as it is."""
    document = (await read_body(request, WorkflowDocument)).root
    check_size(document)
    prompt = await request.app[pool_key].lower(document)
    check_size(prompt)
    return reply(prompt)


@routes.get("/v1/workflows/{name:.+}")
@operation("workflows", answers={200: WorkflowSignature, 400: Refusal, 404: Refusal, 503: Refusal})
async def one(request: web.Request) -> web.Response:
    """A workflow as a function: its inputs as JSON Schema, its outputs by name."""
    named = await find_named(request, request.match_info["name"])
    document = await asyncio.to_thread(named.read)
    pool = request.app[pool_key]
    prompt, infos = await pool.lower(document), await node_types(pool)
    made = signature(named.name, named.title, named.description, prompt, infos)
    return reply(made.model_dump(mode="json"))


async def read_named(request: web.Request, name: str) -> dict[str, Any]:
    """The document of a workflow, in whatever format. Raises WorkflowNotFound, UnsafePath, NotAWorkflow."""
    named = await find_named(request, name)
    return await asyncio.to_thread(named.read)


async def find_named(request: web.Request, name: str) -> saved.Named:
    """Raises WorkflowNotFound, UnsafePath."""
    found = await asyncio.to_thread(saved.find, user_root(request), name)
    if found is None:
        raise WorkflowNotFound(f"there is no workflow {name!r}; GET /v1/workflows lists those there are")
    return found


async def node_types(pool: WorkerPool) -> Mapping[str, NodeInfo]:
    """By name."""
    return {info.name: info for info in await pool.describe()}
