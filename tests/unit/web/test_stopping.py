"""A server that stops while it works."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from engine.bus import Bus
from engine.cache import MemoryCache
from engine.folders import Folders
from engine.jobs_sqlite import SqliteQueue
from engine.lanes import Lanes
from engine.pool_local import LocalPool
from tests.conformance import tiny
from tests.unit.web.conftest import Server
from web.app import make_app
from web.keys import Parts
from web.settings import Settings

LONG = {"1": {"class_type": "TLong", "inputs": {"v": 1}}}


async def test_an_unfinished_job_does_not_keep_the_server_from_stopping(
    aiohttp_client: Callable[..., Awaitable[Server]], folders: Folders
) -> None:
    pool = LocalPool(lambda: tiny.registry(folders), MemoryCache(1 << 20), Lanes({"gpu": 1, "cpu": 2, "hook": 1}))
    server = await aiohttp_client(make_app(Parts(SqliteQueue(":memory:"), pool, Bus(), folders, Settings())))
    async with server.ws_connect("/ws?clientId=a") as socket:
        async with server.post("/prompt", json={"prompt": LONG, "client_id": "a"}) as response:
            assert response.status == 200
        async with asyncio.timeout(5):
            while (await socket.receive_json())["type"] != "executing":
                pass
        began = time.perf_counter()
        await server.close()
        assert time.perf_counter() - began < 3
