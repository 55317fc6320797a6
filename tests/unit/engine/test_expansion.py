"""Nodes that bring other nodes, and what is let go of on the way."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from typing import Annotated, Any

import pytest

from engine.cache import MemoryCache, NoCache
from engine.context import Context
from engine.declare import node
from engine.errors import CycleError, NodeFailed
from engine.events import NodeFinished, NodeStarted
from engine.graph import Link, Node
from engine.marks import Socket
from engine.node import Expand
from engine.subgraph import Subgraph
from tests.support.toys import api, run

Anything = Annotated[Any, Socket("*")]


def brings(name: str, *nodes: Node, value: Any) -> Any:
    """A node type that expands into these."""

    @node(name, lane="inline")
    def bringing(ctx: Context, value_in: int) -> int:
        made = tuple(replace(each, parent=ctx.node_id) for each in nodes)
        return Expand(made, (value,))  # type: ignore[return-value]

    return bringing.definition


def around(kind: str) -> dict[str, Any]:
    return api(
        n=("Number", {"value": 1}),
        e=(kind, {"value_in": ["n", 0]}),
        o=("Show", {"value": ["e", 0], "style": "plain"}),
    )


async def test_a_subgraph_is_built_by_calling_names_and_its_ids_say_where_it_comes_from() -> None:
    @node("Sum", lane="inline")
    def sum_of_squares(ctx: Context, value_in: int) -> int:
        graph = Subgraph(ctx)
        one = graph.node("Number", value=value_in + 4)
        both = graph.node("Add", a=one.out(), b=10)
        return graph.expand(both.out())  # type: ignore[return-value]

    finished = await run(around("Sum"), sum_of_squares.definition)
    assert finished.shown("o") == ["15"]
    assert finished.started == ["n", "e", "e.0.1", "e.0.2", "o"]


async def test_what_an_expansion_brings_is_remembered_across_runs() -> None:
    cache = MemoryCache(10**7)
    kind = brings("Brings", Node("i1", "Number", {"value": 7}), value=Link("i1", 0))
    await run(around("Brings"), kind, cache=cache)
    document = around("Brings")
    document["n"]["inputs"]["value"] = 2
    again = await run(document, kind, cache=cache)
    assert again.started == ["n", "e", "o"]  # their keys changed; that of what it brings did not
    assert again.shown("o") == ["7"]


async def test_an_unknown_type_in_an_expansion_is_named() -> None:
    kind = brings("Brings", Node("i1", "Nonsense", {}), value=Link("i1", 0))
    with pytest.raises(NodeFailed, match=r"node e \(Brings\).*i1 of type 'Nonsense', which does not exist"):
        await run(around("Brings"), kind)


async def test_a_dead_link_in_an_expansion_is_named() -> None:
    kind = brings("Brings", Node("i1", "Add", {"a": Link("gone", 0), "b": 1}), value=Link("i1", 0))
    with pytest.raises(NodeFailed, match="i1, whose input a links to no node: gone"):
        await run(around("Brings"), kind)


async def test_undeclared_constants_in_an_expansion_are_dropped() -> None:
    kind = brings("Brings", Node("i1", "Number", {"value": 7, "other": 1}), value=Link("i1", 0))
    assert (await run(around("Brings"), kind)).shown("o") == ["7"]


async def test_two_expansions_that_wait_for_each_other_are_a_cycle_not_a_standstill() -> None:
    first = brings("First", Node("i1", "Add", {"a": Link("e2", 0), "b": 1}), value=Link("i1", 0))
    second = brings("Second", Node("i2", "Add", {"a": Link("e1", 0), "b": 1}), value=Link("i2", 0))
    document = api(
        n=("Number", {"value": 1}),
        e1=("First", {"value_in": ["n", 0]}),
        e2=("Second", {"value_in": ["n", 0]}),
        o1=("Show", {"value": ["e1", 0], "style": "plain"}),
        o2=("Show", {"value": ["e2", 0], "style": "plain"}),
    )
    with pytest.raises(CycleError):
        await run(document, first, second)


async def test_an_output_node_in_an_expansion_runs() -> None:
    kind = brings(
        "Brings",
        Node("i1", "Number", {"value": 7}),
        Node("i2", "Show", {"value": Link("i1", 0), "style": "loud"}),
        value=Link("i1", 0),
    )
    finished = await run(around("Brings"), kind)
    shown = {e.node.id: e.ui for e in finished.events if isinstance(e, NodeFinished) and e.ui}
    assert shown == {"i2": {"text": ["7!"]}, "o": {"text": ["7"]}}


async def test_hidden_inputs_are_passed_unasked() -> None:
    seen: dict[str, Any] = {}

    @node("Hides", lane="inline")
    def hides(ctx: Context, value_in: int) -> int:
        return value_in

    def fn(value_in: int, **hidden: Any) -> int:
        seen.update(hidden)
        return value_in

    kinds = {"me": "UNIQUE_ID", "graph": "DYNPROMPT", "prompt": "PROMPT", "png": "EXTRA_PNGINFO"}
    definition = replace(hides.definition, fn=fn, wants_context=False, hidden=kinds)
    document = around("Hides")
    await run(document, definition)
    assert seen["me"] == "e"
    assert seen["prompt"] == document
    assert seen["graph"]["e"].type == "Hides"
    assert seen["png"] is None


class Picture:
    """Something whose end can be watched."""


@pytest.mark.parametrize("cache", [NoCache(), MemoryCache(1)])
async def test_a_result_goes_when_its_last_reader_has_run(cache: Any) -> None:
    alive: weakref.WeakSet[Picture] = weakref.WeakSet()
    most = 0

    @node("Paint", lane="cpu")
    def paint(before: Anything) -> Anything:
        nonlocal most
        gc.collect()
        most = max(most, len(alive))
        made = Picture()
        alive.add(made)
        return made

    chain = {f"p{i}": ("Paint", {"before": [f"p{i - 1}", 0] if i else 0}) for i in range(20)}
    document = api(**chain, end=("End", {"picture": ["p19", 0]}))

    @node("End", lane="inline", is_output=True)
    def end(picture: Anything) -> None:
        return None

    gc.freeze()  # what other tests left would have to be looked through twenty times
    try:
        await run(document, paint.definition, end.definition, cache=cache)
    finally:
        gc.unfreeze()
    assert most <= 2  # the one that is painted over, and at most one that is on its way out


async def test_branches_on_one_lane_end_one_after_the_other() -> None:
    document = api(
        **{f"a{i}": ("Patient", {"steps": [f"a{i - 1}", 0] if i else 2}) for i in range(4)},
        **{f"b{i}": ("Patient", {"steps": [f"b{i - 1}", 0] if i else 3}) for i in range(4)},
        oa=("Show", {"value": ["a3", 0], "style": "plain"}),
        ob=("Show", {"value": ["b3", 0], "style": "plain"}),
    )
    finished = await run(document)
    order = [e.node.id for e in finished.events if isinstance(e, NodeFinished) and e.node.id[0] in "ab"]
    assert order == [f"a{i}" for i in range(4)] + [f"b{i}" for i in range(4)]
    assert isinstance(finished.events[1], NodeStarted)


@pytest.mark.parametrize("cache", [MemoryCache(10**7), NoCache()])
async def test_a_result_that_was_let_go_of_is_there_again_for_an_expansion_that_wants_it(cache: Any) -> None:
    kind = brings("Late", Node("late", "Add", {"a": Link("early", 0), "b": 1}), value=Link("late", 0))
    document = api(
        n=("Number", {"value": 4}),
        early=("Add", {"a": ["n", 0], "b": 10}),
        reader=("Add", {"a": ["early", 0], "b": 0}),
        late_one=("Late", {"value_in": ["reader", 0]}),
        o=("Show", {"value": ["late_one", 0], "style": "plain"}),
    )
    finished = await run(document, kind, cache=cache)
    assert finished.shown("o") == ["15"]
    assert finished.started.count("early") == (1 if isinstance(cache, MemoryCache) else 2)
