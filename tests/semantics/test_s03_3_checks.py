"""Section 3.3: choices, and what a node itself says of its inputs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import InvalidWorkflow
from engine.node import InputSpec, NodeDef, OutputSpec
from engine.problems import Problem, unfit
from tests.semantics.nodes import made, planned
from tests.semantics.stage import Stage, problem, problems
from tests.support.toys import api


@pytest.mark.rule("3.3-t", "3.5-d")
def test_s3_3_a_check_that_names_an_input_replaces_its_built_in_ones() -> None:
    combo = InputSpec("c", "COMBO", choices=["x"])
    number = InputSpec("n", "INT", options={"min": 0, "max": 1})
    both = {"c": "other", "n": 5}
    free = made(combo, number, check=lambda inputs, services: [], checked=frozenset({"c", "n"}))
    assert planned(api(o=("Made", both)), free).targets == ("o",)
    half = replace(free, checked=frozenset({"c"}))
    assert problem(api(o=("Made", both)), "o", half)["type"] == "value_bigger_than_max"
    assert problem(api(o=("Made", {"c": "x", "n": "?"})), "o", free)["type"] == "invalid_input_type"


@pytest.mark.rule("3.3-u", "3.3-z")
def test_s3_3_a_choice_outside_the_list() -> None:
    assert problem(api(o=("Made", {"c": "z"})), "o", made(InputSpec("c", "COMBO", choices=["x", "y"]))) == {
        "type": "value_not_in_list",
        "message": "Value not in list",
        "details": "c: 'z' not in ['x', 'y']",
        "extra_info": {"input_name": "c", "input_config": [["x", "y"], {}], "received_value": "z"},
    }


@pytest.mark.rule("3.3-u")
@pytest.mark.parametrize("value", [1, None, True, {"a": 1}, {"__value__": ["x"]}])
def test_s3_3_a_choice_is_not_converted(value: Any) -> None:
    found = problem(api(o=("Made", {"c": value})), "o", made(InputSpec("c", "COMBO", choices=["x", "1"])))
    assert found["type"] == "value_not_in_list"


@pytest.mark.rule("3.3-v")
def test_s3_3_a_choice_outside_the_options() -> None:
    combo = InputSpec("c", "COMBO", options={"options": ["x", "y"]})
    assert planned(api(o=("Made", {"c": "y"})), made(combo)).targets == ("o",)
    assert problem(api(o=("Made", {"c": "z"})), "o", made(combo)) == {
        "type": "value_not_in_list",
        "message": "Value not in list",
        "details": "c: 'z' not in ['x', 'y']",
        "extra_info": {
            "input_name": "c",
            "input_config": ["COMBO", {"options": ["x", "y"]}],
            "received_value": "z",
        },
    }


@pytest.mark.rule("3.3-v")
def test_s3_3_a_combo_without_options_takes_anything() -> None:
    assert planned(api(o=("Made", {"c": "z"})), made(InputSpec("c", "COMBO"))).targets == ("o",)


@pytest.mark.rule("3.3-w", "3.3-x")
@pytest.mark.parametrize("form", [{"choices": ["x", "y"]}, {"options": {"options": ["x", "y"]}}])
def test_s3_3_several_choices(form: dict[str, Any]) -> None:
    options = {**form.get("options", {}), "multiselect": True}
    combo = InputSpec("c", "COMBO", choices=form.get("choices"), options=options)
    good = planned(api(o=("Made", {"c": {"__value__": ["y", "x"]}})), made(combo))
    assert good.graph["o"].inputs == {"c": ["y", "x"]}
    assert planned(api(o=("Made", {"c": {"__value__": []}})), made(combo)).targets == ("o",)
    found = problem(api(o=("Made", {"c": {"__value__": ["y", "q", "r"]}})), "o", made(combo))
    assert found["details"] == "c: 'q', 'r' not in ['x', 'y']"
    assert found["extra_info"]["received_value"] == ["y", "q", "r"]


@pytest.mark.rule("3.3-y")
@pytest.mark.parametrize(("count", "told"), [(20, str([str(i) for i in range(20)])), (21, "(list of length 21)")])
def test_s3_3_many_choices_are_counted(count: int, told: str) -> None:
    choices = [str(i) for i in range(count)]
    found = problem(api(o=("Made", {"c": "z"})), "o", made(InputSpec("c", "COMBO", choices=choices)))
    assert found["details"] == f"c: 'z' not in {told}"
    assert found["extra_info"]["input_config"] == (None if count > 20 else [choices, {}])


@pytest.mark.rule("3.3-u")
def test_s3_3_choices_are_read_once_for_all_nodes() -> None:
    read = []

    def offered() -> list[str]:
        read.append(1)
        return ["x"]

    many = made(InputSpec("c", "COMBO", choices=offered))
    planned(api(a=("Made", {"c": "x"}), b=("Made", {"c": "x"}), c=("Made", {"c": "no"})), many)
    assert read == [1]


@pytest.mark.rule("3.3-aa", "3.5-f", "3.5-g")
def test_s3_3_a_check_that_fails() -> None:
    inputs = InputSpec("a", "INT"), InputSpec("b", "INT")
    strict = made(*inputs, check=lambda inputs, services: [unfit("a", "too small"), unfit("b")])
    (found,) = problems(api(o=("Made", {"a": 1, "b": 2})), strict).values()
    assert list(found["errors"]) == [
        {
            "type": "custom_validation_failed",
            "message": "Custom validation failed for node",
            "details": details,
            "extra_info": {"input_name": name},
        }
        for name, details in (("a", "a - too small"), ("b", "b"))
    ]


def raising(inputs: Mapping[str, Any], services: Any) -> list[Problem]:
    raise InvalidWorkflow(Problem("odd", "an odd error"))


@pytest.mark.rule("3.3-ab", "3.3-ag")
async def test_s3_3_a_check_that_raises_is_a_refusal_not_a_crash(open_stage: Any) -> None:
    stage: Stage = await open_stage(made(check=raising))
    answer = await stage.post({"prompt": api(o=("Made", {}))}, 400)
    assert answer["error"]["details"] == "Exception when validating node: an odd error"
    (error,) = answer["node_errors"]["o"]["errors"]
    lines = error["extra_info"].pop("traceback")
    assert "in raising" in lines[-1]
    assert all(isinstance(line, str) for line in lines)
    assert error["extra_info"].pop("hint").startswith("the check of Made failed: InvalidWorkflow(")
    assert error == {
        "type": "exception_during_validation",
        "message": "Exception when validating node",
        "details": "an odd error",
        "extra_info": {"exception_type": "engine.errors.InvalidWorkflow"},
    }


@pytest.mark.rule("3.3-ac", "3.3-ag")
def test_s3_3_an_inner_check_that_raises_is_told_at_its_node() -> None:
    def divide(inputs: Mapping[str, Any], services: Any) -> list[Problem]:
        raise ZeroDivisionError("by nought")

    inner = NodeDef("Inner", fn=lambda: 1, outputs=(OutputSpec("INT", "INT"),), check=divide)
    found = problem(api(n=("Inner", {}), o=("Show", {"value": ["n", 0], "style": "plain"})), "n", inner)
    assert (found["type"], found["details"]) == ("exception_during_inner_validation", "by nought")
    extra = found["extra_info"]
    assert "in divide" in extra.pop("traceback")[-1]
    assert extra.pop("hint")
    assert extra == {
        "input_name": "value",
        "input_config": ["INT,FLOAT", {}],
        "exception_message": "by nought",
        "exception_type": "ZeroDivisionError",
        "linked_node": ["n", 0],
    }
