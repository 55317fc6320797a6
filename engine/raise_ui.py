"""API format -> UI format, so that a workflow written for the API can be opened in an editor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.checks import is_link
from engine.errors import InvalidWorkflow
from engine.exposed import OWN
from engine.graph import NodeId
from engine.layout import Size, place
from engine.lower import in_order
from engine.lower_widgets import default, is_widget, positions
from engine.lower_widgets import in_order as inputs_in_order
from engine.node import MISSING, InputSpec, NodeDef
from engine.problems import Problem
from engine.registry import Registry
from engine.ui_workflow import UiId, UiInput, UiLink, UiNode, UiOutput, UiWorkflow
from engine.unknown_types import types_of
from engine.workflow import ApiNode, read_api, unwrapped

OPTIONAL_SHAPE, LIST_SHAPE = 7, 6
LARGEST_ID = 2**53 - 1
"""Browsers count no further."""

WIDTH, WIDE = 270, 400
"""Pixels: a node, one with a box of text."""
SOCKET, WIDGET, TEXT, LONGEST, LINE = 24, 29, 120, 400, 18
"""Pixels: how high a socket, a widget, and a box of text are at least and at most, and a line of text in it."""


def raise_ui(document: Any, registry: Registry, version: float = 0.4) -> dict[str, Any]:
    """A workflow in API format as an editor would save it, in schema 0.4 or 1; lowered, it is what it was.

    Except that editors know no absent widget: where an input is not given, its default is. Inputs that a node does not
    take are left out; nothing would come of them. Raises NotAWorkflow, or InvalidWorkflow naming the node that has no
    counterpart in the other format.
    """
    return _Raising(read_api(document).root, registry).workflow(version).dump()


class _Raising:
    def __init__(self, given: Mapping[NodeId, ApiNode], registry: Registry) -> None:
        plain = {node_id: {"inputs": node.inputs} for node_id, node in given.items()}
        self._registry = registry
        self._types = types_of(given, registry)
        self._check_links(given)
        self._given = {node_id: given[node_id] for node_id in in_order(plain)}
        self._links: list[UiLink] = []

    def workflow(self, version: float) -> UiWorkflow:
        nodes = {node_id: self._node(node_id, order) for order, node_id in enumerate(self._given)}
        for link in self._links:
            outputs = nodes[str(link.origin_id)].outputs
            if 0 <= link.origin_slot < len(outputs):
                outputs[link.origin_slot].links = [*(outputs[link.origin_slot].links or []), link.id]
        self._lay_out(nodes)
        last_node = max((node.id for node in nodes.values() if isinstance(node.id, int)), default=0)
        counts: dict[str, Any] = {"last_node_id": last_node, "last_link_id": len(self._links)}
        if version == 1:
            state = {"lastGroupId": 0, "lastNodeId": last_node, "lastLinkId": len(self._links), "lastRerouteId": 0}
            counts = {"state": state}
        return UiWorkflow.model_validate(
            {
                "revision": 0,
                **counts,
                "nodes": [nodes[node_id] for node_id in nodes],
                "links": self._links,
                "groups": [],
                "config": {},
                "extra": {},
                "version": version,
            }
        )

    def _check_links(self, given: Mapping[NodeId, ApiNode]) -> None:
        for node_id, node in given.items():
            for name, value in node.inputs.items():
                if isinstance(value, list) and not (is_link(value) and value[0] in given):
                    details = f"node {node_id} ({node.title or node.class_type}): its input {name!r} links to "
                    details += f"{value!r:.80}; expected the id of a node of the workflow and the number of an output"
                    extra = {"node_id": node_id, "class_type": node.class_type, "input_name": name}
                    message = "The workflow cannot be brought to the editor's format"
                    raise InvalidWorkflow(Problem("cannot_raise_workflow", message, details, extra))

    def _node(self, node_id: NodeId, order: int) -> UiNode:
        node, type_ = self._given[node_id], self._types[node_id]
        made: dict[str, Any] = {
            "id": _ui_id(node_id),
            "type": type_.name,
            "pos": [0, 0],
            "size": list(_size(type_, node)),
            "flags": {},
            "order": order,
            "mode": 0,
            "inputs": [self._socket(node_id, spec) for spec in _sockets(type_, node)],
            "outputs": [_output(output.name, output.type, output.is_list) for output in type_.outputs],
        }
        if node.title and node.title != (type_.title or type_.name):
            made["title"] = node.title
        own = {OWN: node.meta[OWN]} if node.meta and OWN in node.meta else {}
        made["properties"] = {"Node name for S&R": type_.name, **own}
        made |= self._values(node, type_)
        return UiNode.model_validate(made)

    def _socket(self, node_id: NodeId, spec: InputSpec) -> UiInput:
        made: dict[str, Any] = {"name": spec.name, "type": spec.type, "link": None}
        if not spec.required:
            made["shape"] = OPTIONAL_SHAPE
        if is_widget(spec):
            made["widget"] = {"name": spec.name}
        value = self._given[node_id].inputs.get(spec.name)
        if value is not None and is_link(value):
            made["link"] = self._link(node_id, spec, value[0], int(value[1]))
        return UiInput.model_validate(made)

    def _link(self, node_id: NodeId, spec: InputSpec, source: NodeId, slot: int) -> int:
        outputs = self._types[source].outputs
        link = UiLink(
            id=len(self._links) + 1,
            origin_id=_ui_id(source),
            origin_slot=slot,
            target_id=_ui_id(node_id),
            target_slot=[each.name for each in _sockets(self._types[node_id], self._given[node_id])].index(spec.name),
            type=outputs[slot].type if 0 <= slot < len(outputs) else spec.type,
        )
        self._links.append(link)
        return len(self._links)

    def _values(self, node: ApiNode, type_: NodeDef) -> dict[str, Any]:
        """``widgets_values``, and the values by name where a list cannot hold them all."""
        constants = {
            name: unwrapped(value)
            for name, value in node.inputs.items()
            if not is_link(value) and (name in type_.by_name or type_.extra is not None)
        }
        values, listed = [], set()
        for position in positions(type_):
            value: Any = position.fresh
            if position.spec:
                listed.add(position.name)
                fallback = default(position.spec, self._registry)
                value = constants.get(position.name, None if fallback is MISSING else fallback)
            values.append(value)
        named = {"widgets_values_named": constants} if constants.keys() - listed else {}
        return {"widgets_values": values, **named}

    def _lay_out(self, nodes: Mapping[NodeId, UiNode]) -> None:
        sizes = {node_id: _size(self._types[node_id], self._given[node_id]) for node_id in nodes}
        sources: dict[NodeId, list[NodeId]] = {node_id: [] for node_id in nodes}
        for link in self._links:
            sources[str(link.target_id)].append(str(link.origin_id))
        for node_id, corner in place(sizes, sources).items():
            nodes[node_id].pos = list(corner)


def _sockets(type_: NodeDef, node: ApiNode) -> list[InputSpec]:
    """Sockets first, then those beside widgets, then linked inputs that are not declared."""
    declared = sorted(inputs_in_order(type_), key=is_widget)
    others = [name for name, value in node.inputs.items() if is_link(value) and name not in type_.by_name]
    return [*declared, *(InputSpec(name, "*", required=False) for name in others)]


def _output(name: str, kind: Any, is_list: bool) -> UiOutput:
    shape = {"shape": LIST_SHAPE} if is_list else {}
    return UiOutput.model_validate({"name": name, "type": kind, "links": None, **shape})


def _size(type_: NodeDef, node: ApiNode) -> Size:
    """Wide enough to read, and as high as its slots and widgets."""
    widgets = [position.spec for position in positions(type_)]
    texts = [spec.name for spec in widgets if spec and spec.options.get("multiline")]
    sockets = sum(not is_widget(spec) for spec in type_.inputs)
    height = SOCKET * (max(sockets, len(type_.outputs)) + 1) + WIDGET * (len(widgets) - len(texts))
    return (WIDE if texts else WIDTH), height + sum(_text_height(node.inputs.get(name)) for name in texts)


def _text_height(value: Any) -> int:
    """Of a box, so that what is written in it can be read."""
    lines = value.count("\n") + 2 if isinstance(value, str) else 0
    return min(max(TEXT, LINE * lines), LONGEST)


def _ui_id(node_id: NodeId) -> UiId:
    """Editors number their nodes; an id that is no number stays what it is."""
    number = int(node_id) if node_id.isascii() and node_id.isdigit() and len(node_id) < 17 else -1
    return number if str(number) == node_id and number <= LARGEST_ID else node_id
