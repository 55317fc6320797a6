"""Group nodes, the forerunners of subgraphs, read as subgraphs.

A group's definition lies in ``extra.groupNodes``: its nodes, and links that name nodes by their index. The instance has
the sockets and widgets of the nodes inside one after another, without those that the links inside use up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from engine.lower_links import VIRTUAL
from engine.lower_scope import Promoted, Scope
from engine.lower_widgets import CONTROL, positions
from engine.registry import Registry
from engine.ui_workflow import (
    BYPASSED,
    MUTED,
    SUBGRAPH_INPUT,
    SUBGRAPH_OUTPUT,
    UiInput,
    UiLink,
    UiNode,
    UiPort,
    UiSubgraph,
)
from engine.unknown_types import Unknown

PREFIXES = ("workflow>", "workflow/")

End: TypeAlias = tuple[int, int]
"""Index of a node within the group, and number of one of its slots."""


def is_group(node: UiNode) -> bool:
    """Whether a node stands for a group."""
    return node.type.startswith(PREFIXES)


@dataclass(frozen=True)
class _Stored:
    """A group's definition, its parts checked. ``links`` maps each linked input to the output that feeds it."""

    nodes: Sequence[UiNode]
    links: Mapping[End, End]
    external: frozenset[End]
    config: Mapping[str, Any]

    def settings(self, index: int, kind: str, key: str) -> Mapping[str, Any]:
        """What the author of the group set for an input or output of an inner node: ``visible``, ``name``."""
        found: Any = self.config
        for part in (str(index), kind, key):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    def shows_input(self, index: int, slot: int) -> bool:
        """Whether the group node has a socket for an input of an inner node."""
        entry = self.nodes[index].inputs[slot]
        hidden = self.settings(index, "input", entry.name).get("visible") is False
        return (index, slot) not in self.links and not entry.widget and not hidden

    def shows_output(self, index: int, slot: int) -> bool:
        """Whether the group node has a socket for an output of an inner node."""
        used = (index, slot) in self.links.values() and (index, slot) not in self.external
        return not used and self.settings(index, "output", str(slot)).get("visible") is not False


def group_node(scope: Scope, node: UiNode, extra: Any, registry: Registry) -> tuple[UiSubgraph, Promoted]:
    """The subgraph that a group node stands for, with the sockets that this node has, and what it holds for widgets.

    Raises InvalidWorkflow if there is no such group, or if sockets or values do not fit it.
    """
    stored = _read(scope, node, extra)
    inputs = _match_inputs(scope, node, stored, registry)
    outputs = _match_outputs(scope, node, stored)
    links: list[UiLink] = []
    nodes = [inner.model_copy(deep=True) for inner in stored.nodes]
    for entry in (entry for inner in nodes for entry in inner.inputs):
        entry.link = None

    def link(origin: End, target: End) -> int:
        ends = {"origin_id": origin[0], "origin_slot": origin[1], "target_id": target[0], "target_slot": target[1]}
        links.append(UiLink.model_validate({"id": len(links) + 1, **ends}))
        return len(links)

    def connect(origin: End, index: int, name: str, kind: Any) -> None:
        link_id = link(origin, (index, 0))
        if entry := nodes[index].input(name):
            entry.link = link_id
        else:
            nodes[index].inputs.append(UiInput(name=name, type=kind, link=link_id))

    for target, origin in stored.links.items():
        entry = stored.nodes[target[0]].inputs[target[1]]
        connect(origin, target[0], entry.name, entry.type)
    for place, (index, name) in enumerate(inputs):
        connect((int(SUBGRAPH_INPUT), place), index, name, node.inputs[place].type)
    for place, (index, slot) in enumerate(outputs):
        link((index, slot), (int(SUBGRAPH_OUTPUT), place))
    definition = UiSubgraph(
        id=node.type,
        name=node.type,
        nodes=nodes,
        links=links,
        inputs=[UiPort(name=entry.name, type=entry.type) for entry in node.inputs],
        outputs=[UiPort(name=entry.name, type=entry.type) for entry in node.outputs],
    )
    return definition, Promoted(widgets=_values(scope, node, stored, registry))


def unknown_inside(scope: Scope, node: UiNode, extra: Any, registry: Registry) -> list[Unknown]:
    """The nodes of a group whose types nobody has: how many of its widgets are theirs, nobody can say then."""
    return [
        Unknown(f"{scope.id_of(node)}:{inner.id}", inner.type, inner.title)
        for inner in _read(scope, node, extra).nodes
        if inner.mode not in (MUTED, BYPASSED) and inner.type not in VIRTUAL and registry.get(inner.type) is None
    ]


def hollow(node: UiNode) -> UiSubgraph:
    """A group with nothing inside."""
    return UiSubgraph(id=node.type, nodes=[], outputs=[UiPort(name=entry.name) for entry in node.outputs])


_NODES = TypeAdapter(list[UiNode])
_LINKS = TypeAdapter(list[Annotated[list[Any], Field(min_length=4)]])
_EXTERNAL = TypeAdapter(list[Annotated[list[Any], Field(min_length=2)]])


def _read(scope: Scope, node: UiNode, extra: Any) -> _Stored:
    groups = extra.get("groupNodes") if isinstance(extra, Mapping) else None
    raw = groups.get(node.type[len(PREFIXES[0]) :]) if isinstance(groups, Mapping) else None
    if not isinstance(raw, Mapping):
        raise scope.refused(node, "there is no group of this name in extra.groupNodes")
    try:
        given = raw.get("nodes")
        numbered = [
            {**each, "id": index, "links": None} if isinstance(each, Mapping) else each
            for index, each in enumerate(given if isinstance(given, list) else [])
        ]
        nodes = _NODES.validate_python(numbered)
        rows = _LINKS.validate_python(raw.get("links") or [])
        external = _EXTERNAL.validate_python(raw.get("external") or [])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise scope.refused(node, f"its group cannot be read: {first['msg']}, got {first['input']!r:.80}") from None
    links: dict[End, End] = {}
    for row in rows:
        if row[0] is None or row[2] is None:
            continue  # a link to a node outside, from when the group was made
        if not all(isinstance(part, int) for part in row[:4]) or not _inside(nodes, row):
            raise scope.refused(node, f"a link of its group leads to a node or socket that is not there: {row[:4]}")
        links[row[2], row[3]] = row[0], row[1]
    config = raw.get("config")
    ends = ((row[0].get("index") if isinstance(row[0], Mapping) else row[0], row[1]) for row in external)
    shown = frozenset((index, slot) for index, slot in ends if isinstance(index, int) and isinstance(slot, int))
    return _Stored(nodes, links, shown, config if isinstance(config, Mapping) else {})


def _inside(nodes: Sequence[UiNode], row: Sequence[int]) -> bool:
    origin, slot, target, entry = row[:4]
    return (
        0 <= origin < len(nodes) and slot >= 0 and 0 <= target < len(nodes) and 0 <= entry < len(nodes[target].inputs)
    )


def _match_inputs(scope: Scope, node: UiNode, stored: _Stored, registry: Registry) -> list[tuple[int, str]]:
    """For each input of the group node: index of the inner node and name of its input."""
    sockets, widgets = _sockets(stored), _widgets(stored, registry)
    plain = [entry for entry in node.inputs if not entry.widget]
    if len(plain) != len(sockets):
        raise scope.refused(node, f"expected {len(sockets)} inputs as its group has, got {len(plain)}")
    places = {id(entry): socket for entry, socket in zip(plain, sockets, strict=True)}
    for entry, (index, name) in zip(plain, sockets, strict=True):
        renamed = stored.settings(index, "input", name or str(entry.type)).get("name")
        if entry.link is not None and entry.name not in (name, renamed) and not entry.name.endswith(f" {name}"):
            raise scope.refused(node, f"expected its input {entry.name!r} to be {name!r} of a node inside")
    names = _named(stored, widgets)
    for entry in node.inputs:
        if id(entry) in places:
            continue
        found = names.get(entry.name)
        if found is None:
            raise scope.refused(node, f"its input {entry.name!r} is no widget of a node inside; known: {list(names)}")
        places[id(entry)] = found
    return [places[id(entry)] for entry in node.inputs]


def _sockets(stored: _Stored) -> list[tuple[int, str]]:
    """The inputs of the nodes inside that nothing inside feeds, but for those beside widgets."""
    return [
        (index, entry.name)
        for index, inner in enumerate(stored.nodes)
        for slot, entry in enumerate(inner.inputs)
        if stored.shows_input(index, slot)
    ]


def _widgets(stored: _Stored, registry: Registry) -> list[tuple[int, str]]:
    """The widgets that the group node holds, in order: hidden ones and those that are no inputs, too."""
    held = []
    for index, inner in enumerate(stored.nodes):
        linked = {inner.inputs[slot].name for at, slot in stored.links if at == index}
        definition, within = registry.get(inner.type), False
        for position in positions(definition) if definition else []:
            if position.spec is not None:
                within = position.name in linked
            if not within:  # what controls a widget goes with it
                held.append((index, position.name))
    return held


def _named(stored: _Stored, widgets: Sequence[tuple[int, str]]) -> dict[str, tuple[int, str]]:
    """Names of widgets on the group node: their own, or if that is taken, with the inner node's name before it."""
    names: dict[str, tuple[int, str]] = {}
    for index, name in widgets:
        if name == CONTROL:
            continue
        inner = stored.nodes[index]
        free = (each for each in (name, f"{inner.title or inner.type} {name}") if each not in names)
        if chosen := next(free, None):
            names[chosen] = index, name
    return names


def _match_outputs(scope: Scope, node: UiNode, stored: _Stored) -> list[End]:
    """For each output of the group node: the inner output."""
    slots = ((index, slot) for index, inner in enumerate(stored.nodes) for slot in range(len(inner.outputs)))
    outputs = [end for end in slots if stored.shows_output(*end)]
    if len(outputs) != len(node.outputs):
        raise scope.refused(node, f"expected {len(outputs)} outputs as its group has, got {len(node.outputs)}")
    return outputs


def _values(scope: Scope, node: UiNode, stored: _Stored, registry: Registry) -> dict[tuple[str, str], Any]:
    """What the group node holds for the widgets inside."""
    widgets, values = _widgets(stored, registry), node.widgets_values
    if isinstance(values, dict):
        names = _named(stored, widgets)
        return {(str(names[name][0]), names[name][1]): value for name, value in values.items() if name in names}
    if values and len(values) != len(widgets):
        raise scope.refused(node, f"expected {len(widgets)} widget values as its group has, got {len(values)}")
    pairs = zip(widgets, values or [], strict=False)
    return {(str(index), name): value for (index, name), value in pairs if value is not None and name != CONTROL}
