"""Section 3.2: what is wrong with one output."""

from typing import Any

import pytest

from engine.declare import node
from engine.plan import plan
from engine.workflow import read_api
from tests.semantics.stage import Stage, problems, registry
from tests.support.toys import api


def show(value: Any) -> tuple[str, dict[str, Any]]:
    return "Show", {"value": value, "style": "plain"}


@pytest.mark.rule("3.2-a", "3.2-c", "3.2-d")
def test_s3_2_a_problem_far_up_fails_the_output_and_is_told_where_it_is() -> None:
    document = api(
        n=("Number", {"value": -1}),
        a=("Add", {"a": ["n", 0], "b": 1}),
        b=("Add", {"a": ["a", 0], "b": 1}),
        o=show(["b", 0]),
    )
    found = problems(document)
    assert list(found) == ["n"]
    assert list(found["n"]) == ["errors", "dependent_outputs", "class_type"]
    assert [error["type"] for error in found["n"]["errors"]] == ["value_smaller_than_min"]
    assert (found["n"]["dependent_outputs"], found["n"]["class_type"]) == (("o",), "Number")


@pytest.mark.rule("3.2-b")
def test_s3_2_a_node_is_checked_once() -> None:
    asked = []

    @node("Asked")
    def asking(value: int) -> int:
        return value

    @asking.check()
    def count(inputs: Any, services: Any) -> list[Any]:
        asked.append(inputs["value"])
        return []

    document = api(
        n=("Asked", {"value": 1}), o=show(["n", 0]), p=show(["n", 0]), bad=("Show", {"value": ["n", 0], "style": "shy"})
    )
    assert plan(read_api(document), registry(asking.definition)).targets == ("o", "p")
    assert asked == [1]


@pytest.mark.rule("3.2-e")
def test_s3_2_only_outputs_that_need_the_node_are_its_dependents() -> None:
    """The reference may list others that failed as well; who reads the list wants to know what to mend for what."""
    document = api(
        x=("Number", {"value": -1}),
        y=("Number", {"value": -2}),
        o=show(["x", 0]),
        p=show(["y", 0]),
        s=("Add", {"a": ["x", 0], "b": ["y", 0]}),
        q=show(["s", 0]),
    )
    found = problems(document)
    assert {node_id: each["dependent_outputs"] for node_id, each in found.items()} == {"x": ("o", "q"), "y": ("p", "q")}


@pytest.mark.rule("3.2-f")
async def test_s3_2_what_is_valid_runs_without_the_rest(stage: Stage) -> None:
    prompt = api(n=("Number", {"value": -1}), bad=show(["n", 0]), good=show(4))
    told = await stage.run(prompt)
    assert list(told.answer["node_errors"]) == ["n"]
    assert told.executing() == ["good", None]
    assert told.entry["outputs"] == {"good": {"text": ["4"]}}
    assert told.entry["prompt"][4] == ["good"]
    assert told.entry["status"]["status_str"] == "success"
