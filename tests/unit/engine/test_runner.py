"""From the queue through the pool to the bus and into history."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from engine import runner
from engine.bus import Bus, Subscription
from engine.errors import WorkerDied
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
from engine.graph import NodeRef
from engine.jobs import Job
from engine.jobs_sqlite import SqliteQueue
from engine.runner import Runner
from engine.tasks import uninterrupted
from tests.support.disks import full
from tests.unit.contracts.queue_contract import turns

NODE = NodeRef("1", "1", None, "1")
INNER = NodeRef("1.0.0.2", "1", "1", "1")


class FakePool:
    """Tells a story for each job; an exception in it is raised, an event object waited for. ``stories`` are those of
    single jobs, one for each attempt; ``ran`` says who ran, and beside whom."""

    def __init__(self, *story: Any, size: int = 1, stories: Mapping[str, list[list[Any]]] | None = None) -> None:
        self.story, self.size, self.cleaned = story, size, 0
        self.stories, self.running = stories or {}, set[str]()
        self.ran: list[tuple[str, set[str]]] = []

    async def run(self, job: Job) -> AsyncIterator[Event]:
        self.ran.append((job.id, set(self.running)))
        self.running.add(job.id)
        told = self.stories.get(job.id)
        try:
            for item in told[job.attempts - 1] if told else self.story:
                if isinstance(item, Exception):
                    raise item
                if isinstance(item, asyncio.Event):
                    await item.wait()
                else:
                    yield item(job.id)
        finally:
            self.running.remove(job.id)
            self.cleaned += 1


@pytest.fixture
async def queue() -> AsyncIterator[SqliteQueue]:
    async with SqliteQueue(":memory:") as queue:
        yield queue


@asynccontextmanager
async def running(queue: SqliteQueue, pool: Any) -> AsyncIterator[Subscription]:
    """A runner at work, and what is heard of it."""
    bus = Bus()
    async with bus.subscribe() as events:
        task = asyncio.create_task(Runner(queue, pool, bus).run())
        yield events
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def until(events: Subscription, kind: type[Event]) -> list[Event]:
    """Listen until there is an event of this kind."""
    told = []
    async with asyncio.timeout(5):
        async for event in events:
            told.append(event)
            if isinstance(event, kind):
                break
    return told


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


async def all_ended(events: Subscription, count: int) -> list[Event]:
    told: list[Event] = []
    for _ in range(count):
        told += await until(events, JobDone)
    return told


ENDS = [RunStarted, RunFinished]


async def test_a_job_that_a_worker_died_of_is_taken_up_again(queue: SqliteQueue) -> None:
    dies = [RunStarted, lambda j: NodeStarted(j, NODE), WorkerDied("killed by signal 9")]
    async with running(queue, FakePool(*ENDS, stories={"a": [dies, ENDS]})) as events:
        for job_id in "ab":
            await queue.put(Job({}, (), job_id))
        told = await all_ended(events, 2)
    assert [event.job_id for event in told if isinstance(event, JobDone)] == ["a", "b"]
    assert [event.attempt for event in told if isinstance(event, JobTaken)] == [1, 2, 1]
    assert not any(isinstance(event, RunFailed) for event in told)
    assert [(r.outcome.status, r.job.deaths) for r in await queue.history()] == [("succeeded", 1), ("succeeded", 0)]


async def test_a_job_that_two_workers_died_of_fails_with_the_cause_at_the_node_that_ran(queue: SqliteQueue) -> None:
    dies = [RunStarted, lambda j: NodeStarted(j, INNER), WorkerDied("killed by signal 9 (SIGKILL)")]
    prompt = {"1": {"class_type": "Abort", "inputs": {}}}
    async with running(queue, FakePool(*ENDS, stories={"a": [dies, dies]})) as events:
        await queue.put(Job(prompt, ("1",), "a"))
        told = await until(events, JobDone)
    order = [type(event) for event in told][-3:]
    assert order == [RunFailed, QueueChanged, JobDone]
    [record] = await queue.history()
    failure = record.outcome.failure
    assert failure is not None
    assert (failure.node_id, failure.node_type, failure.exception_type) == ("1", "Abort", "WorkerDied")
    assert failure.message == "killed by signal 9 (SIGKILL)"
    assert (record.job.deaths, record.job.attempts) == (2, 2)


async def test_who_lost_its_worker_because_of_another_may_lose_it_often(queue: SqliteQueue) -> None:
    innocent = [RunStarted, WorkerDied("another job did not stop", innocent=True)]
    async with running(queue, FakePool(stories={"a": [innocent, innocent, innocent, ENDS]})) as events:
        await queue.put(Job({}, (), "a"))
        await until(events, JobDone)
    [record] = await queue.history()
    assert (record.outcome.status, record.job.deaths, record.job.attempts) == ("succeeded", 0, 4)


async def test_a_job_that_a_worker_died_of_runs_by_itself(queue: SqliteQueue) -> None:
    """All that ran died with the worker; the one to blame dies again, alone, and takes nobody with it."""
    dead = WorkerDied("killed by signal 11")
    both_run, go_on = asyncio.Event(), asyncio.Event()
    stories = {
        "culprit": [[RunStarted, both_run, dead], [RunStarted, dead]],
        "victim": [[RunStarted, both_run, dead], ENDS],
        "urgent": [ENDS],
    }
    pool = FakePool(RunStarted, go_on, RunFinished, size=2, stories=stories)
    async with running(queue, pool) as events:
        for job_id in ("culprit", "victim", "next", "last"):
            await queue.put(Job({}, (), job_id), number=1)
        await until(events, RunStarted)
        await until(events, RunStarted)
        both_run.set()
        go_on.set()
        await all_ended(events, 4)
    states = {record.job.id: (record.outcome.status, record.job.deaths) for record in await queue.history()}
    assert states == {
        "culprit": ("failed", 2),
        "victim": ("succeeded", 1),
        "next": ("succeeded", 0),
        "last": ("succeeded", 0),
    }
    beside = [others for job_id, others in pool.ran[2:] if job_id in ("culprit", "victim")]
    assert beside == [set(), set()]
    assert not any({"culprit", "victim"} & others for _, others in pool.ran[2:])


async def test_an_urgent_job_does_not_wait_for_a_place_and_others_do(queue: SqliteQueue) -> None:
    go_on = asyncio.Event()
    pool = FakePool(RunStarted, go_on, RunFinished)
    async with running(queue, pool) as events:
        await queue.put(Job({}, (), "plain"))
        await until(events, RunStarted)
        await queue.put(Job({}, (), "waits"))
        await queue.put(Job({}, (), "urgent"), number=-1)
        await until(events, RunStarted)
        await queue.put(Job({}, (), "more urgent"), number=-2)
        await turns()
        assert {job.id for job in await queue.running()} == {"plain", "urgent"}
        go_on.set()
        await all_ended(events, 4)
    assert [job_id for job_id, _ in pool.ran] == ["plain", "urgent", "more urgent", "waits"]


async def test_of_two_urgent_jobs_only_the_more_urgent_goes_before_the_other(queue: SqliteQueue) -> None:
    go_on = asyncio.Event()
    async with running(queue, FakePool(RunStarted, go_on, RunFinished)) as events:
        await queue.put(Job({}, (), "urgent"), number=-2)
        await until(events, RunStarted)
        await queue.put(Job({}, (), "as urgent"), number=-2)
        await turns()
        assert [job.id for job in await queue.running()] == ["urgent"]
        await queue.put(Job({}, (), "more urgent"), number=-3)
        await until(events, RunStarted)
        assert {job.id for job in await queue.running()} == {"urgent", "more urgent"}
        go_on.set()
        await all_ended(events, 3)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "AGAIN_S", 0.01)


LARGE = {"text": ["x" * 100_000]}


async def test_a_job_that_ends_on_a_full_disk_is_in_history_once_there_is_room(
    queue: SqliteQueue, impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    pool = FakePool(RunStarted, lambda j: NodeFinished(j, NODE, LARGE), RunFinished)
    async with running(queue, pool) as events:
        with full(queue):
            await queue.put(Job({}, (), "a"))
            await until(events, RunFinished)
            await turns(50)
            assert [job.id for job in await queue.running()] == ["a"]
        await queue.put(Job({}, (), "b"))
        await all_ended(events, 2)
    assert [record.job.id for record in await queue.history()] == ["a", "b"]
    assert [job_id for job_id, _ in pool.ran] == ["a", "b"]
    assert caplog.text.count("job a must wait: nothing more can be stored") == 1


async def test_a_stop_on_a_full_disk_is_not_held_up(queue: SqliteQueue, impatient: None) -> None:
    pool = FakePool(RunStarted, lambda j: NodeFinished(j, NODE, LARGE), RunFinished)
    with full(queue):
        async with running(queue, pool) as events:
            await queue.put(Job({}, (), "a"))
            await until(events, RunFinished)
    assert [job.id for job in await queue.running()] == ["a"]


async def test_a_queue_that_cannot_give_a_job_is_asked_again(queue: SqliteQueue, impatient: None) -> None:
    await queue.put(Job({}, (), "a"))
    assert queue._db
    queue._db.execute("PRAGMA query_only = 1")
    async with running(queue, FakePool(*ENDS)) as events:
        await turns(50)
        queue._db.execute("PRAGMA query_only = 0")
        await until(events, JobDone)


async def test_what_has_no_form_as_json_fails_the_job_that_shows_it(queue: SqliteQueue) -> None:
    endless: dict[str, Any] = {}
    endless["self"] = endless
    stories = {"a": [[RunStarted, lambda j: NodeFinished(j, NODE, {"x": [endless]}), RunFinished]]}
    async with running(queue, FakePool(*ENDS, stories=stories)) as events:
        for job_id in "ab":
            await queue.put(Job({}, (), job_id))
        await all_ended(events, 2)
    first, second = await queue.history()
    assert (first.outcome.status, second.outcome.status) == ("failed", "succeeded")
    assert first.outcome.failure is not None
    assert "Circular reference" in first.outcome.failure.message


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
    async with running(queue, FakePool(RunFinished, asyncio.Event())) as events:
        await queue.put(Job({}, (), "job"))
        await until(events, RunFinished)
    assert [record.outcome.status for record in await queue.history()] == ["succeeded"]
    assert [type(event) for event in [e async for e in events]] == [QueueChanged, JobDone]


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
