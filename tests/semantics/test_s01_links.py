"""Section 1: what counts as a link."""

from typing import Annotated, Any

import pytest

from engine.declare import node
from engine.graph import Link
from engine.marks import Socket
from engine.plan import plan
from engine.workflow import read_api
from tests.semantics.stage import Stage, problem, registry
from tests.support.toys import api


@node("Echo", is_output=True)
def echo(value: str) -> None: ...


def given(value: Any) -> Any:
    """What a node gets for a value of its one input, a text."""
    document = api(a=("Number", {"value": 1}), e=("Anything", {"value": value}))
    return plan(read_api(document), registry(anything.definition)).graph["e"].inputs["value"]


@node("Anything", is_output=True)
def anything(value: Annotated[Any, Socket("*")]) -> None: ...


@pytest.mark.rule("1-a", "1-b")
@pytest.mark.parametrize("slot", [0, 0.0])
def test_s1_a_text_and_a_whole_number_are_a_link(slot: float) -> None:
    assert given(["a", slot]) == Link("a", 0)


@pytest.mark.rule("1-c")
@pytest.mark.parametrize("value", [3, "a", {"a": 0}, True, None, "['a', 0]"])
def test_s1_what_is_no_array_is_a_constant(value: Annotated[Any, Socket("*")]) -> None:
    assert given(value) == value


@pytest.mark.rule("1-d")
@pytest.mark.parametrize("value", [[], ["a"], ["a", 0, 0], [0, "a"], [["a", 0]], ["a", "0"], ["a", True], ["a", 0.5]])
def test_s1_any_other_array_is_a_bad_link(value: list[Any]) -> None:
    assert problem(api(e=("Echo", {"value": value})), "e", echo.definition) == {
        "type": "bad_linked_input",
        "message": "Bad linked input, must be a length-2 list of [node_id, slot_index]",
        "details": "value",
        "extra_info": {"input_name": "value", "input_config": ["STRING", {}], "received_value": value},
    }


@pytest.mark.rule("1-e")
def test_s1_an_array_comes_wrapped() -> None:
    assert given({"__value__": ["a", 0]}) == ["a", 0]
    assert given({"__value__": [1, 2, 3]}) == [1, 2, 3]


@pytest.mark.rule("1-e")
async def test_s1_a_wrapped_array_gets_to_its_node_and_stays_wrapped_in_history(open_stage: Any) -> None:
    got = []

    @node("Keep", is_output=True)
    def keep(value: Annotated[Any, Socket("*")]) -> None:
        got.append(value)

    stage: Stage = await open_stage(keep.definition)
    prompt = api(n=("Number", {"value": 1}), k=("Keep", {"value": {"__value__": ["n", 0]}}))
    told = await stage.run(prompt)
    assert got == [["n", 0]]
    assert told.entry["prompt"][2]["k"]["inputs"] == {"value": {"__value__": ["n", 0]}}
