"""Where nodes go on a canvas: in columns, each to the right of what feeds it, with few crossings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from engine.graph import NodeId

Size: TypeAlias = tuple[int, int]
Place: TypeAlias = tuple[int, int]

GAP_X, GAP_Y = 60, 50
"""Pixels between columns, and between nodes of a column; the title bar lies in the gap."""


def place(sizes: Mapping[NodeId, Size], sources: Mapping[NodeId, Sequence[NodeId]]) -> dict[NodeId, Place]:
    """Top left corners in pixels. ``sizes`` must be in an order in which sources come first, but for cycles."""
    columns: dict[int, list[NodeId]] = {}
    for node_id, column in _columns(sizes, sources).items():
        columns.setdefault(column, []).append(node_id)
    places: dict[NodeId, Place] = {}
    x = 0
    for column in sorted(columns):
        y = 0
        for node_id in sorted(columns[column], key=lambda each: _middle(sources[each], places, sizes)):
            places[node_id] = (x, y)
            y += sizes[node_id][1] + GAP_Y
        x += max(sizes[node_id][0] for node_id in columns[column]) + GAP_X
    return places


def _columns(order: Mapping[NodeId, Size], sources: Mapping[NodeId, Sequence[NodeId]]) -> dict[NodeId, int]:
    """One column after the last source; what has no source stands just before its first user."""
    columns: dict[NodeId, int] = {}
    for node_id in order:
        columns[node_id] = 1 + max((columns.get(source, -1) for source in sources[node_id]), default=-1)
    users: dict[NodeId, int] = {}
    for node_id in order:
        for source in sources[node_id]:
            users[source] = min(users.get(source, columns[node_id]), columns[node_id])
    return {
        node_id: column if sources[node_id] else max(0, users.get(node_id, 1) - 1)
        for node_id, column in columns.items()
    }


def _middle(sources: Sequence[NodeId], places: Mapping[NodeId, Place], sizes: Mapping[NodeId, Size]) -> float:
    """The mean height of what feeds a node."""
    heights = [places[source][1] + sizes[source][1] / 2 for source in sources if source in places]
    return sum(heights) / len(heights) if heights else 0.0
