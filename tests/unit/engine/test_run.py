"""The executor, through whole small workflows."""

import asyncio
import threading
import time
from typing import Any

import pytest

from engine.cache import Cache, MemoryCache, NoCache
from engine.declare import node
from engine.errors import Cancelled, CycleError, DuplicateNode, NodeFailed
from engine.events import NodeBlocked, NodeFinished, NodeProgress, RunStarted
from engine.graph import Link, Node
from engine.jobs import Job
from engine.marks import Lazy
from engine.node import Expand, Output
from engine.plan import plan
from engine.run import Run
from engine.workflow import read_api
from tests.support.toys import api, new_lanes, registry, run


async def test_values_travel_along_links() -> None:
    ran = await run(
        api(
            a=("Number", {"value": 2}),
            b=("Number", {"value": 40}),
            s=("Add", {"a": ["a", 0], "b": ["b", 0]}),
            o=("Show", {"value": ["s", 0], "style": "plain"}),
        )
    )
    assert ran.shown("o") == ["42"]
    assert ran.started.index("a") < ran.started.index("s") < ran.started.index("o")


async def test_only_what_outputs_need_runs() -> None:
    ran = await run(
        api(
            a=("Number", {"value": 1}), unused=("Boom", {"value": 1}), o=("Show", {"value": ["a", 0], "style": "plain"})
        )
    )
    assert ran.started == ["a", "o"]


async def test_outputs_are_told_apart_by_slot() -> None:
    ran = await run(api(p=("Sort", {"a": 9, "b": 3}), o=("Show", {"value": ["p", 1], "style": "loud"})))
    assert ran.shown("o") == ["9!"]


async def test_lists_are_mapped_and_joined() -> None:
    ran = await run(
        api(
            r=("Range", {"count": 4}),
            s=("Add", {"a": ["r", 0], "b": 10}),
            t=("Total", {"values": ["s", 0]}),
            o=("Show", {"value": ["t", 0], "style": "plain"}),
        )
    )
    assert ran.shown("o") == [str(10 + 11 + 12 + 13)]


@pytest.mark.parametrize("cache", [MemoryCache(10**7), NoCache()])
async def test_a_diamond_of_equal_nodes_computes_once(cache: Cache) -> None:
    calls: list[int] = []

    @node("Counted", lane="cpu")
    def counted(value: int) -> int:
        calls.append(value)
        return value

    document = api(
        a=("Counted", {"value": 5}),
        b=("Counted", {"value": 5}),
        s=("Add", {"a": ["a", 0], "b": ["b", 0]}),
        o=("Show", {"value": ["s", 0], "style": "plain"}),
    )
    ran = await run(document, counted.definition, cache=cache)
    assert ran.shown("o") == ["10"]
    assert calls == [5]


async def test_a_second_run_is_remembered_and_a_change_runs_exactly_what_it_affects() -> None:
    cache = MemoryCache(10**7)
    document = api(
        a=("Number", {"value": 1}),
        b=("Number", {"value": 2}),
        s=("Add", {"a": ["a", 0], "b": ["b", 0]}),
        o=("Show", {"value": ["s", 0], "style": "plain"}),
    )
    await run(document, cache=cache)
    again = await run(document, cache=cache)
    assert again.started == []
    assert [event.cached for event in again.events if isinstance(event, RunStarted)] == [("a", "b", "s", "o")]
    assert [(e.node.id, e.cached, e.is_output, e.ui) for e in again.events if isinstance(e, NodeFinished)] == [
        ("o", True, True, {"text": ["3"]})
    ]

    document["b"]["inputs"]["value"] = 5
    assert sorted((await run(document, cache=cache)).started) == ["b", "o", "s"]


async def test_lazy_inputs_run_only_when_asked_for() -> None:
    document = api(
        a=("Number", {"value": 1}),
        b=("Boom", {"value": 1}),
        c=("Choose", {"first": True, "a": ["a", 0], "b": ["b", 0]}),
        o=("Show", {"value": ["c", 0], "style": "plain"}),
    )
    ran = await run(document)
    assert ran.shown("o") == ["1"]
    assert "b" not in ran.started


async def test_a_lazy_input_that_is_not_connected_is_named() -> None:
    document = api(
        a=("Number", {"value": 1}), c=("Wants", {"a": ["a", 0]}), o=("Show", {"value": ["c", 0], "style": "plain"})
    )

    @node("Wants", lane="cpu")
    def wants(a: Lazy[int]) -> int:
        return a or 0

    @wants.needs
    def nothing(lists: Any) -> set[str]:
        return {"nothing"}

    with pytest.raises(NodeFailed, match="nothing"):
        await run(document, wants.definition)


async def test_a_failure_names_the_node_and_carries_its_inputs() -> None:
    with pytest.raises(NodeFailed, match=r"node b \(Boom\): ValueError: boom 7") as caught:
        await run(
            api(
                a=("Number", {"value": 7}),
                b=("Boom", {"value": ["a", 0]}),
                o=("Show", {"value": ["b", 0], "style": "plain"}),
            )
        )
    assert caught.value.inputs == {"value": [7]}
    assert isinstance(caught.value.__cause__, ValueError)


async def test_a_mapped_failure_is_one_failure() -> None:
    with pytest.raises(NodeFailed, match="boom"):
        await run(
            api(
                r=("Range", {"count": 3}),
                b=("Boom", {"value": ["r", 0]}),
                o=("Show", {"value": ["b", 0], "style": "plain"}),
            )
        )


async def test_a_blocker_silences_what_is_below_and_is_told_once() -> None:
    ran = await run(
        api(
            k=("Block", {"value": 1, "reason": "no more"}),
            s=("Add", {"a": ["k", 0], "b": 1}),
            o=("Show", {"value": ["s", 0], "style": "plain"}),
            p=("Show", {"value": 5, "style": "plain"}),
        )
    )
    assert [(e.node.id, e.reason) for e in ran.events if isinstance(e, NodeBlocked)] == [("s", "no more")]
    assert ran.shown("p") == ["5"]
    assert ran.results["o"].ui is None


async def test_a_loop_a_thousand_deep_by_expansion() -> None:
    ran = await run(api(c=("Countdown", {"value": 1000}), o=("Show", {"value": ["c", 0], "style": "plain"})))
    assert ran.shown("o") == ["100"]
    inner = next(e for e in ran.events if isinstance(e, NodeFinished) and e.node.id == "c.0.0")
    assert (inner.node.shown_as, inner.node.parent, inner.node.real) == ("c", "c.0", "c")


@pytest.mark.parametrize(
    ("nodes", "error"),
    [
        ((Node("c", "Number", {"value": 2}),), DuplicateNode),
        ((Node("x", "Add", {"a": Link("e", 0), "b": 1}),), CycleError),
    ],
)
async def test_expansions_that_cannot_work(nodes: tuple[Node, ...], error: type[Exception]) -> None:
    @node("Expanding", lane="cpu")
    def expanding(value: int) -> int:
        return Expand(nodes, (Link(nodes[0].id, 0),))  # type: ignore[return-value]

    with pytest.raises((NodeFailed, CycleError)) as caught:
        await run(
            api(
                c=("Number", {"value": 1}),
                e=("Expanding", {"value": ["c", 0]}),
                o=("Show", {"value": ["e", 0], "style": "plain"}),
            ),
            expanding.definition,
        )
    assert isinstance(caught.value.__cause__ or caught.value, error)


async def test_async_nodes_overlap() -> None:
    loop = asyncio.get_running_loop()
    before = loop.time()
    document = api(
        **{f"s{i}": ("Sleepy", {"value": i}) for i in range(20)},
        **{f"o{i}": ("Show", {"value": [f"s{i}", 0], "style": "plain"}) for i in range(20)},
    )
    ran = await run(document)
    assert [ran.shown(f"o{i}") for i in range(20)] == [[str(i)] for i in range(20)]
    assert loop.time() - before < 20 * 0.02  # one after the other would take longer than this


async def test_an_interrupt_is_felt_within_a_step_and_leaves_no_thread_behind() -> None:
    seen: list[object] = []
    working, loop = asyncio.Event(), asyncio.get_running_loop()

    def emit(event: object) -> None:
        seen.append(event)
        if isinstance(event, NodeProgress):
            loop.call_soon_threadsafe(working.set)

    definitions, lanes = registry(), new_lanes()
    checked = plan(
        read_api(api(p=("Patient", {"steps": 1000}), o=("Show", {"value": ["p", 0], "style": "plain"}))), definitions
    )
    going = Run(
        Job(prompt=checked.prompt, targets=checked.targets),
        checked.graph,
        definitions,
        MemoryCache(10**6),
        lanes,
        emit,
    )
    task = asyncio.create_task(going.execute(checked.targets))
    await working.wait()
    going.cancel()
    with pytest.raises(Cancelled):
        await task
    steps = sum(isinstance(event, NodeProgress) for event in seen)
    assert steps < 1000
    assert list(going.started) == ["p"]
    lanes.close()
    for thread in threading.enumerate():
        if thread.name.startswith("gpu"):
            thread.join(1)
    assert sum(isinstance(event, NodeProgress) for event in seen) == steps


@pytest.mark.slow
async def test_ten_thousand_nodes_in_a_chain_and_cancelling_them() -> None:
    chain = {"n0": ("Number", {"value": 1})} | {
        f"n{i}": ("Add", {"a": [f"n{i - 1}", 0], "b": 1}) for i in range(1, 10_000)
    }
    ran = await run(api(**chain, o=("Show", {"value": ["n9999", 0], "style": "plain"})))
    assert ran.shown("o") == ["10000"]

    chain["n0"] = ("Boom", {"value": 1})
    with pytest.raises(NodeFailed, match="boom"):
        await run(api(**chain, o=("Show", {"value": ["n9999", 0], "style": "plain"})))


async def test_mapped_calls_of_an_output_come_one_after_the_other_in_the_lists_order() -> None:
    seen: list[int] = []

    @node("Keep", lane="cpu", is_output=True)
    def keep(value: int) -> Output:
        time.sleep(0.02 * (3 - value))  # the first takes longest
        seen.append(value)
        return Output(ui={"kept": [value]})

    ran = await run(api(r=("Range", {"count": 4}), k=("Keep", {"value": ["r", 0]})), keep.definition)
    assert seen == ran.results["k"].ui["kept"] == [0, 1, 2, 3]
