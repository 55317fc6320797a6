"""Node definitions."""

from __future__ import annotations

from aiohttp import web

from web.answers import NodeDefinition
from web.keys import pool_key
from web.object_info import describe
from web.operations import operation
from web.replies import reply
from web.schemas import Refusal

routes = web.RouteTableDef()


@routes.get("/object_info")
@operation("nodes", answers={200: dict[str, NodeDefinition], 503: Refusal})
async def every(request: web.Request) -> web.Response:
    """All node types by name."""
    return reply({info.name: describe(info) for info in await request.app[pool_key].describe()})


@routes.get("/object_info/{name}")
@operation("nodes", answers={200: dict[str, NodeDefinition], 503: Refusal})
async def one(request: web.Request) -> web.Response:
    """One node type by name; an empty object if it is unknown."""
    name = request.match_info["name"]
    return reply({info.name: describe(info) for info in await request.app[pool_key].describe() if info.name == name})
