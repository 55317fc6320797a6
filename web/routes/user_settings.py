"""What a user set in the front end."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from pydantic import RootModel

from web.operations import operation
from web.replies import read_body, reply
from web.users.people import user_root
from web.users.settings import user_settings_key

routes = web.RouteTableDef()


class Changes(RootModel[dict[str, Any]]):
    """Settings by id; those not named stay as they are."""


class Value(RootModel[Any]):
    """Any JSON."""


@routes.get("/settings")
@operation("settings", answers={200: dict[str, Any]})
async def read_all(request: web.Request) -> web.Response:
    """All settings by id."""
    return reply(await _read(request))


@routes.get("/settings/{id}")
@operation("settings", answers={200: Any})
async def read_one(request: web.Request) -> web.Response:
    """One setting, null if it was never set."""
    return reply((await _read(request)).get(request.match_info["id"]))


@routes.post("/settings")
@operation("settings", body=Changes, answers={200: None})
async def change(request: web.Request) -> web.Response:
    """Set some, keep the others."""
    return await _merge(request, (await read_body(request, Changes)).root)


@routes.post("/settings/{id}")
@operation("settings", body=Value, answers={200: None})
async def change_one(request: web.Request) -> web.Response:
    """Set one."""
    return await _merge(request, {request.match_info["id"]: (await read_body(request, Value)).root})


async def _read(request: web.Request) -> dict[str, Any]:
    return await asyncio.to_thread(request.app[user_settings_key].read, user_root(request))


async def _merge(request: web.Request, changes: dict[str, Any]) -> web.Response:
    await asyncio.to_thread(request.app[user_settings_key].merge, user_root(request), changes)
    return web.Response()
