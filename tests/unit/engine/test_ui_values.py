"""Values put into an editor's workflow: in its list, by name, and where a subgraph shows a widget outside."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from engine.exposed import Place
from engine.ui_values import with_values
from tests.support.toys import registry

REGISTRY = registry()


def workflow(**node: Any) -> dict[str, Any]:
    return {"nodes": [{"id": 3, "type": "Add", **node}], "links": []}


def test_a_list_of_another_length_gets_the_value_by_name() -> None:
    before = workflow(widgets_values=[1])
    after = with_values(before, {Place("3", "a"): 7}, REGISTRY)
    assert after["nodes"][0]["widgets_values_named"] == {"a": 7}
    assert before == workflow(widgets_values=[1])


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"widgets_values": {"a": 1}}, {"widgets_values": {"a": 7}}),
        ({"widgets_values": None, "widgets_values_named": {"b": 2}}, {"widgets_values_named": {"a": 7, "b": 2}}),
        ({"widgets_values": {"a": 1}, "widgets_values_named": {"a": 1}}, {"widgets_values_named": {"a": 7}}),
    ],
)
def test_values_by_name_are_changed_by_name(given: dict[str, Any], found: dict[str, Any]) -> None:
    (node,) = with_values(workflow(**given), {Place("3", "a"): 7}, REGISTRY)["nodes"]
    assert found.items() <= node.items()


@pytest.mark.parametrize("odd", [None, [], {"nodes": 3}, {"nodes": [{"id": 4, "type": "Add"}, None]}])
def test_what_is_not_found_stays_as_it_is(odd: Any) -> None:
    assert with_values(odd, {Place("3", "a"): 7, Place("3:4", "a"): 7}, REGISTRY) == odd


def test_a_widget_that_a_subgraph_shows_is_set_outside() -> None:
    document = json.loads(Path("workflows/blueprints/Text to image.json").read_text())
    (instance,), (definition,) = document["nodes"], document["definitions"]["subgraphs"]
    port = next(i for i, each in enumerate(definition["inputs"]) if each["name"] == "text")
    link = next(each for each in definition["links"] if each["origin_id"] == -10 and each["origin_slot"] == port)
    before = copy.deepcopy(document)
    place = Place(f"{instance['id']}:{link['target_id']}", "text")
    after = with_values(document, {place: "a hat"}, REGISTRY)
    assert after["nodes"][0]["widgets_values_named"] == {"text": "a hat"}
    assert after["definitions"] == before["definitions"]
