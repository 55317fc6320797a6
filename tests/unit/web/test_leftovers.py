"""What a job stored goes when it has ended, however that came about, and not before."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from engine.bus import Bus
from engine.checkpoints import Checkpoints
from engine.folders import Folders
from engine.jobs_sqlite import SqliteQueue
from tests.unit.web.conftest import PROMPT, FakePool, Server
from web.app import make_app
from web.keys import Parts
from web.settings import Settings

ONE, TWO = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"


class Place:
    """A server in ``tmp_path``, stopped and started again as often as wanted."""

    def __init__(self, root: Path, aiohttp_client: AiohttpClient) -> None:
        self.checkpoints, self.root, self._client = Checkpoints(root / "checkpoints"), root, aiohttp_client

    def store(self, job_id: str) -> None:
        self.checkpoints.of_call(job_id, "1", 0, b"").store(b"bytes")

    async def server(self, pool: FakePool) -> Server:
        queue, folders = SqliteQueue(self.root / "queue.sqlite"), Folders(self.root)
        return await self._client(
            make_app(Parts(queue, pool, Bus(), folders, Settings(), checkpoints=self.checkpoints))
        )

    async def has(self, *expected: str) -> None:
        """Wait until there is something of just these jobs: it goes a moment after a job's end was told."""
        for _ in range(1000):
            if set(self.checkpoints.jobs()) == set(expected):
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"there is something of {list(self.checkpoints.jobs())}")


@pytest.fixture
def place(tmp_path: Path, aiohttp_client: AiohttpClient) -> Place:
    return Place(tmp_path, aiohttp_client)


async def post(server: Server, job_id: str) -> None:
    assert (await server.post("/prompt", json={"prompt": PROMPT, "prompt_id": job_id})).status == 200


async def test_it_goes_when_the_job_has_ended(place: Place) -> None:
    pool = FakePool()
    pool.end.clear()
    server = await place.server(pool)
    for job_id in (ONE, TWO):
        await post(server, job_id)
        place.store(job_id)
    await place.has(ONE, TWO)
    pool.end.set()
    await place.has()


async def test_it_goes_when_the_job_is_taken_out_of_the_queue(place: Place) -> None:
    pool = FakePool()
    pool.end.clear()
    server = await place.server(pool)
    await post(server, ONE)
    await post(server, TWO)
    place.store(TWO)
    await server.post("/queue", json={"delete": [TWO]})
    await place.has()


async def test_it_stays_for_the_next_start_while_the_job_is_to_run(place: Place) -> None:
    pool = FakePool()
    pool.end.clear()
    server = await place.server(pool)
    await post(server, ONE)
    place.store(ONE)
    await server.close()
    place.store(TWO)  # of a job that ended just when the server was killed
    again = FakePool()
    again.end.clear()
    await place.server(again)
    await place.has(ONE)
    again.end.set()
    await place.has()
