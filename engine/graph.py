"""Nodes and links: the order in which they can run, and the cycles that forbid it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from engine.errors import CycleError, DuplicateNode

NodeId: TypeAlias = str


class Link(NamedTuple):
    """An output of a node, used as another's input."""

    node: NodeId
    slot: int


@dataclass(frozen=True)
class Node:
    """A call of a node type. Links among ``inputs`` are ``Link``, never two-element lists."""

    id: NodeId
    type: str
    inputs: Mapping[str, Any]
    parent: NodeId | None = None
    shown_as: NodeId | None = None

    def sources(self) -> Iterator[NodeId]:
        """The ids of the nodes that feed this one, in the order of the inputs."""
        return (value.node for value in self.inputs.values() if isinstance(value, Link))


@dataclass(frozen=True)
class NodeRef:
    """Who a node is to the outside: itself, the node to highlight, its parent, and its ancestor in the workflow."""

    id: NodeId
    shown_as: NodeId
    parent: NodeId | None
    real: NodeId


class Graph:
    """The nodes of one run; expansion adds to them."""

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        self.nodes: dict[NodeId, Node] = {}
        self.add(nodes)

    def __getitem__(self, node_id: NodeId) -> Node:
        return self.nodes[node_id]

    def add(self, nodes: Iterable[Node]) -> None:
        """Take nodes in. Raises DuplicateNode, and then takes none."""
        fresh = {node.id: node for node in nodes}
        if taken := fresh.keys() & self.nodes.keys():
            raise DuplicateNode(f"node ids in use already: {', '.join(sorted(taken))}")
        self.nodes.update(fresh)

    def order(self, targets: Iterable[NodeId], done: Iterable[NodeId] = ()) -> list[NodeId]:
        """What ``targets`` need, dependencies first, depth first. Raises CycleError, KeyError for a missing node.

        Iterative, so that depth costs no stack. ``done`` nodes are neither entered nor listed.
        """
        seen = set(done)
        order: list[NodeId] = []
        for target in targets:
            if target not in seen:
                self._visit(target, seen, order)
        return order

    def _visit(self, target: NodeId, seen: set[NodeId], order: list[NodeId]) -> None:
        """Append what ``target`` needs and is not ``seen``, then ``target``, to ``order``."""
        path = {target: self.nodes[target].sources()}  # the nodes being entered, in order
        seen.add(target)
        while path:
            current = next(reversed(path))
            for source in path[current]:
                if source in path:
                    names = list(path)
                    raise CycleError((*names[names.index(source) :], source))
                if source not in seen:
                    seen.add(source)
                    path[source] = self.nodes[source].sources()
                    break
            else:
                order.append(current)
                path.popitem()  # not del, which would leave a trail that reversed() walks again and again

    def ref(self, node_id: NodeId) -> NodeRef:
        """Follow parents and display ids to their ends."""
        node = self.nodes[node_id]
        if node.parent is None and node.shown_as is None:
            return NodeRef(node_id, node_id, None, node_id)
        real = node
        while real.parent is not None:
            real = self.nodes[real.parent]
        shown = node
        while shown.shown_as is not None or shown.parent is not None:
            shown = self.nodes[shown.shown_as or shown.parent or ""]
        return NodeRef(node_id, shown.id, node.parent, real.id)
