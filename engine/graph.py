"""Nodes and links: the order in which they can run, and the cycles that forbid it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from engine.errors import CycleError, DuplicateNode

NodeId: TypeAlias = str

PLAIN = (str, int, float, bool, tuple, type(None))


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

    def same_as(self, other: Node) -> bool:
        """Whether it is the same call; constants that are not plain count as the same only if they are one object."""
        if (self.type, self.parent, self.inputs.keys()) != (other.type, other.parent, other.inputs.keys()):
            return False
        pairs = ((value, other.inputs[name]) for name, value in self.inputs.items())
        return all(a is b or (isinstance(a, PLAIN) and type(a) is type(b) and a == b) for a, b in pairs)


@dataclass(frozen=True)
class NodeRef:
    """Who a node is to the outside: itself, the node to highlight, its parent, its ancestor in the workflow; and what
    it is, empty where that is not known."""

    id: NodeId
    shown_as: NodeId
    parent: NodeId | None
    real: NodeId
    type: str = field(default="", compare=False)


class Graph:
    """The nodes of one run; expansion adds to them. For one thread."""

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        self.nodes: dict[NodeId, Node] = {}
        self._refs: dict[NodeId, NodeRef] = {}
        self._awaits: dict[NodeId, tuple[NodeId, ...]] = {}
        self._users: dict[NodeId, list[NodeId]] | None = None
        self.add(nodes)

    def __getitem__(self, node_id: NodeId) -> Node:
        return self.nodes[node_id]

    def __contains__(self, node_id: object) -> bool:
        return node_id in self.nodes

    def add(self, nodes: Iterable[Node]) -> None:
        """Take nodes in; one that is there already must be the same. Raises DuplicateNode, and then takes none."""
        fresh: dict[NodeId, Node] = {}
        for node in nodes:
            known = fresh.get(node.id) or self.nodes.get(node.id)
            if known is None:
                fresh[node.id] = node
            elif known is not node and not known.same_as(node):
                raise DuplicateNode(f"node id {node.id} is in use already: by a {known.type}, now for a {node.type}")
        self.nodes.update(fresh)
        if self._users is not None:
            self._index(fresh.values())

    def waits(self, node_id: NodeId, others: Iterable[NodeId]) -> None:
        """Until told otherwise, ``node_id`` depends on ``others`` too: what it expanded into."""
        self._awaits[node_id] = tuple(others)

    def users(self, node_id: NodeId) -> Sequence[NodeId]:
        """The nodes that link to this one, also by raw and lazy links."""
        if self._users is None:
            self._users = {}
            self._index(self.nodes.values())
        return self._users.get(node_id, ())

    def order(self, targets: Iterable[NodeId], done: Container[NodeId] = ()) -> list[NodeId]:
        """What ``targets`` need, dependencies first, depth first. Raises CycleError, KeyError for a missing node.

        Iterative, so that depth costs no stack. ``done`` nodes are neither entered nor listed.
        """
        seen: set[NodeId] = set()
        order: list[NodeId] = []
        for target in targets:
            if target not in seen and target not in done:
                self._visit(target, seen, done, order)
        return order

    def _visit(self, target: NodeId, seen: set[NodeId], done: Container[NodeId], order: list[NodeId]) -> None:
        """Append what ``target`` needs and is not ``seen`` or ``done``, then ``target``, to ``order``."""
        path = {target: self._sources(target)}  # the nodes being entered, in order
        seen.add(target)
        while path:
            current = next(reversed(path))
            for source in path[current]:
                if source in path:
                    names = list(path)
                    raise CycleError((*names[names.index(source) :], source))
                if source not in seen and source not in done:
                    seen.add(source)
                    path[source] = self._sources(source)
                    break
            else:
                order.append(current)
                path.popitem()  # not del, which would leave a trail that reversed() walks again and again

    def _sources(self, node_id: NodeId) -> Iterator[NodeId]:
        sources = self.nodes[node_id].sources()
        return chain(sources, self._awaits[node_id]) if node_id in self._awaits else sources

    def _index(self, nodes: Iterable[Node]) -> None:
        assert self._users is not None
        for node in nodes:
            for source in dict.fromkeys(node.sources()):
                self._users.setdefault(source, []).append(node.id)

    def ref(self, node_id: NodeId) -> NodeRef:
        """Who a node is: follows parents and display ids to their ends."""
        known = self._refs.get(node_id)
        if known is None:
            known = self._refs[node_id] = self._find(node_id)
        return known

    def _find(self, node_id: NodeId) -> NodeRef:
        node = self.nodes[node_id]
        if node.parent is None and node.shown_as is None:
            return NodeRef(node_id, node_id, None, node_id, node.type)
        return NodeRef(node_id, self._shown(node), node.parent, self._real(node), node.type)

    def _real(self, node: Node) -> NodeId:
        while node.parent is not None:
            if known := self._refs.get(node.parent):
                return known.real
            node = self.nodes[node.parent]
        return node.id

    def _shown(self, node: Node) -> NodeId:
        while above := node.shown_as or node.parent:
            if known := self._refs.get(above):
                return known.shown_as
            if above not in self.nodes:  # a display id need not be a node of this run
                return above
            node = self.nodes[above]
        return node.id
