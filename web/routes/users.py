"""The users of this server."""

from __future__ import annotations

import asyncio
from typing import Literal

from aiohttp import web

from web.keys import folders_key
from web.operations import operation
from web.replies import read_body, reply
from web.schemas import Refusal
from web.shapes import Shape
from web.users.people import DEFAULT, BadUserName, people_key

routes = web.RouteTableDef()


class OneUser(Shape):
    """Answer for a server of one user; ``migrated`` is whether something was kept for that one yet."""

    storage: Literal["server"] = "server"
    migrated: bool


class ManyUsers(Shape):
    """Answer for a server with ``--multi-user``: names by user id."""

    storage: Literal["server"] = "server"
    users: dict[str, str]


class NewUser(Shape):
    """Body of POST /users."""

    username: str


class NoUser(Shape):
    """Why there is no such new user."""

    error: str


@routes.get("/users")
@operation("users", answers={200: OneUser | ManyUsers})
async def users(request: web.Request) -> web.Response:
    """Who can use this server."""
    people = request.app[people_key]
    if people.multi_user:
        return reply(ManyUsers(users=people.names()).model_dump())
    own = request.app[folders_key].directory("user") / DEFAULT
    return reply(OneUser(migrated=await asyncio.to_thread(own.is_dir)).model_dump())


@routes.post("/users")
@operation("users", body=NewUser, answers={200: str, 400: NoUser | Refusal})
async def add(request: web.Request) -> web.Response:
    """Make a user of this name; answers with the id."""
    body, people = await read_body(request, NewUser), request.app[people_key]
    if not people.multi_user:
        return reply({"error": "This server has one user; it has more when started with --multi-user."}, 400)
    try:
        return reply(await asyncio.to_thread(people.add, body.username))
    except BadUserName as error:
        return reply({"error": str(error)}, 400)
