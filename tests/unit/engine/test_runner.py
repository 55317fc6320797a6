"""From the queue through the pool to the bus and into history."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from engine.events import (
    Event,
    JobDone,
    JobTaken,
    NodeFailure,
    NodeFinished,
    NodeStarted,
    QueueChanged,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunStarted,
)
from engine.jobs import Job, Outcome
from engine.jobs_sqlite import SqliteQueue
from engine.tasks import uninterrupted
from tests.support.running import INNER, NODE, FakePool, running, until


@pytest.fixture
async def queue() -> AsyncIterator[SqliteQueue]:
    async with SqliteQueue(":memory:") as queue:
        yield queue


async def test_events_and_history_come_in_the_order_of_the_protocol(queue: SqliteQueue) -> None:
    pool = FakePool(RunStarted, lambda j: NodeStarted(j, NODE), lambda j: NodeFinished(j, NODE), RunFinished)
    in_history_when_told = []
    async with running(queue, pool) as events:
        await queue.put(Job({}, ("1",), "job"))
        told = await until(events, JobDone)
        in_history_when_told.append(await queue.record("job"))
    order = [QueueChanged, JobTaken, RunStarted, NodeStarted, NodeFinished, RunFinished, QueueChanged, JobDone]
    assert [type(event) for event in told] == order
    assert [event.remaining for event in told if isinstance(event, QueueChanged)] == [1, 0]
    assert in_history_when_told[0] is not None


class SlowQueue(SqliteQueue):
    """Writes the end of a job down when it is let."""

    def __init__(self) -> None:
        super().__init__(":memory:")
        self.let = asyncio.Event()

    async def finish(self, job_id: str, outcome: Outcome) -> None:
        await self.let.wait()
        await super().finish(job_id, outcome)


async def test_the_end_is_told_when_it_is_kept() -> None:
    """Else a server that is killed in between would run the job again, and tell its end twice."""
    async with SlowQueue() as queue, running(queue, FakePool(RunStarted, RunFinished)) as events:
        await queue.put(Job({}, (), "job"))
        await until(events, RunStarted)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 0.1)
        queue.let.set()
        assert [type(event) for event in await until(events, JobDone)] == [RunFinished, QueueChanged, JobDone]


async def test_the_outcome_tells_what_was_shown_when_and_by_whom(queue: SqliteQueue) -> None:
    shown = {"images": [{"filename": "x.png"}]}
    pool = FakePool(
        lambda j: RunStarted(j, ("3",), at_ms=1000),
        lambda j: NodeFinished(j, INNER, shown),
        lambda j: NodeFinished(j, NODE, None),
        lambda j: RunFinished(j, at_ms=2000),
    )
    async with running(queue, pool) as events:
        await queue.put(Job({}, (), "job"))
        await until(events, JobDone)
    [record] = await queue.history()
    outcome = record.outcome
    assert (outcome.status, outcome.started_ms, outcome.finished_ms, outcome.cached) == (
        "succeeded",
        1000,
        2000,
        ("3",),
    )
    assert outcome.outputs == {"1.0.0.2": shown}
    assert outcome.nodes == {"1.0.0.2": INNER}


async def test_a_failed_run_keeps_its_failure(queue: SqliteQueue) -> None:
    failure = NodeFailure("1", "A", "no", "ValueError")
    async with running(queue, FakePool(RunStarted, lambda j: RunFailed(j, failure))) as events:
        await queue.put(Job({}, (), "job"))
        await until(events, JobDone)
    [record] = await queue.history()
    assert (record.outcome.status, record.outcome.failure) == ("failed", failure)


async def test_an_interrupted_run_keeps_where(queue: SqliteQueue) -> None:
    def cancelled(job_id: str) -> Event:
        return RunCancelled(job_id, "2", "B", ("1",), at_ms=5)

    async with running(queue, FakePool(RunStarted, cancelled)) as events:
        await queue.put(Job({}, (), "job"))
        await until(events, JobDone)
    [record] = await queue.history()
    assert (record.outcome.status, record.outcome.interrupted) == ("cancelled", cancelled("job"))


class BadError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "kind"), [(ValueError("the device is gone"), "ValueError"), (BadError("the device is gone"), ".BadError")]
)
async def test_a_pool_that_raises_fails_the_job_and_the_next_one_runs(
    queue: SqliteQueue, error: Exception, kind: str
) -> None:
    error.add_note("plug it in")
    async with running(queue, FakePool(RunStarted, lambda j: NodeFinished(j, NODE), error)) as events:
        for job_id in ("one", "two"):
            await queue.put(Job({}, (), job_id))
        told = await until(events, JobDone) + await until(events, JobDone)
    assert [type(event) for event in told].count(RunFailed) == 2
    for record in await queue.history():
        failure = record.outcome.failure
        assert failure is not None
        assert failure.message == "the device is gone\nplug it in"
        assert failure.exception_type.endswith(kind)
        assert failure.executed == ("1",)
        assert any("FakePool" in line or "raise item" in line for line in failure.traceback)


async def test_a_run_without_an_end_fails(queue: SqliteQueue) -> None:
    async with running(queue, FakePool(RunStarted)) as events:
        await queue.put(Job({}, (), "job"))
        told = await until(events, RunFailed)
    [failed] = [event for event in told if isinstance(event, RunFailed)]
    assert "without saying how" in failed.failure.message


async def test_a_pool_that_raises_after_the_end_changes_nothing(
    queue: SqliteQueue, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(queue, FakePool(RunFinished, ValueError("late"))) as events:
        await queue.put(Job({}, (), "job"))
        await until(events, JobDone)
    assert [record.outcome.status for record in await queue.history()] == ["succeeded"]
    assert "late" in caplog.text


async def test_as_many_jobs_run_as_the_pool_takes(queue: SqliteQueue) -> None:
    go_on = asyncio.Event()
    async with running(queue, FakePool(RunStarted, go_on, RunFinished, size=2)) as events:
        for job_id in "abc":
            await queue.put(Job({}, (), job_id))
        await until(events, RunStarted)
        await until(events, RunStarted)
        assert ([j.id for j in await queue.running()], len(await queue.pending())) == (["a", "b"], 1)
        go_on.set()
        for _ in "abc":
            await until(events, JobDone)
    assert len(await queue.history()) == 3


async def test_a_stop_puts_the_running_job_back_into_its_old_place(queue: SqliteQueue) -> None:
    pool = FakePool(RunStarted, asyncio.Event())
    async with running(queue, pool) as events:
        put = await queue.put(Job({}, (), "job"))
        await until(events, RunStarted)
    assert pool.cleaned == 1
    assert await queue.pending() == [replace(put, attempts=1)]
    assert await queue.history() == []
    assert [type(event) for event in [e async for e in events]] == [QueueChanged]


async def test_a_stop_after_the_end_still_writes_history(queue: SqliteQueue) -> None:
    async with running(queue, FakePool(RunStarted, RunFinished, asyncio.Event())) as events:
        await queue.put(Job({}, (), "job"))
        await until(events, RunStarted)  # the end comes in the same turn of the loop
    assert [record.outcome.status for record in await queue.history()] == ["succeeded"]
    assert [type(event) for event in [e async for e in events]] == [RunFinished, QueueChanged, JobDone]


@pytest.mark.parametrize("patience", range(0, 40, 3))
async def test_a_stop_at_any_moment_loses_no_job(queue: SqliteQueue, patience: int) -> None:
    async with running(queue, FakePool(RunStarted, RunFinished)):
        await queue.put(Job({}, (), "job"))
        for _ in range(patience):
            await asyncio.sleep(0)
    assert await queue.running() == []
    assert len(await queue.pending()) + len(await queue.history()) == 1


async def test_uninterrupted_work_ends_before_its_caller() -> None:
    gate, done = asyncio.Event(), []

    async def work(then: Callable[[], Awaitable[None]]) -> None:
        await then()
        done.append(True)

    async def wait() -> None:
        await gate.wait()

    task = asyncio.create_task(uninterrupted(work(wait)))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    gate.set()
    await asyncio.wait([task])
    assert (task.cancelled(), done) == (True, [True])


async def test_an_error_in_uninterrupted_work_is_raised() -> None:
    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await uninterrupted(fail())
