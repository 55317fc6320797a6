"""The body of a loop: which nodes lie between its start and its end, and copies of them for one round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from engine.graph import Graph, Link, Node, NodeId

Closes: TypeAlias = Callable[[Node], NodeId | None]
"""The start of the loop that a node is the end of; None for every other node."""


class Body:
    """The nodes of a loop that are run in each round. To a key it is what its place makes it, like any such value."""

    def __init__(self, start: NodeId, inside: Sequence[NodeId]) -> None:
        self.start, self.inside = start, inside


def body(graph: Graph, start: NodeId, closes: Closes) -> Body:
    """The nodes that depend on ``start``, but not on an end of its loop, in the order in which they are come upon.

    A loop within is taken whole, with its start, even where that depends on nothing in here.
    """
    ends: list[NodeId] = []
    inside: dict[NodeId, None] = {}
    ahead = [start]
    while ahead:
        for user in graph.users(ahead.pop()):
            opened = closes(graph[user])
            if opened == start:
                ends.append(user)
                continue
            for node_id in (user,) if opened is None else (user, opened):
                if node_id not in inside:
                    inside[node_id] = None
                    ahead.append(node_id)
    beyond = _below(graph, ends)
    return Body(start, [node_id for node_id in inside if node_id not in beyond])


def _below(graph: Graph, node_ids: Iterable[NodeId]) -> set[NodeId]:
    below: set[NodeId] = set()
    ahead = list(node_ids)
    while ahead:
        fresh = [user for user in graph.users(ahead.pop()) if user not in below]
        below.update(fresh)
        ahead += fresh
    return below


class Round:
    """One round of a loop: copies of the body's nodes, with ``given`` in place of the start's outputs.

    ``given`` maps slot -> a constant or a link. The copies' ids follow ``prefix``.
    """

    def __init__(self, graph: Graph, body: Body, given: Mapping[int, Any], parent: NodeId, prefix: str) -> None:
        self._start, self._given = body.start, given
        short = {node_id: node_id.rpartition(".")[2] for node_id in body.inside}
        unique = len(set(short.values())) == len(short)
        self._ids = {node_id: prefix + (short[node_id] if unique else node_id) for node_id in body.inside}
        self.nodes = [self._copy(graph[node_id], parent) for node_id in body.inside]

    def value(self, value: Any) -> Any:
        """What a link of the body means in this round; constants and links from outside mean themselves."""
        if not isinstance(value, Link):
            return value
        if value.node == self._start:
            return self._given.get(value.slot)
        return Link(self._ids.get(value.node, value.node), value.slot)

    def _copy(self, node: Node, parent: NodeId) -> Node:
        inputs = {name: self.value(value) for name, value in node.inputs.items()}
        return Node(self._ids[node.id], node.type, inputs, parent, node.id)
