"""Several jobs at once in one pool: they take turns, share what they compute, and let go together."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from engine.cache import MemoryCache
from engine.context import Context
from engine.declare import node
from engine.events import Event, NodeFinished, RunCancelled, RunFailed, RunFinished
from engine.jobs import Job
from engine.node import NodeDef
from engine.pool_local import LocalPool
from tests.support.toys import api, new_lanes, registry


class Stage:
    """A pool of three jobs whose nodes of the gpu lane tell when they run; the first call waits for ``curtain``."""

    def __init__(self, *more: NodeDef) -> None:
        self.ran: list[str] = []
        self.curtain, self.unloaded, self.loop = threading.Event(), 0, asyncio.get_running_loop()
        self.reached = asyncio.Event()

        @node("Turn", lane="gpu", version="x")
        def turn(ctx: Context, a: int, name: str) -> int:
            self.loop.call_soon_threadsafe(self.reached.set)
            if not self.curtain.wait(20):
                raise TimeoutError("nobody raised the curtain")
            ctx.check()
            self.ran.append(name)
            return a + 1

        self.cache = MemoryCache(10**6)
        self.pool = LocalPool(lambda: registry(turn.definition, *more), self.cache, new_lanes(), self.unload, size=3)

    def unload(self) -> None:
        self.unloaded += 1

    def start(self, job: Job) -> asyncio.Task[list[Event]]:
        async def collect() -> list[Event]:
            return [event async for event in self.pool.run(job)]

        return asyncio.create_task(collect())

    async def together(self, *jobs: Job) -> list[list[Event]]:
        """Start them, and let them go on once all have reached the lane."""
        await self.pool.registry()
        running = [self.start(job) for job in jobs]
        await self.reached.wait()
        await asyncio.sleep(0.1)  # the others' first calls wait by then
        self.curtain.set()
        return await asyncio.gather(*running)


def chain(name: str, length: int = 3, value: int = 0, number: float = 0) -> Job:
    """``length`` calls in the gpu lane, one after the other."""
    nodes: dict[str, Any] = {"0": ("Turn", {"a": value, "name": name})}
    for i in range(1, length):
        nodes[str(i)] = ("Turn", {"a": [str(i - 1), 0], "name": name})
    nodes["end"] = ("Show", {"value": [str(length - 1), 0], "style": "plain"})
    return Job(api(**nodes), ("end",), number=number)


async def test_three_jobs_take_turns() -> None:
    stage = Stage()
    endings = await stage.together(chain("a"), chain("b", 5), chain("c"))
    assert all(isinstance(events[-1], RunFinished) for events in endings)
    assert stage.ran[:9:3] == [stage.ran[0]] * 3
    assert all(set(stage.ran[i : i + 3]) == {"a", "b", "c"} for i in (0, 3, 6))
    assert stage.ran[9:] == ["b", "b"]
    await stage.pool.close()


async def test_an_urgent_job_goes_first_at_each_turn() -> None:
    stage = Stage()
    await stage.together(chain("a"), chain("b"), chain("now", number=-1))
    assert stage.ran[1:4] == ["now"] * 3
    await stage.pool.close()


async def test_equal_nodes_of_two_jobs_run_once() -> None:
    stage = Stage()
    endings = await stage.together(chain("same"), chain("same"))
    assert stage.ran == ["same"] * 3
    shown = [[event.ui for event in events if isinstance(event, NodeFinished)][-1] for events in endings]
    assert shown == [{"text": ["3"]}] * 2
    await stage.pool.close()


async def test_what_one_job_fails_at_the_other_tries_itself() -> None:
    tries: list[int] = []

    @node("Once", lane="cpu")
    def once(value: int) -> int:
        tries.append(value)
        if len(tries) == 1:
            raise ValueError("not yet")
        return value

    stage = Stage(once.definition)
    document = api(
        a=("Turn", {"a": 1, "name": "first"}),
        b=("Once", {"value": ["a", 0]}),
        o=("Show", {"value": ["b", 0], "style": "plain"}),
    )
    endings = await stage.together(Job(document, ("o",)), Job(document, ("o",)))
    assert {type(events[-1]) for events in endings} == {RunFailed, RunFinished}
    assert tries == [2, 2]
    await stage.pool.close()


async def test_a_job_that_is_cancelled_leaves_the_others_alone() -> None:
    stage = Stage()
    await stage.pool.registry()
    going, staying = chain("going"), chain("staying", value=1)
    running = [stage.start(going), stage.start(staying)]
    await stage.reached.wait()
    await stage.pool.cancel(going.id)
    stage.curtain.set()
    gone, stayed = await asyncio.gather(*running)
    assert isinstance(gone[-1], RunCancelled)
    assert isinstance(stayed[-1], RunFinished)
    assert stage.ran == ["staying"] * 3
    await stage.pool.close()


async def test_what_is_let_go_of_waits_for_all_that_run_and_holds_up_those_that_come() -> None:
    stage = Stage()
    await stage.pool.registry()
    first, second = stage.start(chain("first")), stage.start(chain("second", value=1))
    await stage.reached.wait()
    await stage.pool.free(models=True, cache=True)
    third_job, fourth_job = chain("third", value=2), chain("fourth", value=3)
    third, fourth = stage.start(third_job), stage.start(fourth_job)
    await asyncio.sleep(0.05)
    assert await stage.pool.cancel(fourth_job.id)
    assert [type(event) for event in await fourth] == [RunCancelled]  # who waits can still be cancelled
    assert stage.unloaded == 0
    stage.curtain.set()
    await asyncio.gather(first, second)
    assert stage.unloaded == 1
    assert isinstance((await third)[-1], RunFinished)
    assert stage.ran[-3:] == ["third"] * 3
    assert stage.unloaded == 1
    await stage.pool.close()
