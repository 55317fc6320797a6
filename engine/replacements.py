"""Node types that have taken the place of older ones, and what that makes of a workflow in API format."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.checks import is_link
from engine.graph import NodeId
from engine.node import MISSING
from engine.workflow import ApiNode, ApiWorkflow


@dataclass(frozen=True)
class NewInput:
    """Where an input of the new type comes from: the old input ``old``, or else the constant ``value``."""

    name: str
    old: str | None = None
    value: Any = MISSING

    def __post_init__(self) -> None:
        if (self.old is None) == (self.value is MISSING):
            raise ValueError(f"input {self.name!r} needs either an old input or a value")


@dataclass(frozen=True)
class Replacement:
    """A node of type ``old`` becomes one of type ``new``.

    ``inputs`` are all that the new one gets; None: its own, as they are. ``outputs`` says which slot an old one has
    become; those not named, or all if it is None, stay. ``old_widgets`` names the old type's widgets in their order,
    for editors that keep only the values.
    """

    old: str
    new: str
    inputs: tuple[NewInput, ...] | None = None
    outputs: Mapping[int, int] | None = None
    old_widgets: tuple[str, ...] | None = None


def replaced(
    workflow: ApiWorkflow, replacements: Mapping[str, Sequence[Replacement]], known: Container[str]
) -> ApiWorkflow:
    """The workflow with nodes of unknown types made into what replaces them, the first that is registered."""
    chosen = {
        node_id: found[0]
        for node_id, node in workflow.root.items()
        if node.class_type is not None and node.class_type not in known and (found := replacements.get(node.class_type))
    }
    if not chosen:
        return workflow
    return ApiWorkflow({node_id: _node(node, chosen.get(node_id), chosen) for node_id, node in workflow.root.items()})


def _node(node: ApiNode, made: Replacement | None, chosen: Mapping[NodeId, Replacement]) -> ApiNode:
    """The node as its replacement, its links to the slots that replaced nodes now have."""
    given = node.inputs if made is None else _inputs(node.inputs, made)
    update: dict[str, Any] = {"inputs": {name: _relinked(value, chosen) for name, value in given.items()}}
    if made is not None:
        update["class_type"] = made.new
    return node.model_copy(update=update)


def _inputs(old: Mapping[str, Any], made: Replacement) -> Mapping[str, Any]:
    if made.inputs is None:
        return old
    new = {each.name: old.get(each.old, MISSING) if each.old is not None else each.value for each in made.inputs}
    return {name: value for name, value in new.items() if value is not MISSING}


def _relinked(value: Any, chosen: Mapping[NodeId, Replacement]) -> Any:
    if is_link(value) and (made := chosen.get(value[0])) and made.outputs:
        return [value[0], made.outputs.get(int(value[1]), value[1])]
    return value
