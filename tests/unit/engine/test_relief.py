"""Calls that run out of memory: what goes, that they are made once more, and what is not remembered."""

from __future__ import annotations

import errno
from collections.abc import Collection, Sequence
from typing import Annotated, Any

import pytest

from engine.cache import MemoryCache, NoCache
from engine.context import Context
from engine.declare import node
from engine.events import Event, NodeFinished, NodeNote, RunFailed, RunFinished
from engine.graph import Link, Node
from engine.jobs import Job
from engine.ledger import Ledger
from engine.marks import Socket
from engine.memory import Remembered, Weights, Working
from engine.node import Expand, NodeDef
from engine.pool_local import LocalPool
from engine.relief import is_out_of_memory
from engine.services import Services
from tests.support.toys import api, new_lanes, registry

UNET = Weights("U-Net", "a.safetensors", "float32", "cpu", 3_000_000, 0)


class FakeModels:
    """One network in memory, until it is dropped."""

    budget_bytes = 10_000_000

    def __init__(self) -> None:
        self.loaded = [UNET]

    def weights(self) -> Sequence[Weights]:
        return tuple(self.loaded)

    def drop_all(self, but: Collection[object] = ()) -> Sequence[object]:
        gone, self.loaded = self.loaded, []
        return gone


class Parts:
    """A pool with a ledger; ``Greedy`` needs more memory than there is as long as something is remembered or loaded."""

    def __init__(self) -> None:
        self.cache, self.models = MemoryCache(10**7), FakeModels()
        self.ledger = Ledger(self.cache, self.models)
        self.calls = 0
        self.rough = True

        @node("Greedy")
        def greedy(value: int) -> int:
            self.calls += 1
            if self.cache.used_bytes or self.models.loaded:
                raise MemoryError("too much")
            return value

        @node("Insatiable")
        async def insatiable(value: int) -> int:
            self.calls += 1
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 5 bytes")

        @node("Rough")
        def rough(ctx: Context, value: int) -> int:
            if self.rough:
                ctx.rung("by halves", differs=True)
            return value

        @node("Proud")
        def proud(ctx: Context, value: int) -> int:
            self.calls += 1
            ctx.rung("its own")
            raise MemoryError

        @node("Within")
        def within(ctx: Context, value: int) -> int:
            inner = Node(f"{ctx.node_id}.1", "Rough", {"value": value}, ctx.node_id)
            return Expand((inner,), (Link(inner.id, 0),))  # type: ignore[return-value]

        nodes: list[NodeDef] = [each.definition for each in (greedy, insatiable, rough, proud, within)]
        services = Services(self.ledger)
        self.pool = LocalPool(lambda: registry(*nodes, services=services), self.cache, new_lanes(), ledger=self.ledger)

    async def run(self, **nodes: tuple[str, dict[str, Any]]) -> list[Event]:
        last = list(nodes)[-1]
        document = api(**nodes, out=("Show", {"value": [last, 0], "style": "plain"}))
        return [event async for event in self.pool.run(Job(prompt=document, targets=()))]


def notes(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.node.id, event.text) for event in events if isinstance(event, NodeNote)]


def how(events: list[Event]) -> dict[str, str]:
    return {event.node.id: event.how for event in events if isinstance(event, NodeFinished)}


async def test_results_and_models_go_and_the_call_is_made_once_more() -> None:
    parts = Parts()
    await parts.run(n=("Number", {"value": 3}))
    events = await parts.run(n=("Number", {"value": 3}), g=("Greedy", {"value": ["n", 0]}))
    assert isinstance(events[-1], RunFinished)
    assert parts.calls == 2
    results, models = notes(events)
    assert results[0] == "g"
    assert results[1].startswith("out of memory: 2 remembered results (")
    assert models == ("g", "out of memory: models were unloaded: U-Net of a.safetensors (3.0 MB)")
    again = await parts.run(n=("Number", {"value": 3}), g=("Greedy", {"value": ["n", 0]}))
    assert how(again)["out"] == "memory"  # it came about as its key says
    await parts.pool.close()


async def test_what_is_still_too_much_fails_with_advice() -> None:
    parts = Parts()
    events = await parts.run(n=("Number", {"value": 3}), g=("Insatiable", {"value": ["n", 0]}))
    assert isinstance(events[-1], RunFailed)
    message = events[-1].failure.message
    assert parts.calls == 2
    assert "you tried to allocate 5 bytes" in message
    assert "weights in memory: none" in message
    assert "Try a smaller picture" in message
    assert events[-1].failure.node_id == "g"
    await parts.pool.close()


async def test_a_node_that_took_rungs_of_its_own_is_not_called_again() -> None:
    parts = Parts()
    events = await parts.run(g=("Proud", {"value": 1}))
    assert isinstance(events[-1], RunFailed)
    assert parts.calls == 1
    assert notes(events) == [("g", "out of memory: its own")]
    assert "U-Net of a.safetensors 3.0 MB" in events[-1].failure.message
    await parts.pool.close()


@pytest.mark.parametrize("kind", ["Rough", "Within"])
async def test_what_differs_is_not_remembered_nor_what_is_made_from_it(kind: str) -> None:
    parts = Parts()
    flow = {"n": ("Number", {"value": 3}), "r": (kind, {"value": ["n", 0]}), "a": ("Add", {"a": ["r", 0], "b": 1})}
    for _ in range(2):
        events = await parts.run(**flow)
        assert isinstance(events[-1], RunFinished)
        assert [text for _, text in notes(events)] == ["out of memory: by halves"]
        assert {each for each, came in how(events).items() if came == "ran"} >= {"r", "a", "out"}
    parts.rough = False
    exact = await parts.run(**flow)
    assert (how(exact)["a"], notes(exact)) == ("ran", [])
    assert how(await parts.run(**flow)) == {"out": "memory"}
    await parts.pool.close()


async def test_an_equal_node_of_the_same_job_is_no_more_exact() -> None:
    parts = Parts()
    flow = {
        "n": ("Number", {"value": 3}),
        "r": ("Rough", {"value": ["n", 0]}),
        "twin": ("Rough", {"value": ["n", 0]}),
        "a": ("Add", {"a": ["r", 0], "b": ["twin", 0]}),
    }
    for _ in range(2):
        assert how(await parts.run(**flow))["a"] == "ran"
    await parts.pool.close()


async def test_without_a_ledger_the_error_is_the_nodes() -> None:
    calls = 0

    @node("Full")
    def full(value: Annotated[Any, Socket("INT")]) -> int:
        nonlocal calls
        calls += 1
        raise MemoryError

    pool = LocalPool(lambda: registry(full.definition), NoCache(), new_lanes())
    document = api(f=("Full", {"value": 1}), o=("Show", {"value": ["f", 0], "style": "plain"}))
    events = [event async for event in pool.run(Job(prompt=document, targets=()))]
    assert isinstance(events[-1], RunFailed)
    assert (calls, events[-1].failure.exception_type) == (1, "MemoryError")
    await pool.close()


async def test_the_ledger_tells_weights_results_and_what_runs() -> None:
    parts = Parts()
    await parts.run(n=("Number", {"value": 3}))
    with parts.ledger.working(lambda: Working("job", "5", "sampling", 1000)):
        memory = await parts.pool.memory()
    assert memory.weights == (UNET,)
    assert memory.weights_budget_bytes == 10_000_000
    assert memory.remembered == (Remembered("memory", parts.cache.used_bytes, 2, 10**7),)
    assert memory.working == (Working("job", "5", "sampling", 1000),)
    assert 0 < memory.machine.resident_bytes < memory.machine.limit_bytes
    assert (await parts.pool.memory()).working == ()
    await parts.pool.close()


async def test_what_a_node_has_let_go_of_from_its_thread() -> None:
    parts = Parts()

    @node("Frees")
    def frees(ctx: Context, value: int) -> int:
        ledger = ctx.service(Ledger)
        ctx.say(f"{ledger.now(ledger.forget())}; {ledger.now(ledger.unload())}; {ledger.now(ledger.forget())}")
        return value

    pool = LocalPool(
        lambda: registry(frees.definition, services=Services(parts.ledger)),
        parts.cache,
        new_lanes(),
        ledger=parts.ledger,
    )
    document = api(
        n=("Number", {"value": 1}), f=("Frees", {"value": ["n", 0]}), o=("Show", {"value": ["f", 0], "style": "plain"})
    )
    said = [getattr(event, "text", "") async for event in pool.run(Job(prompt=document, targets=()))]
    (text,) = filter(None, said)
    first, second, third = text.split("; ")
    assert first.startswith("1 remembered results")
    assert second.startswith("models were unloaded: U-Net")
    assert third == "None"
    await pool.close()


class OutOfMemoryError(Exception):
    """As torch's for a device."""


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (OutOfMemoryError(), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (RuntimeError("unable to mmap 5 bytes from file </a>: Cannot allocate memory (12)"), True),
        (RuntimeError("could not create a primitive"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (ValueError("cannot allocate memory"), False),
    ],
)
def test_errors_that_mean_out_of_memory(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected
