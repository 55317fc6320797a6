"""A server that was told to compute on what is not there."""

import asyncio
import sys
from pathlib import Path

import pytest

from engine.jobs import Job
from engine.jobs_sqlite import SqliteQueue
from tests.support.server import Server

ABSENT = "xpu" if sys.platform == "darwin" else "mps"


@pytest.mark.slow
async def test_it_ends_with_one_sentence_and_keeps_its_jobs(tmp_path: Path) -> None:
    job = Job({"1": {"class_type": "PreviewAny", "inputs": {"source": "kept"}}}, ("1",))
    async with SqliteQueue(tmp_path / "queue.sqlite") as queue:
        await queue.put(job)

    server = Server(tmp_path, "--device", ABSENT)
    await asyncio.to_thread(server.start, "/system_stats")
    assert server.process
    assert await asyncio.to_thread(server.process.wait, 60) == 2

    said = (tmp_path / "server.log").read_text()
    assert f"wireloom: there is no device '{ABSENT}' here: torch finds" in said
    assert "Traceback" not in said
    async with SqliteQueue(tmp_path / "queue.sqlite") as queue:
        assert [each.id for each in await queue.pending()] == [job.id]
