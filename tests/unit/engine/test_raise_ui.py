"""API format -> UI format: where nodes go, what is written, and what has no counterpart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from engine.errors import InvalidWorkflow, NotAWorkflow
from engine.lower import lower
from engine.raise_ui import raise_ui
from engine.ui_workflow import read_ui
from tests.support.graphs import Json, api_graphs, registry

REGISTRY = registry()
API: Json = {
    "2": {"class_type": "Sampler", "inputs": {"thing": ["1", 0], "seed": 2**63}, "_meta": {"title": "Mine"}},
    "1": {"class_type": "Source", "inputs": {"words": "a", "shade": "blue"}, "_meta": {"title": "A source"}},
}


def test_widgets_stand_in_a_list_as_editors_keep_them() -> None:
    source, sampler = raise_ui(API, REGISTRY)["nodes"]
    assert source["widgets_values"] == ["a", 1, False, "blue"]
    assert sampler["widgets_values"] == [2**63, "fixed", 1.0, "one", "fixed", 0]
    assert (sampler["title"], "title" in source) == ("Mine", False)  # only what is not the type's own name
    assert [entry["name"] for entry in sampler["inputs"][:3]] == ["thing", "mask", "seed"]
    assert sampler["inputs"][1]["shape"] == 7
    assert sampler["inputs"][2]["widget"] == {"name": "seed"}


def test_links_are_written_as_each_schema_has_them() -> None:
    old, new = raise_ui(API, REGISTRY), raise_ui(API, REGISTRY, version=1)
    assert (old["version"], old["last_node_id"], old["last_link_id"]) == (0.4, 2, 1)
    assert old["links"] == [[1, 1, 0, 2, 0, "THING"]]
    assert old["nodes"][0]["outputs"][0]["links"] == [1]
    assert new["state"] == {"lastGroupId": 0, "lastNodeId": 2, "lastLinkId": 1, "lastRerouteId": 0}
    ends = {"origin_id": 1, "origin_slot": 0, "target_id": 2, "target_slot": 0}
    assert new["links"] == [{"id": 1, **ends, "type": "THING"}]


def test_unknown_keys_survive_reading_and_writing() -> None:
    document = raise_ui(API, REGISTRY, version=1) | {"models": [{"name": "m"}]}
    document["nodes"][0] |= {"bgcolor": "#000", "properties": {"ver": "1"}}
    document["links"][0]["parentId"] = 4
    assert read_ui(document).dump() == document


def test_an_absent_widget_becomes_its_default() -> None:
    lowered = lower(raise_ui(API, REGISTRY), REGISTRY)
    assert lowered["1"]["inputs"] == {"words": "a", "count": 1, "loud": False, "shade": "blue"}


def test_an_id_that_is_no_number_stays_what_it_is() -> None:
    api = dict.fromkeys(("5:2", "07", "9" * 30, "12"), API["1"])
    assert [node["id"] for node in raise_ui(api, REGISTRY)["nodes"]] == ["5:2", "07", "9" * 30, 12]


@given(api=api_graphs(most=10))
def test_nodes_stand_to_the_right_of_what_feeds_them_and_do_not_overlap(api: Json) -> None:
    document = raise_ui(api, REGISTRY, version=1)
    nodes = {node["id"]: node for node in document["nodes"]}
    for link in document["links"]:
        origin, target = nodes[link["origin_id"]], nodes[link["target_id"]]
        assert origin["pos"][0] + origin["size"][0] < target["pos"][0]
    boxes = [(*node["pos"], *node["size"]) for node in nodes.values()]
    for i, (x, y, width, height) in enumerate(boxes):
        for other_x, other_y, _, other_height in boxes[i + 1 :]:
            assert x != other_x or y + height < other_y or other_y + other_height < y
        assert width > 0


def test_a_cycle_is_laid_out_too_for_the_checks_to_tell() -> None:
    ring: dict[str, Any] = {
        "1": {"class_type": "Pass", "inputs": {"thing": ["2", 0]}, "_meta": {"title": "Pass"}},
        "2": {"class_type": "Pass", "inputs": {"thing": ["1", 0]}, "_meta": {"title": "Pass"}},
    }
    assert lower(raise_ui(ring, REGISTRY), REGISTRY) == ring


@pytest.mark.parametrize(
    ("node", "said"),
    [
        ({"class_type": "Nobody", "inputs": {}}, "'Nobody' not found"),
        ({"class_type": "Pass", "inputs": {"thing": ["9", 0]}}, r"node 1 \(Pass\): its input 'thing' links to"),
        ({"class_type": "Pass", "inputs": {"thing": [1, 2, 3]}}, "expected the id of a node"),
    ],
)
def test_what_has_no_counterpart_is_refused_by_name(node: Json, said: str) -> None:
    with pytest.raises(InvalidWorkflow, match=said):
        raise_ui({"1": node}, REGISTRY)


def test_what_is_no_workflow_is_refused() -> None:
    with pytest.raises(NotAWorkflow):
        raise_ui([], REGISTRY)
