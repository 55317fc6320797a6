"""Nodes of types that nobody has, as one error: in ComfyUI's words it tells of the first, in ``others`` of the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import InvalidWorkflow
from engine.graph import NodeId
from engine.node import NodeDef
from engine.problems import Problem
from engine.registry import Registry
from engine.workflow import ApiNode


@dataclass(frozen=True)
class Unknown:
    """A node whose type is not registered, or that has none."""

    node_id: NodeId
    class_type: str | None
    title: str | None = None

    @property
    def message(self) -> str:
        if self.class_type is None:
            shown = self.title or f"ID #{self.node_id}"
            return f"Node '{shown}' has no class_type. The workflow may be corrupted or a custom node is missing."
        return f"Node '{self.title or self.class_type}' not found. The custom node may not be installed."

    @property
    def details(self) -> str:
        return f"Node ID '#{self.node_id}'"

    def extra_info(self) -> dict[str, Any]:
        title = self.title or self.class_type
        return {"node_id": self.node_id, "class_type": self.class_type, "node_title": title}


def unknown_types(nodes: Sequence[Unknown]) -> InvalidWorkflow:
    """The error for at least one such node. A user who installs what is missing wants to know all of it at once."""
    first, *rest = nodes
    others = [{**each.extra_info(), "message": each.message, "details": each.details} for each in rest]
    extra = {**first.extra_info(), **({"others": others} if others else {})}
    return InvalidWorkflow(Problem("missing_node_type", first.message, first.details, extra))


def types_of(nodes: Mapping[NodeId, ApiNode], registry: Registry) -> dict[NodeId, NodeDef]:
    """The type of each node, needed or not. Raises InvalidWorkflow."""
    known = {node_id: registry.get(node.class_type or "") for node_id, node in nodes.items()}
    types = {node_id: found for node_id, found in known.items() if found}
    unknown = [
        Unknown(node_id, nodes[node_id].class_type, nodes[node_id].title) for node_id in nodes if node_id not in types
    ]
    if unknown:
        raise unknown_types(unknown)
    return types
