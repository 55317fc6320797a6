"""Values put into an editor's workflow, in the plain JSON that clients send along: so a sweep's cell tells its own."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.exposed import Place
from engine.lower_widgets import positions
from engine.registry import Registry
from engine.ui_workflow import SUBGRAPH_INPUT

Fields = dict[str, Any]


class Level(NamedTuple):
    """A node, and the graph that it is in."""

    graph: Fields
    node: Fields


def with_values(workflow: Any, values: Mapping[Place, Any], registry: Registry) -> Any:
    """A workflow with other values at places of its lowered form, ``5:2`` being node 2 within node 5.

    A widget that a subgraph shows outside is set there, for that value wins. What is not found stays as it is.
    """
    changed = copy.deepcopy(workflow)
    for place, value in values.items():
        levels = _levels(changed, place.node.split(":"))
        name = place.input
        while levels:
            *around, level = levels
            port = _port(level, name) if around else None
            if port is None:
                _set(level.node, name, value, registry)
                break
            levels, name = around, port
    return changed


def _levels(workflow: Any, path: list[str]) -> list[Level]:
    """The nodes of a path, from the outside in; none if one is missing."""
    definitions = {str(each.get("id")): each for each in _entries(_entry(workflow, "definitions"), "subgraphs")}
    graph, levels = workflow, list[Level]()
    for node_id in path:
        node = next((each for each in _entries(graph, "nodes") if str(each.get("id")) == node_id), None)
        if node is None:
            return []
        levels.append(Level(graph, node))
        graph = definitions.get(str(node.get("type")))
    return levels


def _port(level: Level, name: str) -> str | None:
    """The input of the subgraph by which a widget is shown outside; None if it is not."""
    link = next((each.get("link") for each in _entries(level.node, "inputs") if each.get("name") == name), None)
    for each in _entries(level.graph, "links"):
        if link is not None and each.get("id") == link and str(each.get("origin_id")) == SUBGRAPH_INPUT:
            ports, slot = _entries(level.graph, "inputs"), each.get("origin_slot")
            return str(ports[slot].get("name")) if isinstance(slot, int) and 0 <= slot < len(ports) else None
    return None


def _set(node: Fields, name: str, value: Any, registry: Registry) -> None:
    """By its name, which wins, and in the list that other editors read."""
    definition = registry.get(str(node.get("type")))
    names = [position.name for position in positions(definition)] if definition else []
    listed = node.get("widgets_values")
    if isinstance(listed, list) and len(listed) == len(names) and name in names:
        listed[names.index(name)] = value
    elif isinstance(listed, dict):
        listed[name] = value
    else:
        node["widgets_values_named"] = {**_entry(node, "widgets_values_named"), name: value}
    named = node.get("widgets_values_named")
    if isinstance(named, dict) and name in named:
        named[name] = value


def _entry(of: Any, key: str) -> Fields:
    found = of.get(key) if isinstance(of, dict) else None
    return found if isinstance(found, dict) else {}


def _entries(of: Any, key: str) -> list[Fields]:
    found = of.get(key) if isinstance(of, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
