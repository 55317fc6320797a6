"""Section 5: lists between nodes, what functions return, and blockers."""

import threading
from typing import Any, NamedTuple

import pytest

from engine.context import Context
from engine.declare import node
from engine.errors import NodeFailed
from engine.events import NodeBlocked
from engine.node import Blocked, InputSpec, NodeDef, Output, OutputSpec
from engine.subgraph import Subgraph
from tests.semantics.stage import Stage, Takes
from tests.support.toys import api, run


def gives(name: str, values: Any, *, is_list: bool = True) -> NodeDef:
    """A node whose one output is this."""
    return NodeDef(name, lambda: Output((values,)), outputs=(OutputSpec("*", "out", is_list),), lane="cpu")


def both(**inputs: Any) -> dict[str, Any]:
    return api(x=("X", {}), y=("Y", {}), t=("Takes", inputs))


@pytest.mark.rule("5-a", "5-b")
async def test_s5_a_node_that_takes_lists_is_called_once_with_all_of_them() -> None:
    takes = Takes(InputSpec("x", "*"), InputSpec("y", "*"), InputSpec("c", "INT"), takes_lists=True)
    given = both(x=["x", 0], y=["y", 0], c=7)
    await run(given, gives("X", [1, 2, 3]), gives("Y", "one", is_list=False), takes.definition)
    assert takes.given == [{"x": [1, 2, 3], "y": ["one"], "c": [7]}]


@pytest.mark.rule("5-c")
async def test_s5_other_nodes_are_called_for_each_element_and_short_lists_repeat_their_last() -> None:
    takes = Takes(InputSpec("x", "*"), InputSpec("y", "*"), InputSpec("c", "INT"))
    given = both(x=["x", 0], y=["y", 0], c=7)
    await run(given, gives("X", [1, 2, 3]), gives("Y", ["a", "b"]), takes.definition)
    calls = sorted(takes.given, key=lambda call: call["x"])
    assert calls == [{"x": 1, "y": "a", "c": 7}, {"x": 2, "y": "b", "c": 7}, {"x": 3, "y": "b", "c": 7}]


@pytest.mark.rule("5-d")
async def test_s5_a_node_without_inputs_is_called_once() -> None:
    takes = Takes()
    await run(api(t=("Takes", {})), takes.definition)
    assert takes.given == [{}]


@pytest.mark.rule("5-e")
async def test_s5_an_empty_list_among_others_fails_the_node() -> None:
    takes = Takes(InputSpec("x", "*"), InputSpec("y", "*"))
    with pytest.raises(NodeFailed, match="input x got an empty list") as caught:
        await run(both(x=["x", 0], y=["y", 0]), gives("X", []), gives("Y", [1]), takes.definition)
    assert caught.value.node.id == "t"
    assert takes.given == []


@pytest.mark.rule("5-f")
async def test_s5_if_all_lists_are_empty_there_is_one_call_without_arguments() -> None:
    takes = Takes(InputSpec("x", "*"), InputSpec("y", "*"))
    await run(both(x=["x", 0], y=["y", 0]), gives("X", []), gives("Y", []), takes.definition)
    assert takes.given == [{}]


class Two(NamedTuple):
    each: int
    many: list[int]


@node("Repeat_", lane="cpu")
def repeated(value: int) -> Two:
    return Two(value, [value] * value)


@pytest.mark.rule("5-g", "5-i", "5-n")
async def test_s5_outputs_of_the_calls_are_joined() -> None:
    takes = Takes(InputSpec("each", "*"), InputSpec("many", "*"), takes_lists=True)
    document = api(x=("X", {}), r=("Repeat_", {"value": ["x", 0]}), t=("Takes", {"each": ["r", 0], "many": ["r", 1]}))
    await run(document, gives("X", [1, 0, 3]), repeated.definition, takes.definition)
    assert takes.given == [{"each": [1, 0, 3], "many": [1, 3, 3, 3]}]


@pytest.mark.rule("5-h", "5-o")
async def test_s5_a_blocker_stands_in_every_slot_and_is_one_element_of_a_joined_list() -> None:
    @node("Odd", lane="cpu")
    def odd(value: int) -> Two:
        return Two(value, [value, value]) if value % 2 else Blocked()  # type: ignore[return-value]

    document = api(x=("X", {}), r=("Odd", {"value": ["x", 0]}), t=("Takes", {"value": ["r", 0], "many": ["r", 1]}))
    counted = Takes(InputSpec("value", "*"), InputSpec("many", "*"))
    await run(document, gives("X", [1, 2, 3]), odd.definition, counted.definition)
    # value: 1, blocker, 3; many: 1, 1, blocker, 3, 3
    assert sorted(counted.given, key=str) == [{"value": 1, "many": 1}, {"value": 3, "many": 3}, {"value": 3, "many": 3}]


@pytest.mark.rule("5-j", "5-k", "5-p")
async def test_s5_what_calls_show_is_joined_by_the_keys_of_the_first() -> None:
    @node("Tell", lane="cpu", is_output=True)
    def tell(value: int) -> Output:
        return Output(ui={"text": [value], "more": [-value]} if value == 1 else {"text": [value], "new": [0]})

    ran = await run(api(x=("X", {}), t=("Tell", {"value": ["x", 0]})), gives("X", [1, 2]), tell.definition)
    assert ran.results["t"].ui == {"text": [1, 2], "more": [-1]}


@pytest.mark.rule("5-l", "10-a")
async def test_s5_an_interrupt_is_looked_for_before_each_call(open_stage: Any) -> None:
    begun, go = threading.Event(), threading.Event()
    calls = []

    @node("Step", lane="gpu", is_output=True)
    def step(value: int) -> None:
        calls.append(value)
        begun.set()
        go.wait(5)

    stage: Stage = await open_stage(gives("X", [1, 2, 3]), step.definition)
    await stage.submit(api(x=("X", {}), s=("Step", {"value": ["x", 0]})))
    while not begun.is_set():
        await stage.get("/queue")
    await stage.server.post("/interrupt")
    go.set()
    assert (await stage.listener.until("execution_interrupted"))["data"]["node_id"] == "s"
    assert calls == [1]


@pytest.mark.rule("5-m", "7-m")
async def test_s5_ids_of_expansions_count_up_behind_the_node_and_the_call() -> None:
    @node("Twice", lane="cpu")
    def twice(ctx: Context, value: int) -> int:
        graph = Subgraph(ctx)
        first = graph.node("Number", value=value)
        return graph.expand(graph.node("Add", a=first.out(0), b=first.out(0)).out(0))  # type: ignore[return-value]

    document = api(x=("X", {}), e=("Twice", {"value": ["x", 0]}), o=("Show", {"value": ["e", 0], "style": "plain"}))
    ran = await run(document, gives("X", [1, 2]), twice.definition)
    assert {"e.0.1", "e.0.2", "e.1.1", "e.1.2"} <= set(ran.started)
    assert ran.shown("o") == ["2", "4"]


@pytest.mark.rule("5-n")
async def test_s5_a_wrong_number_of_values_fails_the_node() -> None:
    wrong = NodeDef("Wrong", lambda: (1, 2), outputs=(OutputSpec("INT", "INT"),), is_output=True)
    with pytest.raises(NodeFailed, match="Wrong returned 2 values for 1 outputs"):
        await run(api(w=("Wrong", {})), wrong)


@pytest.mark.rule("5-p", "5-q", "5-r")
@pytest.mark.parametrize(
    ("returned", "shown"), [(None, None), ((), None), (Output(), None), (Output(ui={"text": ["a"]}), {"text": ["a"]})]
)
async def test_s5_an_output_node_may_return_nothing_or_only_what_to_show(returned: Any, shown: Any) -> None:
    ends = NodeDef("Ends", lambda: returned, is_output=True)
    result = (await run(api(e=("Ends", {})), ends)).results["e"]
    assert (result.lists, result.ui) == ((), shown)


@pytest.mark.rule("5-p")
async def test_s5_values_may_come_with_what_to_show() -> None:
    gives_both = NodeDef(
        "Both", lambda: Output((5,), {"text": ["five"]}), outputs=(OutputSpec("INT", "INT"),), is_output=True
    )
    document = api(b=("Both", {}), o=("Show", {"value": ["b", 0], "style": "plain"}))
    ran = await run(document, gives_both)
    assert (ran.shown("b"), ran.shown("o")) == (["five"], ["5"])


BLOCK = api(
    b=("Block", {"value": 1, "reason": "not today"}),
    a=("Add", {"a": ["b", 0], "b": 1}),
    o=("Show", {"value": ["a", 0], "style": "plain"}),
    p=("Show", {"value": 1, "style": "plain"}),
)


@pytest.mark.rule("5-t")
async def test_s5_a_blocked_node_is_not_called() -> None:
    takes = Takes(InputSpec("x", "*"), InputSpec("y", "*"))
    await run(both(x=["x", 0], y=["y", 0]), gives("X", 1, is_list=False), gives("Y", Blocked()), takes.definition)
    assert takes.given == []


@pytest.mark.rule("5-t")
async def test_s5_of_mapped_calls_only_those_with_a_blocker_are_left_out() -> None:
    takes = Takes(InputSpec("x", "*"), InputSpec("y", "*"))
    values = gives("X", [1, Blocked(), 3])
    await run(both(x=["x", 0], y=["y", 0]), values, gives("Y", 1, is_list=False), takes.definition)
    assert sorted(call["x"] for call in takes.given) == [1, 3]


@pytest.mark.rule("5-u")
async def test_s5_a_blocker_in_a_list_blocks_a_node_that_takes_lists() -> None:
    takes = Takes(InputSpec("x", "*"), InputSpec("y", "*"), takes_lists=True)
    values = gives("X", [1, Blocked(), 3])
    await run(both(x=["x", 0], y=["y", 0]), values, gives("Y", 1, is_list=False), takes.definition)
    assert takes.given == []


@pytest.mark.rule("5-v", "5-w", "5-x", "5-y", "5-z")
async def test_s5_a_blocker_with_a_message_is_told_once_and_the_job_goes_on(stage: Stage) -> None:
    told = await stage.run(BLOCK)
    assert "b" in told.data("execution_error")[0]["executed"]
    assert told.data("execution_error") == [
        {
            "prompt_id": told.id,
            "node_id": "a",
            "node_type": "Add",
            "executed": told.data("execution_error")[0]["executed"],
            "exception_message": "Execution Blocked: not today",
            "exception_type": "ExecutionBlocked",
            "traceback": [],
            "current_inputs": [],
            "current_outputs": [],
        }
    ]
    assert [data["node"] for data in told.data("executed")] == ["p"]
    assert told.types()[-3] == "execution_success"
    assert [kind for kind, _ in told.entry["status"]["messages"]] == [
        "execution_start",
        "execution_cached",
        "execution_success",
    ]
    assert list(told.entry["outputs"]) == ["p"]


@pytest.mark.rule("5-v", "5-y")
async def test_s5_a_blocker_without_a_message_is_silent() -> None:
    document = api(b=("Block", {"value": 1, "reason": ""}), o=("Show", {"value": ["b", 0], "style": "plain"}))
    ran = await run(document)
    assert not any(isinstance(event, NodeBlocked) for event in ran.events)
    assert ran.results["o"].ui is None
