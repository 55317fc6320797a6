"""UI format -> API format: what an editor sends when it queues the workflow that it saved."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from typing import Any

from engine.checks import is_link
from engine.errors import NotAWorkflow
from engine.graph import Link, NodeId
from engine.lower_groups import group_node, hollow, is_group, unknown_inside
from engine.lower_links import VIRTUAL, Constant, resolve
from engine.lower_marks import Marks
from engine.lower_promoted import promoted
from engine.lower_scope import MAX_DEPTH, Promoted, Scope, refusal
from engine.lower_widgets import widget_values
from engine.registry import Registry
from engine.ui_workflow import BYPASSED, MUTED, UiGraph, UiNode, UiSubgraph, UiWorkflow, read_ui
from engine.unknown_types import Unknown, unknown_types
from engine.workflow import constant, is_ui

MAX_NODES = 100_000
"""A few subgraphs within one another can stand for more nodes, or for more empty subgraphs, than there is memory."""


def as_api(document: Any, registry: Registry) -> Any:
    """A document of either format in the API format. What is in neither comes back as it is. Raises as ``lower``."""
    return lower(document, registry) if is_ui(document) else document


def lower(document: Any, registry: Registry) -> dict[str, Any]:
    """A UI workflow, schema 0.4 or 1.0, in the API format.

    Raises NotAWorkflow for what is no UI workflow, InvalidWorkflow naming the node that cannot be lowered.
    """
    try:
        return lower_read(read_ui(document), registry)
    except RecursionError:
        raise NotAWorkflow("workflow: it is nested too deeply") from None


def lower_read(workflow: UiWorkflow, registry: Registry) -> dict[str, Any]:
    """The same, of a document that is read already."""
    return _Lowering(workflow, registry).run()


class _Lowering:
    def __init__(self, workflow: UiWorkflow, registry: Registry) -> None:
        self._workflow, self._registry = workflow, registry
        self._definitions: dict[str, UiSubgraph] = {}
        self._define(workflow)
        self._made: dict[NodeId, dict[str, Any]] = {}
        self._unknown: list[Unknown] = []
        self._opened = 0  # instances of subgraphs
        self._marks = Marks()

    def run(self) -> dict[str, Any]:
        self._graph(Scope(self._workflow))
        if self._unknown:
            raise unknown_types(self._unknown)
        for node in self._made.values():
            absent = [name for name, value in node["inputs"].items() if is_link(value) and value[0] not in self._made]
            for name in absent:
                del node["inputs"][name]
        return in_order(self._made)

    def _define(self, graph: UiGraph) -> None:
        """Definitions lie in one list, or within one another."""
        for definition in graph.definitions.subgraphs if graph.definitions else []:
            if self._definitions.setdefault(definition.id, definition) != definition:
                raise refusal(f"two subgraphs, one named {definition.name!r}, have the id {definition.id!r}")
            self._define(definition)

    def _graph(self, scope: Scope) -> None:
        for node in scope.graph.nodes:
            if node.mode in (MUTED, BYPASSED) or node.type in VIRTUAL:
                continue
            if inner := self._inside(scope, node):
                self._graph(inner)
            else:
                self._node(scope, node)

    def _inside(self, scope: Scope, node: UiNode) -> Scope | None:
        """The graph that a node stands for; None if it is no instance of a subgraph."""
        if known := scope.children.get(str(node.id)):
            return known
        values: Promoted
        if definition := self._definitions.get(node.type):
            values = promoted(scope, node, definition)
        elif is_group(node):
            definition, values = self._group(scope, node)
        else:
            return None
        around = scope.around()
        if node.type in around:
            raise scope.refused(node, f"the subgraph {definition.name or definition.id!r} contains itself")
        if len(around) >= MAX_DEPTH:
            raise scope.refused(node, f"subgraphs are nested more than {MAX_DEPTH} deep")
        self._opened += 1
        if self._opened > MAX_NODES:
            raise refusal(f"it stands for more than {MAX_NODES} subgraphs")
        made = scope.children[str(node.id)] = Scope(definition, scope, node, values)
        return made

    def _group(self, scope: Scope, node: UiNode) -> tuple[UiSubgraph, Promoted]:
        extra = self._workflow.extra
        if unknown := unknown_inside(scope, node, extra, self._registry):
            self._unknown += unknown
            return hollow(node), Promoted()
        return group_node(scope, node, extra, self._registry)

    def _node(self, scope: Scope, node: UiNode) -> None:
        node_id, definition = scope.id_of(node), self._registry.get(node.type)
        if definition is None:
            self._unknown.append(Unknown(node_id, node.type, node.title))
            return
        if node_id in self._made:
            raise scope.refused(node, f"another node comes to the same id, {node_id}")
        if len(self._made) >= MAX_NODES:
            raise refusal(f"its subgraphs stand for more than {MAX_NODES} nodes")
        inputs = widget_values(scope, node, definition, self._registry)
        ways: dict[str, list[tuple[Scope, str]]] = {}
        for entry in node.inputs:
            match resolve(scope, node, entry, self._inside, ways.setdefault(entry.name, [])):
                case Link(source, slot):
                    inputs[entry.name] = [source, slot]
                    del ways[entry.name]  # what is linked has no value to be set
                case Constant(value):
                    inputs[entry.name] = constant(value)
        title = node.title or definition.title or definition.name
        own = self._marks.meta(scope, node, ways)
        self._made[node_id] = {"class_type": node.type, "inputs": inputs, "_meta": {"title": title, **own}}


def in_order(nodes: Mapping[NodeId, dict[str, Any]]) -> dict[NodeId, dict[str, Any]]:
    """Sources before what uses them, else in the order given; nodes of a cycle come last."""
    places = {node_id: place for place, node_id in enumerate(nodes)}
    users: dict[NodeId, list[NodeId]] = {node_id: [] for node_id in nodes}
    waits = dict.fromkeys(nodes, 0)
    for node_id, node in nodes.items():
        for source in {value[0] for value in node["inputs"].values() if is_link(value)}:
            users[source].append(node_id)
            waits[node_id] += 1
    ready = [(places[node_id], node_id) for node_id, count in waits.items() if count == 0]
    made: dict[NodeId, dict[str, Any]] = {}
    while ready:
        _, node_id = heapq.heappop(ready)
        made[node_id] = nodes[node_id]
        for user in users[node_id]:
            waits[user] -= 1
            if waits[user] == 0:
                heapq.heappush(ready, (places[user], user))
    return {**made, **{node_id: node for node_id, node in nodes.items() if node_id not in made}}
