"""Section 7: nodes that have other nodes run in their place."""

from collections.abc import Callable
from typing import Any

import pytest

from engine.cache import MemoryCache
from engine.context import Context
from engine.declare import node
from engine.errors import NodeFailed
from engine.events import NodeFinished, NodeStarted
from engine.graph import Link, Node
from engine.node import Expand, InputSpec, NodeDef, OutputSpec
from engine.subgraph import Subgraph
from tests.semantics.stage import Stage, Takes
from tests.support.toys import api, run


def expands(how: Callable[[Context, int], Any], name: str = "Expands") -> NodeDef:
    """A node with one number in and one out, that returns ``how(ctx, value)``."""
    inputs, outputs = (InputSpec("value", "INT"),), (OutputSpec("INT", "INT"),)
    return NodeDef(name, lambda ctx, value: how(ctx, value), inputs, outputs, lane="cpu", wants_context=True)


def shown(value: Any = 1, kind: str = "Expands") -> dict[str, Any]:
    return api(x=(kind, {"value": value}), o=("Show", {"value": ["x", 0], "style": "plain"}))


def one(kind: str, **inputs: Any) -> Callable[[Context, int], Expand]:
    """Expands into one node."""

    def expand(ctx: Context, value: int) -> Expand:
        graph = Subgraph(ctx)
        return graph.expand(graph.node(kind, **{"value": value, **inputs}).out(0))

    return expand


@pytest.mark.rule("7-a", "7-g")
async def test_s7_a_node_returns_nodes_to_run_and_links_to_their_outputs() -> None:
    def expand(ctx: Context, value: int) -> Expand:
        graph = Subgraph(ctx)
        number = graph.node("Number", value=value)
        return graph.expand(graph.node("Add", a=number.out(0), b=10).out(0))

    assert (await run(shown(4), expands(expand))).shown("o") == ["14"]
    assert (await run(shown(4), expands(lambda ctx, value: Expand((), (value * 2,))))).shown("o") == ["8"]


@pytest.mark.rule("7-b")
async def test_s7_an_id_that_is_in_use_for_another_node_fails_the_node() -> None:
    clash = expands(lambda ctx, value: Expand((Node("o", "Number", {"value": 1}, "x"),), (Link("o", 0),)))
    with pytest.raises(NodeFailed, match="node id o is in use already: by a Show, now for a Number") as caught:
        await run(shown(), clash)
    assert caught.value.node.id == "x"


@pytest.mark.rule("7-c", "7-d", "7-i", "7-j", "7-l")
async def test_s7_the_new_nodes_are_told_with_their_parent_and_what_to_highlight() -> None:
    def inner(ctx: Context, value: int) -> Expand:
        graph = Subgraph(ctx)
        graph.node("Show", "seen", "o", value=value, style="plain")
        return graph.expand(graph.node("Number", value=value).out(0))

    ran = await run(shown(), expands(one("Inner")), expands(inner, "Inner"))
    refs = {event.node.id: event.node for event in ran.events if isinstance(event, NodeStarted)}
    first = next(name for name, ref in refs.items() if ref.parent == "x")
    deeper = {name: ref for name, ref in refs.items() if ref.parent == first}
    assert (refs[first].shown_as, refs[first].real) == ("x", "x")
    assert [(ref.shown_as, ref.real) for name, ref in deeper.items() if not name.endswith("seen")] == [("x", "x")]
    assert [(ref.shown_as, ref.real) for name, ref in deeper.items() if name.endswith("seen")] == [("o", "x")]


@pytest.mark.rule("7-e", "12-b")
async def test_s7_output_nodes_among_the_new_ones_run_and_what_they_show_is_kept(stage: Stage) -> None:
    told = await stage.run(api(x=("TExpand", {"v": 1}), o=("TOut", {"v": ["x", 0]})))
    assert told.entry["outputs"] == {"x.0.0.2": {"text": ["2"]}, "o": {"text": ["2"]}}
    assert told.entry["meta"]["x.0.0.2"] == {
        "node_id": "x.0.0.2",
        "display_node": "x",
        "parent_node": "x",
        "real_node_id": "x",
    }


@pytest.mark.rule("7-f")
async def test_s7_a_linked_value_is_the_whole_list_of_its_source() -> None:
    takes = Takes(InputSpec("all", "INT"), takes_lists=True)
    three = expands(lambda ctx, value: Expand((Node("x.r", "Range", {"count": 3}, "x"),), (Link("x.r", 0),)))
    await run(api(x=("Expands", {"value": 1}), t=("Takes", {"all": ["x", 0]})), three, takes.definition)
    assert takes.given == [{"all": [0, 1, 2]}]


@pytest.mark.rule("7-h")
async def test_s7_of_mapped_calls_some_expand_and_others_do_not() -> None:
    mixed = expands(lambda ctx, value: one("Number", value=value * 100)(ctx, value) if value % 2 else value)
    document = {**shown(["r", 0]), **api(r=("Range", {"count": 4}))}
    assert (await run(document, mixed)).shown("o") == ["0", "100", "2", "300"]


@pytest.mark.rule("7-k", "11-b")
async def test_s7_errors_name_the_real_node_and_say_where_within(open_stage: Any) -> None:
    stage: Stage = await open_stage(expands(one("Boom")))
    (error,) = (await stage.run(shown())).data("execution_error")
    assert (error["node_id"], error["node_type"]) == ("x", "Expands")
    assert error["exception_message"] == "boom 1\nin node x.0.1 (Boom)\n"
    assert error["current_inputs"] == {"value": [1]}


@pytest.mark.rule("7-l", "7-q")
async def test_s7_the_node_runs_on_until_what_it_expanded_into_has_ended(stage: Stage) -> None:
    told = await stage.run(api(x=("TExpand", {"v": 1}), o=("TOut", {"v": ["x", 0]})))
    inner = "x.0.0.1"
    assert told.data("executing")[1] == {"node": inner, "display_node": "x", "prompt_id": told.id}
    assert {data["node"] for data in told.data("progress")} == {inner}
    executed = {data["node"]: data["display_node"] for data in told.data("executed")}
    assert executed == {"x.0.0.2": "x", "o": "o"}
    states = [data["nodes"] for data in told.data("progress_state")]
    assert [s["x"]["state"] for s in states if s.get(inner, {}).get("state") == "running"] == ["running"] * 3
    assert states[-1]["x"]["state"] == "finished"
    order = [s["x"]["state"] for s in states if "x" in s]
    assert order.index("finished") > [s.get("x.0.0.2", {}).get("state") for s in states].index("finished")


@pytest.mark.rule("7-m")
async def test_s7_a_builder_names_its_nodes_by_a_running_number() -> None:
    ran = await run(shown(), expands(one("Number")))
    assert "x.0.1" in ran.started


@pytest.mark.rule("7-o", "9.1-o")
async def test_s7_what_an_expansion_computed_is_remembered() -> None:
    cache = MemoryCache(10**6)

    def expand(ctx: Context, value: int) -> Expand:
        graph = Subgraph(ctx)
        return graph.expand(graph.node("Add", a=graph.node("Number", value=7).out(0), b=value).out(0))

    again = expands(expand)
    await run(shown(1), again, cache=cache)
    assert (await run(shown(1), again, cache=cache)).started == []
    ran = await run(shown(2), again, cache=cache)
    assert ran.started == ["x", "x.0.2", "o"]
    assert [event.node.id for event in ran.events if isinstance(event, NodeFinished) and event.cached] == ["x.0.1"]


@pytest.mark.rule("7-r")
async def test_s7_expansions_nest_a_thousand_deep() -> None:
    document = api(x=("Countdown", {"value": 1000}), o=("Show", {"value": ["x", 0], "style": "plain"}))
    assert (await run(document)).shown("o") == ["100"]


@pytest.mark.rule("7-a")
async def test_s7_an_unknown_class_in_an_expansion_fails_the_node_by_name() -> None:
    with pytest.raises(NodeFailed, match=r"expands into node x\.0\.1 of type 'Gone', which does not exist"):
        await run(shown(), expands(one("Gone")))


@pytest.mark.rule("4.2-f")
async def test_s4_2_nodes_of_an_expansion_that_wait_for_each_other_end_the_job(open_stage: Any) -> None:
    def ring(ctx: Context, value: int) -> Expand:
        a = Node("x.a", "Add", {"a": Link("x.b", 0), "b": 1}, "x")
        b = Node("x.b", "Add", {"a": Link("x.a", 0), "b": 1}, "x")
        return Expand((a, b), (Link("x.a", 0),))

    stage: Stage = await open_stage(expands(ring))
    (error,) = (await stage.run(shown())).data("execution_error")
    assert error["exception_type"] == "graph.DependencyCycleError"
    assert error["exception_message"].startswith("Dependency cycle detected\n")
    assert (error["node_id"], error["traceback"], error["current_inputs"]) == ("x", [], {})


@pytest.mark.rule("4.2-f")
async def test_s4_2_an_expansion_that_waits_for_its_own_node_ends_the_job(open_stage: Any) -> None:
    inner = Node("x.a", "Add", {"a": Link("x", 0), "b": 1}, "x")
    stage: Stage = await open_stage(expands(lambda ctx, value: Expand((inner,), (Link("x.a", 0),))))
    (error,) = (await stage.run(shown())).data("execution_error")
    assert (error["exception_type"], error["node_id"]) == ("graph.DependencyCycleError", "x")


@pytest.mark.rule("7-m")
async def test_s7_an_id_that_is_used_twice_in_one_expansion_is_refused() -> None:
    def twice(ctx: Context, value: int) -> Any:
        graph = Subgraph(ctx)
        graph.node("Number", "same", value=1)
        graph.node("Number", "same", value=2)

    with pytest.raises(NodeFailed, match="node id 'same' is used twice"):
        await run(shown(), expands(twice))


@pytest.mark.rule("7-a")
async def test_s7_undeclared_inputs_of_new_nodes_are_dropped_as_in_a_prompt() -> None:
    @node("Plain", lane="cpu")
    def plain(value: int) -> int:
        return value

    assert (await run(shown(3), plain.definition, expands(one("Plain", other=5)))).shown("o") == ["3"]
