"""What clients are told while there is no process that computes."""

import logging
from collections.abc import Awaitable, Callable

import pytest

from engine.bus import Bus
from engine.folders import Folders
from engine.jobs_sqlite import SqliteQueue
from tests.support.toy_worker import process_pool
from tests.support.toys import api
from tests.unit.web.conftest import Server
from web.app import make_app
from web.keys import Parts
from web.settings import Settings

SHOW = api(o=("Show", {"value": 1, "style": "plain"}))


async def test_a_request_that_needs_it_is_told_to_come_again(
    aiohttp_client: Callable[..., Awaitable[Server]], folders: Folders, caplog: pytest.LogCaptureFixture
) -> None:
    pool = process_pool({"fail": "die"})
    server = await aiohttp_client(make_app(Parts(SqliteQueue(":memory:"), pool, Bus(), folders, Settings())))
    async with server.post("/prompt", json={"prompt": SHOW}) as response:
        assert response.status == 503
        assert response.headers["Retry-After"]
        error = (await response.json())["error"]
        assert (error["type"], error["details"]) == ("worker_died", "it ended by itself with exit status 7")
    async with server.get("/queue") as response:
        assert response.status == 200
    assert {record.name for record in caplog.records if record.levelno >= logging.ERROR} == {"engine.pool_process"}
