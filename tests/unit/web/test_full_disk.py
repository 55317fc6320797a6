"""A server whose disk is full: it says so, forgets nothing, and goes on when there is room."""

import errno
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from engine.bus import Bus
from engine.cache import MemoryCache
from engine.folders import Folders
from engine.jobs_sqlite import SqliteQueue
from engine.lanes import Lanes
from engine.pool_local import LocalPool
from tests.conformance import tiny
from tests.support.disks import full
from tests.unit.web.conftest import Server
from web.app import make_app
from web.errors import told
from web.keys import Parts
from web.settings import Settings

LARGE = {"1": {"class_type": "TShow", "inputs": {"ui": '{"text": ["%s"]}' % ("x" * 50_000)}}}
SMALL = {"1": {"class_type": "TShow", "inputs": {"ui": "{}"}}}


@pytest.fixture
async def queue(tmp_path: Path) -> AsyncIterator[SqliteQueue]:
    async with SqliteQueue(tmp_path / "queue.sqlite") as queue:
        yield queue


@pytest.fixture
async def server(aiohttp_client: Callable[..., Awaitable[Server]], folders: Folders, queue: SqliteQueue) -> Server:
    pool = LocalPool(lambda: tiny.registry(folders), MemoryCache(1 << 20), Lanes({"gpu": 1, "cpu": 2, "hook": 1}))
    return await aiohttp_client(make_app(Parts(queue, pool, Bus(), folders, Settings())))


@pytest.mark.parametrize(("path", "name"), [("/prompt", "prompt"), ("/v1/jobs", "workflow")])
async def test_a_job_that_cannot_be_stored_is_refused_until_it_can(
    server: Server, queue: SqliteQueue, path: str, name: str
) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    async with server.post("/v1/jobs?wait=20", json={"workflow": SMALL}) as response:
        before = (await response.json())["id"]
    with full(queue):
        async with server.post(path, json={name: LARGE}, headers=headers) as response:
            assert response.status == 507
            assert int(response.headers["Retry-After"]) > 0
            refused = await response.json()
        assert refused["error"]["type"] == "disk_full"
        assert "nothing more can be stored in the queue" in refused["error"]["details"]
        for reading in ("/queue", "/history", f"/v1/jobs/{before}", "/v1/jobs", "/prompt", "/jobs"):
            async with server.get(reading) as response:
                assert response.status == 200
        assert await queue.remaining() == 0
    async with server.post(path, json={name: LARGE}, headers=headers) as response:
        assert response.status in (200, 202)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_any_file_for_which_there_is_no_room_is_answered_alike(number: int) -> None:
    answer = told(OSError(number, "No space left on device", "output/a.png"))
    assert answer is not None
    assert answer.status == 507
    assert told(OSError(errno.EIO, "broken")) is None
