"""Build an expansion by calling node names: ``graph = Subgraph(ctx); image = graph.node("VAEDecode", ...)``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.context import Context
from engine.graph import Link, Node, NodeId
from engine.node import Expand


class Handle:
    """A node of an expansion that is being built."""

    def __init__(self, node_id: NodeId) -> None:
        self.id = node_id

    def out(self, slot: int = 0) -> Link:
        """A link to one of its outputs."""
        return Link(self.id, slot)


class Subgraph:
    """The nodes that a running node wants run in its place.

    Their ids count up behind the running node's own and the index of its call, so the same node with the same inputs
    brings the same ids, and what they computed is remembered.
    """

    def __init__(self, ctx: Context) -> None:
        self._parent, self._prefix = ctx.node_id, f"{ctx.node_id}.{ctx.call}."
        self._nodes: dict[NodeId, Node] = {}

    def node(self, type: str, id: str | None = None, shown_as: NodeId | None = None, /, **inputs: Any) -> Handle:
        """Add a node; an input is a constant, a ``Link``, or another node's ``out``. ``id`` is told apart within this
        expansion, ``shown_as`` is the node that the editor highlights. Raises ValueError for an id in use."""
        return self.add(type, inputs, id, shown_as)

    def add(self, type: str, inputs: Mapping[str, Any], id: str | None = None, shown_as: str | None = None) -> Handle:
        """Like ``node``, with the inputs as a mapping."""
        node_id = self._prefix + (id or str(len(self._nodes) + 1))
        if node_id in self._nodes:
            raise ValueError(f"node id {id!r} is used twice in one expansion")
        self._nodes[node_id] = Node(node_id, type, dict(inputs), self._parent, shown_as)
        return Handle(node_id)

    def expand(self, *values: Any, ui: Mapping[str, list[Any]] | None = None, counts: bool = False) -> Expand:
        """What the node returns: run these, and give ``values``, links among them followed."""
        return Expand(tuple(self._nodes.values()), values, ui, counts)
