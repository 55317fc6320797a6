"""A whole server on loopback: real queue, bus, runner and executor; only the nodes are small."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestClient

from engine.bus import Bus
from engine.cache import MemoryCache
from engine.folders import Folders
from engine.jobs_sqlite import SqliteQueue
from engine.lanes import Lanes
from engine.pool_local import LocalPool
from tests.conformance import tiny
from web.app import make_app
from web.keys import Parts
from web.settings import Settings

Server = TestClient[Any, Any]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path)
    made.lay_out()
    return made


@pytest.fixture
def parts(folders: Folders) -> Parts:
    pool = LocalPool(lambda: tiny.registry(folders), MemoryCache(1 << 20), Lanes({"gpu": 1, "cpu": 2, "hook": 1}))
    return Parts(SqliteQueue(":memory:"), pool, Bus(), folders, Settings())


@pytest.fixture
async def server(aiohttp_client: Callable[..., Awaitable[Server]], parts: Parts) -> Server:
    return await aiohttp_client(make_app(parts))


@pytest.fixture
async def listener(server: Server) -> AsyncIterator[Listener]:
    async with server.ws_connect("/ws?clientId=cid1") as socket:
        yield Listener(socket)


class Listener:
    """What one client hears."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket

    async def hear(self) -> dict[str, Any]:
        """The next message; a binary frame as ``{"binary": bytes}``."""
        message = await self.socket.receive(timeout=5)
        if message.type is WSMsgType.BINARY:
            return {"type": "binary", "binary": message.data}
        assert message.type is WSMsgType.TEXT, message
        heard: dict[str, Any] = message.json()
        return heard

    async def until_done(self) -> list[dict[str, Any]]:
        """All messages up to the end of a job."""
        heard = [await self.hear()]
        while not (heard[-1]["type"] == "executing" and heard[-1]["data"]["node"] is None):
            heard.append(await self.hear())
        return heard

    async def until(self, kind: str) -> dict[str, Any]:
        """The next message of this type."""
        while (heard := await self.hear())["type"] != kind:
            pass
        return heard
