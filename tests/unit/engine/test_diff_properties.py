"""What holds of the difference of two workflows whatever the workflow."""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st

from engine.diff import Difference, difference
from engine.raise_ui import raise_ui
from tests.support.graphs import Drawn, Json, api_graphs, as_saved, registry

REGISTRY = registry()
NOTHING = Difference()


@st.composite
def redrawn(draw: st.DrawFn) -> Drawn:
    """An editor's workflow at random, with subgraphs, reroutes, notes, muted and bypassed nodes."""
    api = draw(api_graphs())
    drawn = Drawn(raise_ui(api, REGISTRY, version=1), api, draw)
    for _ in range(draw(st.integers(0, 5))):
        drawn.redraw()
    return drawn


@given(drawn=redrawn())
def test_a_workflow_is_the_same_as_itself(drawn: Drawn) -> None:
    assert difference(drawn.api, drawn.api, REGISTRY) == NOTHING
    assert difference(as_saved(drawn.ui), drawn.ui, REGISTRY) == NOTHING


@given(drawn=redrawn())
def test_formats_reroutes_primitives_and_borders_are_no_difference(drawn: Drawn) -> None:
    """What was redrawn without a change of its meaning is lowered, where the other is in API format."""
    assert difference(drawn.api, as_saved(drawn.ui), REGISTRY) == NOTHING
    assert difference(drawn.ui, drawn.api, REGISTRY) == NOTHING


@given(api=api_graphs(most=10), data=st.data())
def test_order_and_ids_of_the_api_format_are_no_difference(api: Json, data: st.DataObject) -> None:
    assert difference(api, renumbered_api(api, data), REGISTRY) == NOTHING


@given(drawn=redrawn(), data=st.data())
def test_places_looks_order_and_ids_of_an_editor_are_no_difference(drawn: Drawn, data: st.DataObject) -> None:
    moved = as_saved(drawn.ui)
    for graph in (moved, *moved["definitions"]["subgraphs"]):
        for node in graph["nodes"]:
            node |= {
                "pos": [data.draw(st.integers(0, 99)), 0],
                "size": [7, 7],
                "color": "#322",
                "flags": {"pinned": True},
            }
        if graph is moved or not names_inner_nodes(moved):
            renumber_ui(graph, data)
        graph["nodes"] = data.draw(st.permutations(graph["nodes"]))
    assert difference(drawn.ui, moved, REGISTRY) == NOTHING


def renumbered_api(api: Json, data: st.DataObject) -> Json:
    """Other ids, perhaps those of other nodes, and another order."""
    ids = [*api, *(f"new {i}" for i in range(len(api)))]
    new = dict(zip(api, data.draw(st.permutations(ids)), strict=False))
    made = {new[node_id]: copy.deepcopy(node) for node_id, node in data.draw(st.permutations(list(api.items())))}
    for node in made.values():
        for name, value in node["inputs"].items():
            if isinstance(value, list):
                node["inputs"][name] = [new[value[0]], value[1]]
    return made


def names_inner_nodes(ui: Json) -> bool:
    """Whether instances name the widgets of nodes within by the ids of these."""
    parts = ui["definitions"]["subgraphs"]
    nodes = [node for graph in (ui, *parts) for node in graph["nodes"]]
    return any(part.get("widgets") for part in parts) or any(
        "proxyWidgets" in node.get("properties", {}) for node in nodes
    )


def renumber_ui(graph: Json, data: st.DataObject) -> None:
    """Other ids of nodes, perhaps those of other nodes."""
    ids = [node["id"] for node in graph["nodes"]]
    new = dict(zip(ids, data.draw(st.permutations([*ids, *range(5000, 5000 + len(ids))])), strict=False))
    for node in graph["nodes"]:
        node["id"] = new[node["id"]]
    for link in graph["links"]:
        link["origin_id"] = new.get(link["origin_id"], link["origin_id"])
        link["target_id"] = new.get(link["target_id"], link["target_id"])
