"""Jobs through the pool of this process: the last event tells how they ended."""

import asyncio
import errno
import gc
import threading
import weakref
from typing import Annotated, Any

import pytest

from engine.cache import MemoryCache, NoCache
from engine.declare import node
from engine.errors import InvalidWorkflow
from engine.events import Event, NodeProgress, RunCancelled, RunFailed, RunFinished
from engine.jobs import Job
from engine.marks import Socket
from engine.pool_local import LocalPool
from tests.support.toys import api, new_lanes, registry


class Parts:
    def __init__(self) -> None:
        self.cache, self.unloaded = MemoryCache(10**6), 0
        self.pool = LocalPool(registry, self.cache, new_lanes(), self.unload)

    def unload(self) -> None:
        self.unloaded += 1

    async def events(self, document: dict[str, Any]) -> list[Event]:
        return [event async for event in self.pool.run(Job(prompt=document, targets=()))]


async def test_a_job_ends_well() -> None:
    parts = Parts()
    events = await parts.events(api(o=("Show", {"value": 1, "style": "plain"})))
    assert isinstance(events[-1], RunFinished)
    assert {info.name for info in await parts.pool.describe()} >= {"Show", "Add"}
    await parts.pool.close()


async def test_a_failure_is_told_as_data() -> None:
    parts = Parts()
    events = await parts.events(
        api(
            a=("Number", {"value": 1}),
            b=("Boom", {"value": ["a", 0]}),
            o=("Show", {"value": ["b", 0], "style": "plain"}),
        )
    )
    assert isinstance(events[-1], RunFailed)
    failure = events[-1].failure
    assert (failure.node_id, failure.node_type, failure.message, failure.exception_type) == (
        "b",
        "Boom",
        "boom 1",
        "ValueError",
    )
    assert failure.executed == failure.outputs == ("a",)
    assert failure.inputs == {"value": [1]}
    assert any("boom" in line for line in failure.traceback)
    await parts.pool.close()


async def test_a_job_whose_workflow_no_longer_checks_fails_with_the_reason() -> None:
    parts = Parts()
    (event,) = await parts.events(api(o=("Gone", {})))
    assert isinstance(event, RunFailed)
    assert "Gone" in event.failure.message
    with pytest.raises(InvalidWorkflow):
        await parts.pool.plan(api(o=("Gone", {})))
    assert (await parts.pool.plan(api(o=("Show", {"value": 1, "style": "plain"})))).targets == ("o",)
    await parts.pool.close()


async def test_an_interrupt_names_the_node() -> None:
    parts, last = Parts(), None
    job = Job(prompt=api(p=("Patient", {"steps": 1000}), o=("Show", {"value": ["p", 0], "style": "plain"})), targets=())
    assert not await parts.pool.cancel(job.id)
    async for event in parts.pool.run(job):
        last = event
        if isinstance(event, NodeProgress):
            await parts.pool.cancel(job.id)
    assert isinstance(last, RunCancelled)
    assert (last.node_id, last.node_type) == ("p", "Patient")
    await parts.pool.close()


async def test_leaving_a_job_in_the_middle_stops_it() -> None:
    parts = Parts()
    job = Job(prompt=api(p=("Patient", {"steps": 1000}), o=("Show", {"value": ["p", 0], "style": "plain"})), targets=())
    events = parts.pool.run(job)
    async for event in events:
        if isinstance(event, NodeProgress):
            break
    await events.aclose()  # type: ignore[attr-defined]
    assert not await parts.pool.cancel(job.id)
    await parts.pool.close()


async def test_freeing_waits_for_the_running_job() -> None:
    parts = Parts()
    document = api(p=("Patient", {"steps": 5}), o=("Show", {"value": ["p", 0], "style": "plain"}))
    async for event in parts.pool.run(Job(prompt=document, targets=())):
        if isinstance(event, NodeProgress):
            await parts.pool.free(models=True, cache=True)
            assert parts.unloaded == 0
    assert parts.unloaded == 1
    assert parts.cache.used_bytes == 0
    await parts.pool.free(models=True, cache=False)
    assert parts.unloaded == 2
    await parts.pool.close()


async def test_nodes_that_could_not_be_loaded_are_tried_again() -> None:
    tries = 0

    def load() -> Any:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ImportError("no torch yet")
        return registry()

    pool = LocalPool(load, MemoryCache(10**6), new_lanes())
    with pytest.raises(ImportError):
        await pool.describe()
    assert await pool.describe()
    await asyncio.sleep(0)
    await pool.close()


async def test_an_interrupt_while_nodes_are_loaded_is_not_lost() -> None:
    loading, asked, loop = threading.Event(), asyncio.Event(), asyncio.get_running_loop()

    def load() -> Any:
        loop.call_soon_threadsafe(asked.set)
        loading.wait(5)
        return registry()

    pool, job = (
        LocalPool(load, MemoryCache(10**6), new_lanes()),
        Job(api(o=("Show", {"value": 1, "style": "plain"})), ()),
    )
    ran = asyncio.create_task(_collected(pool, job))
    await asked.wait()
    assert await pool.cancel(job.id)
    loading.set()
    assert [type(event) for event in await ran] == [RunCancelled]
    await pool.close()


async def _collected(pool: LocalPool, job: Job) -> list[Event]:
    return [event async for event in pool.run(job)]


class Picture:
    """Something large."""


@pytest.mark.parametrize("fails", [False, True])
async def test_what_a_job_held_goes_with_it(fails: bool) -> None:
    """At once, not when Python looks for circles: that may take long, and pictures are large."""
    alive: weakref.WeakSet[Picture] = weakref.WeakSet()

    @node("Paint", lane="cpu")
    def paint() -> Annotated[Any, Socket("*")]:
        made = Picture()
        alive.add(made)
        return made

    @node("Look", lane="cpu", is_output=True)
    def look(picture: Annotated[Any, Socket("*")]) -> None:
        if fails:
            raise ValueError("cannot look")

    pool = LocalPool(lambda: registry(paint.definition, look.definition), NoCache(), new_lanes())
    await pool.registry()
    gc.collect()
    gc.disable()
    try:
        document = api(p=("Paint", {}), l=("Look", {"picture": ["p", 0]}))
        events = [event async for event in pool.run(Job(document, ("l",)))]
        assert isinstance(events[-1], RunFailed if fails else RunFinished)
        await asyncio.sleep(0)
        assert not alive
    finally:
        gc.enable()
        await pool.close()


async def test_it_is_tidied_up_after_each_job() -> None:
    tidied: list[bool] = []
    on_the_loop = threading.get_ident()
    pool = LocalPool(registry, NoCache(), new_lanes(), tidy=lambda: tidied.append(threading.get_ident() == on_the_loop))
    for _ in range(2):
        async for _event in pool.run(Job(prompt=api(o=("Show", {"value": 1, "style": "plain"})), targets=())):
            pass
    assert tidied == [False, False]
    await pool.close()


async def test_a_full_disk_is_told_in_words() -> None:
    @node("Full")
    def full() -> Annotated[int, Socket("INT")]:
        raise OSError(errno.ENOSPC, "No space left on device", "/somewhere/picture.png")

    pool = LocalPool(lambda: registry(full.definition), NoCache(), new_lanes())
    workflow = api(f=("Full", {}), o=("Show", {"value": ["f", 0], "style": "plain"}))
    last = (await _collected(pool, Job(prompt=workflow, targets=())))[-1]
    assert isinstance(last, RunFailed)
    assert "/somewhere/picture.png" in last.failure.message
    assert "The disk is full" in last.failure.message
    await pool.close()
