"""``/internal``: what only the front end asks for. No twin below ``/api``."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from aiohttp import web
from pydantic import ConfigDict, Field

from web.keys import folders_key
from web.logs.feed import log_feed_key, shown
from web.operations import operation
from web.replies import read_body, reply
from web.shapes import Shape

routes = web.RouteTableDef()

KINDS = ("output", "input", "temp")


class LogEntry(Shape):
    """``t`` is a time in ISO form, ``m`` the message with its line end."""

    t: str
    m: str


class TerminalSize(Shape):
    cols: int
    rows: int


class Logs(Shape):
    """The last messages, the oldest first, and the size of the server's terminal."""

    entries: list[LogEntry]
    size: TerminalSize


class SubscribeRequest(Shape):
    """Body of PATCH /internal/logs/subscribe."""

    model_config = ConfigDict(populate_by_name=True)

    client_id: str = Field(alias="clientId", min_length=1, max_length=200)
    enabled: bool


class NoSuchKind(Shape):
    error: str


@routes.get("/internal/logs")
@operation("internal", answers={200: str})
async def logs(request: web.Request) -> web.Response:
    """The last messages as one text."""
    entries = request.app[log_feed_key].book.entries()
    return reply("".join(f"{entry.time} - {entry.text}" for entry in entries))


@routes.get("/internal/logs/raw")
@operation("internal", answers={200: Logs})
async def raw_logs(request: web.Request) -> web.Response:
    """The last messages one by one."""
    return reply(shown(request.app[log_feed_key].book.entries()))


@routes.patch("/internal/logs/subscribe")
@operation("internal", body=SubscribeRequest, answers={200: None})
async def subscribe(request: web.Request) -> web.Response:
    """Send new messages over the client's websocket, as ``logs``, or no longer."""
    body, feed = await read_body(request, SubscribeRequest), request.app[log_feed_key]
    if body.enabled:
        feed.subscribe(body.client_id)
    else:
        feed.unsubscribe(body.client_id)
    return web.Response()


@routes.get("/internal/folder_paths")
@operation("internal", answers={200: dict[str, list[str]]})
async def folder_paths(request: web.Request) -> web.Response:
    """The folders of each key, by their absolute paths."""
    folders = request.app[folders_key]
    return reply({key: [str(path) for path in folders.paths(key)] for key in folders.keys()})  # noqa: SIM118


@routes.get("/internal/files/{kind}")
@operation("internal", answers={200: list[str], 400: NoSuchKind})
async def files(request: web.Request) -> web.Response:
    """Names of the files at the top of the folder for output, input or temporary files, the newest first."""
    kind = request.match_info["kind"]
    if kind not in KINDS:
        return reply({"error": "Invalid directory type"}, 400)
    directory = request.app[folders_key].directory(kind)
    return reply([f"{name} [{kind}]" for name in await asyncio.to_thread(newest_first, directory)])


def newest_first(directory: Path) -> list[str]:
    """Names of the files in a directory; hidden ones, and those that go while it is read, are left out."""
    found: list[tuple[int, str]] = []
    with suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if not entry.name.startswith(".") and entry.is_file():
                    found.append((-entry.stat().st_mtime_ns, entry.name))
    return [name for _, name in sorted(found)]
