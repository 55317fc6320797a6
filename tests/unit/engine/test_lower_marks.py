"""What instances of subgraphs say of the widgets that they show: names in forms, and what is private."""

from __future__ import annotations

from typing import Any

from engine.exposed import Place, exposed
from engine.lower import lower
from tests.support.graphs import Json
from tests.unit.engine.test_lower import (
    INNER,
    INNER_LINKS,
    PORTS,
    REGISTRY,
    SOURCE,
    entry,
    flow,
    instance,
    link,
    nested,
    subgraph,
)
from web.v1.naming import with_values


def marked(own: Json, **more: Any) -> Json:
    return instance(properties={"wireloom": own}, **more)


def test_what_an_instance_says_of_a_widget_stands_at_the_input_inside() -> None:
    own = {"inputs": {"how many": "count"}, "private": ["how many"]}
    made = lower(nested(marked(own, widgets_values=[7])), REGISTRY)
    assert made["5:1"]["_meta"]["wireloom"] == {"inputs": {"count": "count"}, "private": ["count"]}
    assert "wireloom" not in made["5:2"]["_meta"]
    assert exposed(made).inputs == {"count": Place("5:1", "count")}


def test_the_outermost_instance_names_an_input_and_each_instance_its_own() -> None:
    part = subgraph(INNER, INNER_LINKS, **PORTS)
    inner = marked({"inputs": {"how many": "inner"}}, inputs=[entry("how many", 1, "INT")])
    around = {
        "id": "around",
        "nodes": [inner],
        "links": [link(1, -10, 0, 5, kind="INT"), link(2, 5, 0, -20)],
        "inputs": [{"name": "number", "type": "INT", "linkIds": [1]}],
        "outputs": PORTS["outputs"],
    }
    outer = [
        {"id": 7, "type": "around", "properties": {"wireloom": {"inputs": {"number": "first"}}}},
        {"id": 8, "type": "around"},
    ]
    made = lower(flow(*outer, definitions={"subgraphs": [part, around]}, version=1), REGISTRY)
    assert exposed(made).inputs == {"first": Place("7:5:1", "count"), "inner": Place("8:5:1", "count")}


def test_a_widget_that_is_several_inputs_sets_them_all() -> None:
    sources = [{**INNER[0], "id": number} for number in (1, 3)]
    part = subgraph([*sources, INNER[1]], [*INNER_LINKS, link(4, -10, 0, 3, kind="INT")], **PORTS)
    sources[1]["inputs"] = [entry("count", 4, "INT", widget={"name": "count"})]
    made = lower(flow(marked({"inputs": {"how many": "count"}}), definitions={"subgraphs": [part]}), REGISTRY)
    offered = exposed(made)
    assert offered.inputs == {"count": Place("5:1", "count")}
    assert offered.followers == {"count": [Place("5:3", "count")]}
    values = with_values(made, offered, {"count": 4}, {})
    assert [values[node_id]["inputs"]["count"] for node_id in ("5:1", "5:3")] == [4, 4]


def test_a_widget_of_a_node_inside_is_named_as_the_instance_shows_it() -> None:
    shown = marked({"inputs": {"words": "text"}}, widgets_values=["x", 7])
    shown["properties"]["proxyWidgets"] = [["1", "words"], ["-1", "how many"]]
    assert exposed(lower(nested(shown), REGISTRY)).inputs == {"text": Place("5:1", "words")}


def test_a_widget_of_an_instance_that_is_linked_cannot_be_set() -> None:
    linked = marked({"inputs": {"how many": "count"}}, inputs=[entry("how many", 8, "INT")])
    made = lower(nested(SOURCE, linked, links=[link(8, 1, 1, 5, kind="INT")]), REGISTRY)
    assert exposed(made).inputs == {}
