"""What takes the place of node types that are no longer there."""

from typing import Any

import pytest

from engine.registry import Registry
from engine.replacements import NewInput, Replacement, replaced
from engine.workflow import read_api
from tests.support.toys import TOYS, api


def made_of(document: dict[str, Any], *replacements: Replacement) -> dict[str, Any]:
    """The document, with the toys known and these replacements registered."""
    registry = Registry()
    registry.add(*(toy.definition for toy in TOYS))
    registry.replace(*replacements)
    return replaced(read_api(document), registry.replacements, registry).dump()


def test_a_type_without_mappings_is_only_renamed() -> None:
    document = api(a=("Old", {"value": 1}), b=("Show", {"value": ["a", 1]}))
    assert made_of(document, Replacement("Old", "Number")) == api(
        a=("Number", {"value": 1}), b=("Show", {"value": ["a", 1]})
    )


def test_inputs_come_from_old_ones_or_are_constants_and_others_go() -> None:
    inputs = NewInput("value", old="amount"), NewInput("style", value="plain"), NewInput("gone", old="absent")
    document = api(a=("Old", {"amount": ["n", 0], "rest": 3}), n=("Number", {"value": 1}))
    found = made_of(document, Replacement("Old", "Show", inputs=inputs))
    assert found["a"] == {"class_type": "Show", "inputs": {"value": ["n", 0], "style": "plain"}}


def test_links_to_a_replaced_node_follow_its_outputs_also_from_another_one() -> None:
    document = api(
        a=("Old", {}), b=("Old", {"value": ["a", 1]}), c=("Show", {"value": ["b", 0.0], "other": ["a", 2], "n": [1, 2]})
    )
    found = made_of(document, Replacement("Old", "Number", outputs={0: 1, 1: 0}))
    assert found["b"]["inputs"] == {"value": ["a", 0]}
    assert found["c"]["inputs"] == {"value": ["b", 1], "other": ["a", 2], "n": [1, 2]}


def test_a_known_type_is_never_replaced_and_the_first_replacement_counts() -> None:
    document = api(a=("Number", {"value": 1}), b=("Old", {}))
    found = made_of(document, Replacement("Number", "Show"), Replacement("Old", "Number"), Replacement("Old", "Show"))
    assert [node["class_type"] for node in found.values()] == ["Number", "Number"]


def test_what_else_a_node_carries_stays() -> None:
    document = {"a": {"class_type": "Old", "inputs": {}, "_meta": {"title": "Mine"}, "is_changed": 3}, "b": {"x": 1}}
    found = made_of(document, Replacement("Old", "Number"))
    assert found["a"] == {"class_type": "Number", "inputs": {}, "_meta": {"title": "Mine"}, "is_changed": 3}
    assert found["b"]["x"] == 1


def test_a_new_input_is_an_old_one_or_a_constant() -> None:
    with pytest.raises(ValueError, match="'x' needs either an old input or a value"):
        NewInput("x")
    assert NewInput("x", value=None).value is None
