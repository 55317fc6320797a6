"""Section 3.5: what a node itself says of its inputs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.declare import node
from engine.node import InputSpec, NodeDef
from engine.plan import Plan, plan
from engine.problems import Problem, unfit
from engine.workflow import read_api
from tests.semantics.stage import problem, problems, registry
from tests.support.toys import api

NUMBER = api(n=("Number", {"value": 1}))


def planned(document: dict[str, Any], *more: NodeDef) -> Plan:
    return plan(read_api(document), registry(*more))


@pytest.mark.rule("3.5-b", "3.5-i")
def test_s3_5_a_check_gets_converted_constants_and_none_for_links() -> None:
    seen: list[Mapping[str, Any]] = []

    @node("Seen", is_output=True)
    def look(a: int, b: int, c: str, d: int | None = None) -> None: ...

    @look.check()
    def keep(inputs: Mapping[str, Any], services: Any) -> list[Problem]:
        seen.append(dict(inputs))
        return []

    inputs = {"a": "3", "b": ["n", 0], "c": {"__value__": "x"}}
    assert planned({**NUMBER, **api(o=("Seen", inputs))}, look.definition).targets == ("o",)
    assert seen == [{"a": 3, "b": None, "c": "x"}]


@pytest.mark.rule("3.5-b")
def test_s3_5_a_check_is_not_asked_about_inputs_that_are_wrong_already() -> None:
    """The reference asks it all the same, with what could not be converted."""

    def fail(inputs: Mapping[str, Any], services: Any) -> list[Problem]:
        raise AssertionError("asked")

    strict = NodeDef("Strict", fn=print, inputs=(InputSpec("a", "INT"),), is_output=True, check=fail)
    assert problem(api(o=("Strict", {"a": "?"})), "o", strict)["type"] == "invalid_input_type"
    types = replace(strict, check=None, check_types=lambda types: [unfit("a", "asked")])
    assert problem(api(o=("Strict", {"a": "?"})), "o", types)["type"] == "invalid_input_type"


@pytest.mark.rule("3.5-c")
def test_s3_5_a_check_of_types_gets_what_is_linked_and_replaces_the_built_in_one() -> None:
    seen: list[Mapping[str, Any]] = []

    def check_types(types: Mapping[str, Any]) -> list[Problem]:
        seen.append(dict(types))
        return [unfit(name, f"no {kind} here") for name, kind in types.items() if kind == "STRING"]

    inputs = InputSpec("a", "IMAGE"), InputSpec("b", "IMAGE"), InputSpec("c", "INT")
    free = NodeDef("Free", fn=print, inputs=inputs, is_output=True, check_types=check_types)
    document = {**NUMBER, **api(s=("TInt", {"v": 1, "f": 1, "s": "", "b": 1, "c": "x", "c2": "p"}))}
    document |= api(o=("Free", {"a": ["n", 0], "b": ["s", 0], "c": 1}))
    assert planned(document, free).targets == ("o",)
    assert seen == [{"a": "INT", "b": "INT"}]
    document["o"]["inputs"]["b"] = ["s", 1]
    assert problem(document, "o", free)["details"] == "b - no STRING here"


@pytest.mark.rule("3.5-c")
def test_s3_5_a_check_of_types_that_raises_is_told() -> None:
    def check_types(types: Mapping[str, Any]) -> list[Problem]:
        raise KeyError("a")

    free = NodeDef("Free", fn=print, is_output=True, check_types=check_types)
    found = problem(api(o=("Free", {})), "o", free)
    assert (found["type"], found["details"]) == ("exception_during_validation", "'a'")


@pytest.mark.rule("3.5-e")
def test_s3_5_a_check_that_names_all_inputs_replaces_all_built_in_ones() -> None:
    inputs = InputSpec("a", "INT", options={"max": 1}), InputSpec("b", "COMBO", choices=["x"])
    everything = frozenset({"a", "b"})
    free = NodeDef("Free", fn=print, inputs=inputs, is_output=True, check=lambda i, s: [], checked=everything)
    assert planned(api(o=("Free", {"a": 5, "b": "z"})), free).targets == ("o",)


@pytest.mark.rule("3.5-f", "3.5-g")
def test_s3_5_a_check_fails_with_a_text_or_without_and_for_several_inputs() -> None:
    def fail(inputs: Mapping[str, Any], services: Any) -> list[Problem]:
        return [unfit("a", "too big"), unfit("b")]

    inputs = InputSpec("a", "INT"), InputSpec("b", "INT")
    strict = NodeDef("Strict", fn=print, inputs=inputs, is_output=True, check=fail)
    (found,) = problems(api(o=("Strict", {"a": 1, "b": 2})), strict).values()
    assert [error["details"] for error in found["errors"]] == ["a - too big", "b"]
    assert {error["type"] for error in found["errors"]} == {"custom_validation_failed"}
