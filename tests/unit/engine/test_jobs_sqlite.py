"""What the queue on disk must survive."""

import asyncio
import contextlib
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import pytest

from engine import jobs_file, jobs_tables
from engine.jobs import Job
from engine.jobs_sqlite import QueueFileError, SqliteQueue
from tests.unit.contracts.queue_contract import QueueContract, job, outcome, turns


class TestInMemory(QueueContract):
    @pytest.fixture
    async def queue(self) -> AsyncIterator[SqliteQueue]:
        async with SqliteQueue(":memory:") as queue:
            yield queue


class TestOnDisk(QueueContract):
    @pytest.fixture
    async def queue(self, path: Path) -> AsyncIterator[SqliteQueue]:
        queue = SqliteQueue(path)  # opened by the first call
        yield queue
        await queue.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "queue.sqlite"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_file, "LOCK_WAIT_S", 0.01)


async def test_queue_history_and_counter_outlive_the_process(path: Path) -> None:
    async with SqliteQueue(path) as queue:
        for job_id in "ab":
            await queue.put(job(job_id))
        await queue.claim()
        await queue.finish("a", outcome())
    async with SqliteQueue(path) as queue:
        assert [record.job.id for record in await queue.history()] == ["a"]
        assert [j.id for j in await queue.pending()] == ["b"]
        assert (await queue.put(job("c"))).number == 2


DIES = """
import asyncio, os, signal, sys
from engine.jobs import Job
from engine.jobs_sqlite import SqliteQueue

async def main():
    queue = await SqliteQueue(sys.argv[1]).open()
    if not await queue.remaining():
        for job_id in "abc":
            await queue.put(Job({}, (), job_id))
    await queue.claim()
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def die_while_running_a_job(path: Path) -> None:
    root = Path(jobs_tables.__file__).parents[1]
    ended = subprocess.run([sys.executable, "-c", DIES, str(path)], cwd=root, timeout=30, check=False)
    assert ended.returncode == -signal.SIGKILL


async def test_a_job_that_ran_when_the_process_was_killed_runs_once_more_then_fails(path: Path) -> None:
    die_while_running_a_job(path)
    async with SqliteQueue(path) as queue:
        assert [(j.id, j.attempts) for j in await queue.pending()] == [("a", 1), ("b", 0), ("c", 0)]
        assert await queue.history() == []
    die_while_running_a_job(path)
    async with SqliteQueue(path) as queue:
        assert [j.id for j in await queue.pending()] == ["b", "c"]
        [record] = await queue.history()
    assert (record.job.id, record.job.attempts, record.outcome.status) == ("a", 2, "failed")
    assert record.outcome.finished_ms >= record.outcome.started_ms > 0
    failure = record.outcome.failure
    assert failure is not None
    assert failure.node_id == ""
    assert "died while running" in failure.message


async def test_a_job_that_was_given_back_may_still_survive_one_death(path: Path) -> None:
    async with SqliteQueue(path) as queue:
        await queue.put(Job({}, (), "a"))
        for _ in range(3):
            await queue.claim()
            await queue.release("a")
    die_while_running_a_job(path)
    async with SqliteQueue(path) as queue:
        assert [(j.id, j.attempts) for j in await queue.pending()] == [("a", 4)]


async def test_a_file_of_the_first_schema_keeps_count_of_deaths(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There, attempts were the deaths of a pending job, and one more while it ran."""
    with monkeypatch.context() as patch:
        patch.setattr(jobs_file, "MIGRATIONS", jobs_file.MIGRATIONS[:1])
        path.parent.mkdir()
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            jobs_file._migrate(db, path)
            jobs_tables.put(db, Job({}, (), "once", attempts=1), None, False)
            jobs_tables.put(db, Job({}, (), "twice", attempts=2), None, False)
            db.execute("UPDATE jobs SET state = 'running', started_ms = 1")
    async with SqliteQueue(path) as queue:
        assert [j.id for j in await queue.pending()] == ["once"]
        assert [record.job.id for record in await queue.history()] == ["twice"]


async def test_a_file_in_use_is_refused(path: Path, impatient: None) -> None:
    async with SqliteQueue(path):
        with pytest.raises(QueueFileError, match=r"queue\.sqlite: it is in use by another process"):
            await SqliteQueue(path).open()


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    path.write_text("not a database " * 1000)
    with pytest.raises(QueueFileError, match=r"queue\.sqlite is broken") as caught:
        await SqliteQueue(path).open()
    assert "Move the file away" in caught.value.__notes__[0]


async def test_a_newer_schema_is_refused(path: Path) -> None:
    async with SqliteQueue(path):
        pass
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(QueueFileError, match="schema 99, from a newer wireloom"):
        await SqliteQueue(path).open()


async def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QueueFileError, match="cannot use the queue"):
        await SqliteQueue(tmp_path).open()


async def test_a_failed_migration_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with SqliteQueue(path) as queue:
        await queue.put(job())
    with monkeypatch.context() as patch:
        patch.setattr(jobs_file, "MIGRATIONS", (*jobs_file.MIGRATIONS, "ALTER TABLE jobs ADD x;\nNONSENSE"))
        with pytest.raises(QueueFileError, match="NONSENSE"):
            await SqliteQueue(path).open()
    async with SqliteQueue(path) as queue:
        assert [j.id for j in await queue.pending()] == ["job"]


async def test_a_put_cancelled_on_the_way_still_tells_who_waits() -> None:
    async with SqliteQueue(":memory:") as queue:
        claim = asyncio.ensure_future(queue.claim())
        await turns()
        put = asyncio.ensure_future(queue.put(job()))
        await asyncio.sleep(0)
        put.cancel()
        await asyncio.wait([put])
        assert put.cancelled()
        assert (await claim).id == "job"


@dataclass
class Strange:
    label: str = "odd"
    more: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({"a": 1}))


async def test_what_json_has_no_form_for_becomes_text() -> None:
    shown = [Strange(), {3, 2}, complex(1, 2), float("inf"), {("a", "b"): 1, 5: "five"}]
    async with SqliteQueue(":memory:") as queue:
        await queue.put(job())
        await queue.claim()
        await queue.finish("job", replace(outcome(), outputs={"1": {"things": shown}}))
        record = await queue.record("job")
    assert record is not None
    stored = [{"label": "odd", "more": {"a": 1}}, [2, 3], "(1+2j)", float("inf"), {"5": "five"}]
    assert record.outcome.outputs["1"]["things"] == stored


async def test_the_loop_goes_on_while_the_disk_is_slow(path: Path) -> None:
    """The calls are in a thread, so a hundred of them leave the loop its turns."""
    async with SqliteQueue(path) as queue:
        done = asyncio.gather(*(queue.put(job(str(n))) for n in range(100)))
        count = 0
        while not done.done():
            count += 1
            await asyncio.sleep(0)
        assert count > 100
        assert len(await queue.pending()) == len(await done) == 100
