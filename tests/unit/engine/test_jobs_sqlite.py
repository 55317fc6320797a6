"""What the queue on disk must survive."""

import asyncio
import contextlib
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from engine import jobs_file, jobs_keeping, jobs_reading, jobs_tables
from engine.errors import DiskFull
from engine.events import now_ms
from engine.jobs import Job, Outcome, Ticket
from engine.jobs_json import dump
from engine.jobs_keeping import DAY_MS, PORTION, Keep
from engine.jobs_sqlite import QueueFileError, SqliteQueue
from tests.support.disks import full
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


INCREMENTAL = 2


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
from engine.jobs import Job, Outcome, Ticket
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


async def test_a_job_that_ran_when_its_server_was_killed_goes_on_in_its_old_place(path: Path) -> None:
    die_while_running_a_job(path)
    async with SqliteQueue(path) as queue:
        assert [(j.id, j.attempts, j.deaths) for j in await queue.pending()] == [("a", 1, 0), ("b", 0, 0), ("c", 0, 0)]
        assert await queue.history() == []


async def test_a_job_whose_server_was_killed_five_times_fails(path: Path) -> None:
    async with SqliteQueue(path) as queue:
        for job_id in "ab":
            await queue.put(Job({}, (), job_id))
    for _ in range(jobs_tables.ORPHANED):
        queue = await SqliteQueue(path).open()
        assert (await queue.claim()).id == "a"
        await abandon(queue)
    async with SqliteQueue(path) as queue:
        assert [j.id for j in await queue.pending()] == ["b"]
        [record] = await queue.history()
    assert (record.job.id, record.job.attempts, record.outcome.status) == ("a", 5, "failed")
    assert record.outcome.finished_ms >= record.outcome.started_ms > 0
    failure = record.outcome.failure
    assert failure is not None
    assert failure.node_id == ""
    assert "the server died while running this job, 5 times" in failure.message


async def abandon(queue: SqliteQueue) -> None:
    """Let go of the file as a process does that dies."""
    await queue.close()


async def test_deaths_of_server_and_worker_are_counted_apart(path: Path) -> None:
    async with SqliteQueue(path) as queue:
        await queue.put(Job({}, (), "a"))
        await queue.claim()
        assert not await queue.died("a", outcome("failed"))
    for _ in range(jobs_tables.ORPHANED - 1):
        queue = await SqliteQueue(path).open()
        assert (await queue.claim()).deaths == 1
        await abandon(queue)
    async with SqliteQueue(path) as queue:
        assert [(j.id, j.deaths) for j in await queue.pending()] == [("a", 1)]


async def test_a_job_that_was_given_back_may_still_survive_one_death(path: Path) -> None:
    async with SqliteQueue(path) as queue:
        await queue.put(Job({}, (), "a"))
        for _ in range(3):
            await queue.claim()
            await queue.release("a")
    die_while_running_a_job(path)
    async with SqliteQueue(path) as queue:
        assert [(j.id, j.attempts) for j in await queue.pending()] == [("a", 4)]


@pytest.mark.parametrize("schema", [1, 2])
async def test_an_older_file_is_brought_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch, schema: int) -> None:
    """What counted as deaths of the process counts as deaths of the server; free space is given back from now on."""
    with monkeypatch.context() as patch:
        patch.setattr(jobs_file, "MIGRATIONS", jobs_file.MIGRATIONS[:schema])
        path.parent.mkdir()
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            jobs_file._migrate(db, path)
            for job_id, attempts in (("once", 1), ("often", 5)):
                row = (job_id, 0, dump(Job({}, (), job_id)), attempts, "running", 1)
                db.execute(
                    "INSERT INTO jobs (id, number, job, attempts, state, started_ms) VALUES (?, ?, ?, ?, ?, ?)", row
                )
            if schema == 2:
                db.execute("UPDATE jobs SET deaths = attempts - 1")
            assert jobs_file.value(db, "PRAGMA auto_vacuum") == 0
    async with SqliteQueue(path) as queue:
        assert [(j.id, j.deaths) for j in await queue.pending()] == [("once", 0)]
        assert [record.job.id for record in await queue.history()] == ["often"]
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert jobs_file.value(db, "PRAGMA auto_vacuum") == INCREMENTAL


async def test_a_large_older_file_is_not_written_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_file, "REWRITTEN_BYTES", 4096)
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        jobs_file._migrate(db, path)
    async with SqliteQueue(path) as queue:
        await queue.put(job())
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert jobs_file.value(db, "PRAGMA auto_vacuum") == 0


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


async def end(queue: SqliteQueue, job_id: str, finished_ms: int = 2000, **more: Any) -> None:
    """Put a job and have it end."""
    await queue.put(job(job_id), front=True)
    await queue.claim()
    await queue.finish(job_id, Outcome("succeeded", 1000, finished_ms, **more))


async def until_tidy(queue: SqliteQueue) -> None:
    """What is removed in between is gone."""
    assert queue._tidying
    await asyncio.wait([queue._tidying])


def size(path: Path) -> int:
    return path.stat().st_size


async def test_of_the_jobs_that_ended_only_the_newest_are_kept(path: Path) -> None:
    async with SqliteQueue(path, Keep(jobs=2)) as queue:
        for job_id in "abcde":
            await end(queue, job_id)
            await until_tidy(queue)
            assert len(await queue.history()) <= 2
        await queue.put(job("pending"))
        assert [record.job.id for record in await queue.history()] == ["d", "e"]
        assert [j.id for j in await queue.pending()] == ["pending"]


async def test_jobs_that_ended_long_ago_are_not_kept(path: Path) -> None:
    async with SqliteQueue(path, Keep(days=2)) as queue:
        await end(queue, "old", now_ms() - 3 * DAY_MS)
        await end(queue, "new", now_ms() - DAY_MS)
        await until_tidy(queue)
        assert [record.job.id for record in await queue.history()] == ["new"]


async def test_who_was_told_of_an_end_has_time_to_ask(path: Path) -> None:
    async with SqliteQueue(path, Keep(jobs=1)) as queue:
        for job_id, age_ms in (("a", 90_000), ("b", 30_000), ("c", 0)):
            await end(queue, job_id, now_ms() - age_ms)
            await until_tidy(queue)
        assert [record.job.id for record in await queue.history()] == ["b", "c"]


async def until_kept(queue: SqliteQueue, *job_ids: str) -> None:
    """History holds these and no others."""
    for _ in range(200):
        if [record.job.id for record in await queue.history()] == list(job_ids):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"history never held {job_ids} alone")


async def test_what_had_time_left_goes_when_that_is_over(path: Path) -> None:
    """Also if no other job ends."""
    async with SqliteQueue(path, Keep(jobs=1, grace_s=1.0)) as queue:
        for job_id in "abc":
            await end(queue, job_id, now_ms())
        await until_tidy(queue)
        assert len(await queue.history()) == 3
        await until_kept(queue, "c")


async def test_days_end_while_nothing_happens(path: Path) -> None:
    async with SqliteQueue(path, Keep(days=1)) as queue:
        await end(queue, "nearly a day old", now_ms() - DAY_MS + 300)
        await until_tidy(queue)
        await until_kept(queue)


async def test_a_file_that_is_opened_with_less_to_keep_is_tidied_bit_by_bit(path: Path) -> None:
    async with SqliteQueue(":memory:") as queue:
        for n in range(3 * PORTION):
            await end(queue, str(n))
        queue._keep = Keep(jobs=5)
        await end(queue, "last")
        removed = [len(await queue.history())]
        await until_tidy(queue)
        removed.append(len(await queue.history()))
    assert removed[0] > 2 * PORTION
    assert removed[1] == 5


async def test_the_space_of_jobs_that_were_forgotten_is_given_back(path: Path) -> None:
    large = {"1": {"text": ["x" * 100_000]}}
    async with SqliteQueue(path) as queue:
        for n in range(40):
            await end(queue, str(n), outputs=large)
        await queue.forget()
        await until_tidy(queue)
    assert size(path) < (jobs_file.FREE_PAGES + 20) * 4096


async def test_the_write_ahead_log_does_not_stay_large(path: Path) -> None:
    large = {"1": {"text": ["x" * 8_000_000]}}
    async with SqliteQueue(path) as queue:
        await end(queue, "large", outputs=large)
        await end(queue, "small")
        await end(queue, "smaller")
        assert size(path.with_name("queue.sqlite-wal")) <= jobs_file.LARGEST_LOG_BYTES


async def test_a_full_disk_is_told_and_changes_nothing(path: Path) -> None:
    large = Job({"1": {"class_type": "A", "inputs": {"text": "x" * 50_000}}}, (), "large")
    async with SqliteQueue(path) as queue:
        await queue.put(job("a"))
        await queue.put(job("b"))
        await queue.claim()
        with full(queue):
            with pytest.raises(DiskFull, match=r"nothing more can be stored in the queue .*queue\.sqlite: .* full"):
                await queue.put(large)
            with pytest.raises(DiskFull):
                await queue.finish("a", replace(outcome(), outputs={"1": {"text": ["x" * 50_000]}}))
            assert [j.id for j in await queue.pending()] == ["b"]
            assert [j.id for j in await queue.running()] == ["a"]
            assert await queue.remaining() == 2
        assert (await queue.put(large)).number == 2
        await queue.finish("a", outcome())
    async with SqliteQueue(path) as queue:
        assert [j.id for j in await queue.pending()] == ["b", "large"]
        assert [record.job.id for record in await queue.history()] == ["a"]
        assert queue._db
        assert queue._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


QUESTIONS: dict[str, Callable[[sqlite3.Connection], object]] = {
    "history from the newest": lambda db: jobs_reading.history(db, 10, -1),
    "history from the oldest": lambda db: jobs_reading.history(db, 10, 5),
    "a record": lambda db: jobs_reading.record(db, "x"),
    "a job": lambda db: jobs_reading.find(db, "x"),
    "pages": lambda db: jobs_reading.page(db, ["failed", "succeeded"], 10, 99),
    "pages of a workflow": lambda db: jobs_reading.page(db, ["failed", "succeeded"], 10, 99, "x"),
    "how many remain": jobs_reading.remaining,
    "how many ended": jobs_reading.ended,
    "pending jobs": lambda db: jobs_reading.jobs(db, "pending"),
    "jobs of a client": lambda db: jobs_reading.pending_of(db, "me"),
    "what to forget": lambda db: jobs_tables.forget(db, ["x"]),
    "what to cancel": lambda db: jobs_tables.cancel(db, ["x"], False),
    "a ticket": lambda db: jobs_tables.again(db, Ticket("x", "y")),
    "the next": jobs_tables.first,
    "the end": lambda db: jobs_tables._end(db, "x", outcome()),
    "what is too old": lambda db: jobs_keeping.tidy(db, Keep(jobs=3, days=3)),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_looks_through_all_jobs(question: str) -> None:
    """Each finds its jobs by an index, however many have ended."""
    asked: list[str] = []
    with contextlib.closing(jobs_file.connect(":memory:")) as db:
        db.set_trace_callback(asked.append)
        QUESTIONS[question](db)
        db.set_trace_callback(None)
        assert asked
        for statement in asked:
            if not statement.startswith(("PRAGMA", "--")):
                steps = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]
                scans = [step for step in steps if step.startswith("SCAN jobs") and "USING" not in step]
                assert scans == [], (statement, steps)
                assert "USE TEMP B-TREE" not in "".join(steps) or "UNION" in statement, (statement, steps)
