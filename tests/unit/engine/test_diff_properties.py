"""What holds of the difference of two workflows whatever the workflow."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TypeAlias

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.checks import is_link, unwrapped
from engine.diff import difference
from engine.diff_reading import MODES
from engine.differences import Difference
from engine.raise_ui import raise_ui
from tests.support.graphs import Drawn, Json, api_graphs, as_saved, registry

REGISTRY = registry()
NOTHING = Difference()

Expected: TypeAlias = Callable[[Difference], bool]


def change_value(api: Json, data: st.DataObject) -> Expected | None:
    held = [(i, name) for i, node in api.items() for name, value in node["inputs"].items() if not is_link(value)]
    if not held:
        return None
    node_id, name = data.draw(st.sampled_from(held))
    before, after = api[node_id]["inputs"][name], "another"
    api[node_id]["inputs"][name] = after
    return lambda found: (
        len(found) == 1
        and (found.values[0].node.a, found.values[0].node.b, found.values[0].input) == (node_id, node_id, name)
        and (found.values[0].before, found.values[0].after) == (unwrapped(before), after)
    )


def links_of(api: Json) -> list[tuple[str, str]]:
    return [(i, name) for i, node in api.items() for name, value in node["inputs"].items() if is_link(value)]


def cut(api: Json, data: st.DataObject) -> Expected | None:
    if not (linked := links_of(api)):
        return None
    node_id, name = data.draw(st.sampled_from(linked))
    source, slot = api[node_id]["inputs"].pop(name)
    return lambda found: (
        len(found) == 1
        and (found.links[0].node.b, found.links[0].input, found.links[0].after) == (node_id, name, None)
        and found.links[0].before is not None
        and (found.links[0].before.node.a, found.links[0].before.slot) == (source, slot)
    )


def relink(api: Json, data: st.DataObject) -> Expected | None:
    if not (linked := links_of(api)):
        return None
    node_id, name = data.draw(st.sampled_from(linked))
    earlier = list(api)[: list(api).index(node_id)]
    source = data.draw(st.sampled_from(earlier))
    if source == api[node_id]["inputs"][name][0]:
        return None
    api[node_id]["inputs"][name] = [source, 0]
    return lambda found: (
        len(found) == 1
        and (found.links[0].node.b, found.links[0].input) == (node_id, name)
        and found.links[0].after is not None
        and (found.links[0].after.node.b, found.links[0].after.slot) == (source, 0)
    )


def retitle(api: Json, data: st.DataObject) -> Expected:
    node_id = data.draw(st.sampled_from(list(api)))
    before, api[node_id]["_meta"] = api[node_id]["_meta"]["title"], {"title": "Another"}
    return lambda found: (
        len(found) == 1
        and (found.nodes[0].node.b, found.nodes[0].what) == (node_id, "title")
        and (found.nodes[0].before, found.nodes[0].after) == (before, "Another")
    )


def expose(api: Json, data: st.DataObject) -> Expected:
    node_id = data.draw(st.sampled_from(list(api)))
    api[node_id]["_meta"]["wireloom"] = {"output": "picture"}
    return lambda found: len(found) == 1 and (found.nodes[0].node.b, found.nodes[0].what) == (node_id, "exposes")


def retype(api: Json, data: st.DataObject) -> Expected | None:
    """Found as such where the node has a neighbour still; else as one that went and one that came."""
    node_id = data.draw(st.sampled_from(list(api)))
    if api[node_id]["class_type"] == "Pass":
        return None
    api[node_id]["class_type"] = "Pass"
    return lambda found: (
        [(change.node.b, change.what) for change in found.nodes] == [(node_id, "type")]
        or ([each.a for each in found.only_a], [each.b for each in found.only_b]) == ([node_id], [node_id])
    )


def add(api: Json, data: st.DataObject) -> Expected:
    api["new"] = {"class_type": "Late", "inputs": {"words": "x"}, "_meta": {"title": "New"}}
    return lambda found: len(found) == 1 and (found.only_b[0].b, found.only_b[0].title) == ("new", "New")


def remove(api: Json, data: st.DataObject) -> Expected:
    node_id = data.draw(st.sampled_from(list(api)))
    del api[node_id]
    for user, name in links_of(api):
        if api[user]["inputs"][name][0] == node_id:
            del api[user]["inputs"][name]
    return lambda found: [each.a for each in found.only_a] == [node_id] and not (found.only_b or found.values)


EDITS: dict[str, Callable[[Json, st.DataObject], Expected | None]] = {
    each.__name__: each for each in (change_value, cut, relink, retitle, expose, retype, add, remove)
}


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


@pytest.mark.parametrize("name", sorted(EDITS))
@given(api=api_graphs(), ways=st.sampled_from([(False, False), (True, True), (False, True)]), data=st.data())
def test_every_edit_is_found_and_named(name: str, api: Json, ways: tuple[bool, bool], data: st.DataObject) -> None:
    for node_id, node in api.items():
        node["_meta"] = {"title": f"called {node_id}"}  # else a link to a twin of its source would be no difference
    edited = copy.deepcopy(api)
    expected = EDITS[name](edited, data)
    assume(expected is not None)
    assert expected is not None
    one, other = (raise_ui(each, REGISTRY) if ui else each for each, ui in zip((api, edited), ways, strict=True))
    found = difference(one, other, REGISTRY)
    assert expected(found), found
    assert difference(one, renumbered_api(edited, data), REGISTRY), "with other ids it is found, too"


@given(drawn=redrawn(), mode=st.sampled_from([2, 4]), data=st.data())
def test_a_mode_or_title_is_found_and_named_wherever_the_node_is(drawn: Drawn, mode: int, data: st.DataObject) -> None:
    edited = as_saved(drawn.ui)
    graphs = (edited, *edited["definitions"]["subgraphs"])
    nodes = [node for graph in graphs for node in graph["nodes"] if node["type"] not in ("Reroute", "PrimitiveNode")]
    assume(nodes)
    node = data.draw(st.sampled_from(nodes))
    before = node["mode"]
    assume(before != mode)
    node |= {"mode": mode, "title": "Another"}
    found = difference(drawn.ui, edited, REGISTRY)
    changes = {change.what: (change.before, change.after) for change in found.nodes}
    assert changes["mode"] == (MODES.get(before, "normal"), MODES[mode])
    assert changes["title"][1] == "Another"
    assert all(f":{change.node.b}".endswith(f":{node['id']}") for change in found.nodes)
    assert len(found) == 2


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
