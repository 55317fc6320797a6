"""What the runner makes of workers that die, jobs that are urgent, and a queue that cannot store anything."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine import runner
from engine.errors import WorkerDied
from engine.events import JobDone, JobTaken, NodeFinished, NodeStarted, QueueChanged, RunFailed, RunFinished, RunStarted
from engine.jobs import Job
from engine.jobs_sqlite import SqliteQueue
from tests.support.disks import full
from tests.support.running import INNER, NODE, FakePool, all_ended, running, until
from tests.unit.contracts.queue_contract import turns

ENDS = [RunStarted, RunFinished]


@pytest.fixture
async def queue() -> AsyncIterator[SqliteQueue]:
    async with SqliteQueue(":memory:") as queue:
        yield queue


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
    both_run, alone, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
    stories = {
        "culprit": [[RunStarted, both_run, dead], [RunStarted, dead]],
        "victim": [[RunStarted, both_run, dead], [RunStarted, alone, RunFinished]],
    }
    pool = FakePool(RunStarted, go_on, RunFinished, size=2, stories=stories)
    async with running(queue, pool) as events:
        for job_id in ("culprit", "victim", "next", "last"):
            await queue.put(Job({}, (), job_id), number=1)
        await until(events, RunStarted)
        await until(events, RunStarted)
        both_run.set()
        await all_ended(events, 1)
        await until(events, RunStarted)
        await queue.put(Job({}, (), "urgent"), number=-1)
        await turns()
        assert [job.id for job in await queue.running()] == ["victim"]
        alone.set()
        go_on.set()
        await all_ended(events, 4)
    states = {record.job.id: (record.outcome.status, record.job.deaths) for record in await queue.history()}
    assert states == {
        "culprit": ("failed", 2),
        "victim": ("succeeded", 1),
        "next": ("succeeded", 0),
        "last": ("succeeded", 0),
        "urgent": ("succeeded", 0),
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
