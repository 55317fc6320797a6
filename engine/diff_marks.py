"""By what the nodes of a workflow are told from each other: digests of what they hold and of where they stand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from engine.diff_reading import Seen, SeenGraph
from engine.graph import NodeId

Marks: TypeAlias = Mapping[NodeId, str]
Users: TypeAlias = Mapping[NodeId, Mapping[tuple[str, int], Sequence[NodeId]]]
"""By node, then by input and slot: the nodes that use it so."""


def value_token(value: Any) -> str:
    """A text that is equal for equal constants: 1 and 1.0 are, as programs write either; 1 and true are not."""
    return json.dumps(_canonical(value), sort_keys=True)


def _canonical(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list | tuple):
        return [_canonical(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): _canonical(each) for key, each in value.items()}
    return value


def users_of(graph: SeenGraph) -> Users:
    """What is made of each node."""
    found: dict[NodeId, dict[tuple[str, int], list[NodeId]]] = {node_id: {} for node_id in graph}
    for node_id, node in graph.items():
        for name, link in node.links.items():
            found[link.node].setdefault((name, link.slot), []).append(node_id)
    return found


def marks_of(graph: SeenGraph) -> tuple[Marks, Marks, Marks]:
    """Of each node: its surroundings, what it is made of, and itself."""
    users = users_of(graph)
    order = _order(graph, users)
    own = {node_id: _hash(_told(node)) for node_id, node in graph.items()}
    up = {node_id: _hash(own[node_id], *_frames(node, graph, own)) for node_id, node in graph.items()}
    for node_id in order:
        links = graph[node_id].links.items()
        up[node_id] = _hash(up[node_id], *sorted((name, link.slot, up[link.node]) for name, link in links))
    down = dict(up)
    for node_id in reversed(order):
        used = [(*place, down[user]) for place, each in users[node_id].items() for user in each]
        down[node_id] = _hash(up[node_id], *sorted(used))
    return down, up, own


def _told(node: Seen) -> list[Any]:
    """All that a node says of itself."""
    values = sorted((name, value_token(value)) for name, value in node.values.items())
    return [node.type, node.title, node.mode, value_token(node.exposes), values]


def _frames(node: Seen, graph: SeenGraph, own: Marks) -> Iterator[str]:
    """The subgraphs that a node is in."""
    while node.around:
        yield own[node.around]
        node = graph[node.around]


def _order(graph: SeenGraph, users: Users) -> list[NodeId]:
    """Sources before their users; without the nodes of a cycle and what lies behind it."""
    waits = {node_id: len({link.node for link in node.links.values()}) for node_id, node in graph.items()}
    order = [node_id for node_id, count in waits.items() if count == 0]
    for node_id in order:  # it grows meanwhile
        for user in {user for each in users[node_id].values() for user in each}:
            waits[user] -= 1
            if waits[user] == 0:
                order.append(user)
    return order


def _hash(*parts: Any) -> str:
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
