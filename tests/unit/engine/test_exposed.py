"""What a workflow exposes, in either format."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import InvalidWorkflow
from engine.exposed import Place, constants, exposed
from engine.lower import lower
from engine.raise_ui import raise_ui
from engine.registry import Registry
from tests.conformance import tiny
from tests.conformance.test_v1_jobs import UI


@pytest.fixture(scope="module")
def registry() -> Registry:
    return tiny.registry()


def workflow(**own: Any) -> dict[str, Any]:
    return {
        "1": {"class_type": "TInt", "inputs": {"v": 1, "s": "a"}, "_meta": {"title": "Number", "wireloom": own}},
        "2": {"class_type": "TOut", "inputs": {"v": ["1", 0]}, "_meta": {"wireloom": {"output": "said"}}},
        "3": {"class_type": "TOut", "inputs": {"v": ["1", 1]}},
    }


def test_names_lead_to_inputs_and_nodes() -> None:
    found = exposed(workflow(inputs={"v": "number"}))
    assert (found.inputs, found.outputs) == ({"number": Place("1", "v")}, {"said": "2"})


def test_other_keys_of_other_programs_are_passed_over() -> None:
    assert exposed({"1": {"class_type": "A", "inputs": {}, "_meta": {"other": [1]}}, "2": {}}).inputs == {}


def test_constants_are_offered_by_their_places() -> None:
    assert constants(workflow()) == {"1.v": Place("1", "v"), "1.s": Place("1", "s")}


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"inputs": {"v": "x", "s": "x"}}, r"'x' is exposed by node 1 \(Number\) and by node 1"),
        ({"output": "said"}, r"'said' is exposed by node 1 \(Number\) and by node 2 \(TOut\)"),
        ({"inputs": ["v"]}, "expected an object of input and name"),
        ({"inputs": {"v": 3}}, "is to be a text, not 3"),
        ({"output": ""}, "is to be a text, not ''"),
    ],
)
def test_what_cannot_be_told_is_refused(own: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidWorkflow, match=told):
        exposed(workflow(**own))


def test_an_input_that_is_fed_by_a_link_cannot_be_exposed() -> None:
    linked = workflow()
    linked["2"]["_meta"]["wireloom"] = {"inputs": {"v": "x"}}
    with pytest.raises(InvalidWorkflow, match=r"node 2 \(TOut\) exposes its input 'v', which is fed by another node"):
        exposed(linked)


def test_lowering_and_raising_keep_it(registry: Registry) -> None:
    lowered = lower(UI, registry)
    assert exposed(lowered).inputs == {"word": Place("1", "s"), "number": Place("1", "v")}
    assert exposed(lowered).outputs == {"said": "2"}
    raised = raise_ui(lowered, registry)
    assert [node["properties"]["wireloom"] for node in raised["nodes"]] == [
        node["properties"]["wireloom"]
        for node in UI["nodes"]  # type: ignore[index]
    ]
    assert lower(raised, registry) == lowered


def test_what_a_node_within_a_subgraph_exposes_comes_out(registry: Registry) -> None:
    inside = {**UI, "id": "sub", "name": "Sub", "links": [{"id": 1, "origin_id": 1, "origin_slot": 1}]}
    inside["links"] = [{"id": 1, "origin_id": 1, "origin_slot": 1, "target_id": 2, "target_slot": 0, "type": "STRING"}]
    document = {
        "version": 0.4,
        "nodes": [{"id": 5, "type": "sub"}],
        "links": [],
        "definitions": {"subgraphs": [inside]},
    }
    found = exposed(lower(document, registry))
    assert (found.inputs["word"], found.outputs) == (Place("5:1", "s"), {"said": "5:2"})
    document["nodes"] = [{"id": 5, "type": "sub"}, {"id": 6, "type": "sub"}]
    with pytest.raises(InvalidWorkflow, match=r"node 5:1 \(Number\) and by node 6:1 \(Number\)"):
        exposed(lower(document, registry))
