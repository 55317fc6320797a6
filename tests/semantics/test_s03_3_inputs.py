"""Section 3.3: what may stand for an input. Whole error objects, as clients get them."""

from typing import Any

import pytest

from engine.node import InputSpec
from tests.semantics.nodes import LIMITED, four, fours, made, maybe, planned
from tests.semantics.stage import Stage, problem, problems
from tests.support.toys import api


@pytest.mark.rule("3.3-a", "3.3-b")
def test_s3_3_what_is_missing_is_told_in_the_order_of_the_declaration() -> None:
    (found,) = problems(api(o=("Four", {})), four.definition).values()
    assert list(found["errors"]) == [
        {
            "type": "required_input_missing",
            "message": "Required input is missing",
            "details": name,
            "extra_info": {"input_name": name},
        }
        for name in "ifsb"
    ]


@pytest.mark.rule("3.3-a")
def test_s3_3_all_problems_of_a_node_are_told_in_the_order_of_the_declaration() -> None:
    (found,) = problems(fours(i=99, f="x", b=["gone"]), four.definition).values()
    assert [error["extra_info"]["input_name"] for error in found["errors"]] == ["i", "f", "b"]


@pytest.mark.rule("3.3-c")
def test_s3_3_an_absent_optional_input_is_skipped_and_a_present_one_checked() -> None:
    assert planned(api(o=("Maybe", {"value": 1})), maybe.definition).graph["o"].inputs == {"value": 1}
    found = problem(api(o=("Maybe", {"value": 1, "more": 11})), "o", maybe.definition)
    assert found["type"] == "value_bigger_than_max"


@pytest.mark.rule("3.3-d")
@pytest.mark.parametrize("extra", [1, ["n", 0], ["gone", 0], [], {"__value__": []}, None])
def test_s3_3_undeclared_inputs_are_ignored(extra: Any) -> None:
    document = {**api(n=("Number", {"value": -1})), **fours(more=extra)}
    assert "more" not in planned(document, four.definition).graph["o"].inputs


@pytest.mark.rule("3.3-d", "3.3-i", "3.3-q")
def test_s3_3_what_a_node_takes_beyond_its_declaration_is_checked_by_its_template() -> None:
    more = made(InputSpec("a", "INT"), extra=InputSpec("", "STRING", required=False))
    document = api(n=("Number", {"value": 1}), o=("Made", {"x": 5, "a": "1", "y": {"__value__": 2}}))
    assert planned(document, more).graph["o"].inputs == {"x": "5", "a": 1, "y": "2"}
    document["o"]["inputs"]["x"] = ["n", 0]
    assert problem(document, "o", more)["details"] == "x, received_type(INT) mismatch input_type(STRING)"
    document["o"]["inputs"]["x"] = ["n"]
    assert problem(document, "o", more)["type"] == "bad_linked_input"
    document["n"]["inputs"] = {}
    document["o"]["inputs"]["x"] = ["n", 0]
    assert sorted(problems(document, more)) == ["n", "o"]


def converted(name: str, value: Any) -> Any:
    """What becomes of a constant: the same to the node and in the prompt."""
    checked = planned(fours(**{name: value}), four.definition)
    kept = checked.graph["o"].inputs[name]
    assert checked.prompt["o"]["inputs"][name] == kept
    assert type(checked.prompt["o"]["inputs"][name]) is type(kept)
    return kept


@pytest.mark.rule("3.3-k")
@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("i", {"__value__": "7"}, 7),
        ("s", {"__value__": [1, "a"]}, "[1, 'a']"),
        ("s", {"__value__": {"__value__": 1}}, "{'__value__': 1}"),
        ("b", {"__value__": []}, False),
    ],
)
def test_s3_3_wrapped_constants_are_unwrapped(name: str, value: Any, kept: Any) -> None:
    assert converted(name, value) == kept


@pytest.mark.rule("3.3-l", "3.3-p")
@pytest.mark.parametrize(("value", "kept"), [(3.7, 3), ("5", 5), (" 5 ", 5), (True, 1), (False, 0), (2, 2)])
def test_s3_3_integers(value: Any, kept: int) -> None:
    assert converted("i", value) == kept
    assert type(converted("i", value)) is int


@pytest.mark.rule("3.3-m", "3.3-p")
@pytest.mark.parametrize(("value", "kept"), [(3, 3.0), ("0.25", 0.25), ("1e2", 100.0), (True, 1.0)])
def test_s3_3_floats(value: Any, kept: float) -> None:
    assert converted("f", value) == kept
    assert type(converted("f", value)) is float


@pytest.mark.rule("3.3-n", "3.3-p")
@pytest.mark.parametrize(
    ("value", "kept"), [(3, "3"), (1.5, "1.5"), (True, "True"), (None, "None"), ({"a": [1]}, "{'a': [1]}"), ("", "")]
)
def test_s3_3_texts(value: Any, kept: str) -> None:
    assert converted("s", value) == kept


@pytest.mark.rule("3.3-o", "3.3-p")
@pytest.mark.parametrize(("value", "kept"), [("false", True), ("", False), (0, False), (2, True), (None, False)])
def test_s3_3_truth(value: Any, kept: bool) -> None:
    assert converted("b", value) is kept


@pytest.mark.rule("3.3-p")
async def test_s3_3_converted_constants_are_in_history(stage: Stage) -> None:
    prompt = api(n=("Number", {"value": "3"}), o=("Show", {"value": ["n", 0], "style": "plain"}))
    told = await stage.run(prompt)
    assert told.entry["prompt"][2]["n"]["inputs"] == {"value": 3}


@pytest.mark.rule("3.3-q")
@pytest.mark.parametrize(
    ("name", "value", "type_", "error"),
    [
        ("i", "zz", "INT", "invalid literal for int() with base 10: 'zz'"),
        ("i", "3.7", "INT", "invalid literal for int() with base 10: '3.7'"),
        ("f", "zz", "FLOAT", "could not convert string to float: 'zz'"),
        ("f", "nan", "FLOAT", "not a finite number"),
    ],
)
def test_s3_3_a_constant_that_cannot_be_converted(name: str, value: Any, type_: str, error: str) -> None:
    assert problem(fours(**{name: value}), "o", four.definition) == {
        "type": "invalid_input_type",
        "message": f"Failed to convert an input value to a {type_} value",
        "details": f"{name}, {value}, {error}",
        "extra_info": {
            "input_name": name,
            "input_config": LIMITED if name == "i" else ["FLOAT", {"default": 0.5}],
            "received_value": value,
            "exception_message": error,
        },
    }


@pytest.mark.rule("3.3-q")
@pytest.mark.parametrize("value", [None, {"a": 1}, float("inf")])
def test_s3_3_null_and_objects_are_no_numbers(value: Any) -> None:
    assert problem(fours(i=value), "o", four.definition)["type"] == "invalid_input_type"
    assert problem(fours(f=value), "o", four.definition)["type"] == "invalid_input_type"


@pytest.mark.rule("3.3-q")
def test_s3_3_a_model_cannot_be_written_down() -> None:
    """The reference lets any constant through and fails in the node."""
    model = made(InputSpec("model", "MODEL", link_only=True))
    found = problem(api(o=("Made", {"model": "sd15"})), "o", model)
    assert found["message"] == "Failed to convert an input value to a MODEL value"


@pytest.mark.rule("3.3-r", "3.3-s")
@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (-1, "value_smaller_than_min", "Value -1 smaller than min of 0"),
        ("-3", "value_smaller_than_min", "Value -3 smaller than min of 0"),
        (11, "value_bigger_than_max", "Value 11 bigger than max of 10"),
    ],
)
def test_s3_3_limits(value: Any, kind: str, message: str) -> None:
    assert problem(fours(i=value), "o", four.definition) == {
        "type": kind,
        "message": message,
        "details": "i",
        "extra_info": {"input_name": "i", "input_config": LIMITED, "received_value": int(value)},
    }


@pytest.mark.rule("3.3-r", "3.3-s")
@pytest.mark.parametrize("value", [0, 10, 10.9])
def test_s3_3_limits_are_inclusive_and_looked_at_after_conversion(value: float) -> None:
    assert converted("i", value) == int(value)


@pytest.mark.rule("3.3-ah")
def test_s3_3_of_a_dotted_name_the_last_part_is_told() -> None:
    found = problem(api(o=("Made", {})), "o", made(InputSpec("mode.size.width", "INT")))
    assert found["details"] == "width"
    assert found["extra_info"] == {"input_name": "mode.size.width"}


@pytest.mark.rule("3.3-z")
def test_s3_3_options_show_lazy() -> None:
    lazy = made(InputSpec("value", "STRING", lazy=True), needs=lambda lists: set())
    found = problem(api(o=("Made", {"value": []})), "o", lazy)
    assert found["extra_info"]["input_config"] == ["STRING", {"lazy": True}]
