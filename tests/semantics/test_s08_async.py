"""Section 8: async nodes."""

import asyncio
from typing import Any

import pytest

from engine.context import Context, current
from engine.declare import node
from tests.semantics.stage import Stage
from tests.support.toys import api, run


class Meeting:
    """An async node whose calls end only once ``count`` of them are there at the same time."""

    def __init__(self, count: int) -> None:
        self.count, self.here, self.all = count, 0, asyncio.Event()

    async def join(self, value: int) -> int:
        self.here += 1
        if self.here == self.count:
            self.all.set()
        await asyncio.wait_for(self.all.wait(), 5)
        return value


@pytest.mark.rule("8-a")
async def test_s8_the_mapped_calls_of_an_async_node_overlap() -> None:
    meeting = Meeting(3)

    @node("Meet", is_output=True)
    async def meet(value: int) -> int:
        return await meeting.join(value)

    ran = await run(api(r=("Range", {"count": 3}), m=("Meet", {"value": ["r", 0]})), meet.definition)
    assert ran.results["m"].lists == ([0, 1, 2],)


@pytest.mark.rule("8-b", "8-d")
async def test_s8_async_nodes_overlap_and_tell_once_that_they_began() -> None:
    meeting = Meeting(2)

    @node("Meet", per_node=True)
    async def meet(value: int) -> int:
        return await meeting.join(value)

    document = api(
        m=("Meet", {"value": 1}),
        n=("Meet", {"value": 2}),
        s=("Add", {"a": ["m", 0], "b": ["n", 0]}),
        o=("Show", {"value": ["s", 0], "style": "plain"}),
    )
    ran = await run(document, meet.definition)
    assert ran.shown("o") == ["3"]
    assert sorted(ran.started) == ["m", "n", "o", "s"]


@pytest.mark.rule("8-c")
async def test_s8_an_async_node_fails_as_any_other(open_stage: Any) -> None:
    @node("Late", is_output=True)
    async def late(value: int) -> None:
        await asyncio.sleep(0)
        raise ValueError("too late")

    stage: Stage = await open_stage(late.definition)
    (error,) = (await stage.run(api(n=("Late", {"value": 1})))).data("execution_error")
    assert (error["node_id"], error["exception_message"], error["exception_type"]) == ("n", "too late\n", "ValueError")
    assert error["current_inputs"] == {"value": [1]}


@pytest.mark.rule("8-e")
@pytest.mark.parametrize("lane", ["cpu", "async"])
async def test_s8_each_call_knows_its_job_its_node_and_its_index(lane: str) -> None:
    seen = []

    def note(ctx: Context) -> None:
        seen.append((ctx.job.id, ctx.node_id, ctx.call))

    @node("Sync", is_output=True, lane="cpu")
    def sync(value: int) -> None:
        note(current.get())

    @node("Async", is_output=True)
    async def asynchronous(value: int) -> None:
        await asyncio.sleep(0)
        note(current.get())

    made = sync if lane == "cpu" else asynchronous
    kind = made.definition.name
    ran = await run(api(r=("Range", {"count": 2}), n=(kind, {"value": ["r", 0]})), made.definition)
    assert sorted(seen) == [(ran.events[0].job_id, "n", 0), (ran.events[0].job_id, "n", 1)]


@pytest.mark.rule("8-f")
async def test_s8_a_sync_node_does_not_hold_up_an_async_one() -> None:
    """In the reference it does. Here sync nodes have threads."""
    loop = asyncio.get_running_loop()
    met = asyncio.Event()

    @node("Wait", is_output=True)
    async def wait(value: int) -> None:
        await asyncio.wait_for(met.wait(), 5)

    @node("Meet", is_output=True, lane="cpu")
    def meet(value: int) -> None:
        asyncio.run_coroutine_threadsafe(_set(met), loop).result(5)

    await run(api(w=("Wait", {"value": 1}), m=("Meet", {"value": 1})), wait.definition, meet.definition)
    assert met.is_set()


async def _set(event: asyncio.Event) -> None:
    event.set()
