"""From an input back to the output that feeds it: through reroutes, bypassed nodes and the borders of subgraphs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.graph import Link
from engine.lower_scope import Scope
from engine.ui_workflow import BYPASSED, MUTED, UiInput, UiNode

REROUTE, PRIMITIVE = "Reroute", "PrimitiveNode"
VIRTUAL = frozenset({REROUTE, PRIMITIVE, "Note", "MarkdownNote"})


@dataclass(frozen=True)
class Constant:
    """A value in place of a link."""

    value: Any


def resolve(
    scope: Scope,
    node: UiNode,
    entry: UiInput,
    inside: Callable[[Scope, UiNode], Scope | None],
    ports: list[tuple[Scope, str]],
) -> Link | Constant | None:
    """What feeds an input: an output of a node that runs, a value, or nothing. ``inside`` opens instances of subgraphs;
    ``ports`` gets the inputs of subgraphs on the way, the outermost last.

    Where the way ends without a source, the widget that an instance shows for the input speaks, the outermost first.
    Raises InvalidWorkflow if the way leads back to itself or to what is not there.
    """
    fallback: Constant | None = None
    seen: set[tuple[int, str]] = set()
    hop = scope.hop(node, entry)
    while hop:
        at, link = hop
        if (id(at), str(link.id)) in seen:
            raise scope.refused(node, f"what feeds its input {entry.name!r} leads in a circle, by link {link.id!r}")
        seen.add((id(at), str(link.id)))
        if at.comes_from_outside(link):
            name, hop = at.outside(link)
            ports.append((at, name))
            if (value := at.promoted.inputs.get(name)) is not None:
                fallback = Constant(value)
            continue
        source = at.source(link)
        if source.type == PRIMITIVE:
            return primitive(at, source) or fallback
        if source.mode == MUTED:
            return fallback
        if source.mode == BYPASSED:
            hop = at.hop(source, passing(source, link.origin_slot, entry.type))
        elif source.type == REROUTE:
            hop = at.hop(source, source.inputs[0] if source.inputs else None)
        elif child := inside(at, source):
            hop = child.feeding(source, link.origin_slot)
        else:
            return Link(at.id_of(source), link.origin_slot)
    return fallback


def primitive(scope: Scope, node: UiNode) -> Constant | None:
    """The value that a PrimitiveNode puts into the widgets that it is connected to; promoted, its instance's value."""
    if (promoted := scope.promoted.widgets.get((str(node.id), "value"))) is not None:
        return Constant(promoted)
    values = node.widgets_values
    if isinstance(values, list):
        value = values[0] if values else None
    else:
        named = node.widgets_values_named or values or {}
        shown = node.outputs[0].widget or {} if node.outputs else {}
        value = named.get("value", named.get(str(shown.get("name"))))
    return None if value is None else Constant(value)


def passing(node: UiNode, slot: int, wanted: Any) -> UiInput | None:
    """Which input of a bypassed node stands for its output ``slot``, for a target of type ``wanted``."""
    entries = node.inputs
    same_place = entries[slot] if 0 <= slot < len(entries) else None
    if _types(wanted) & ANY:
        return same_place or (entries[0] if entries else None)
    given = node.outputs[slot].type if 0 <= slot < len(node.outputs) else "*"
    if same_place and connects(same_place.type, given) and connects(same_place.type, wanted):
        return same_place
    exact = (entry for entry in entries if _types(entry.type) == _types(wanted))
    fitting = (entry for entry in entries if connects(entry.type, wanted))
    return next(exact, None) or next(fitting, None)


ANY = frozenset({"*", "", "0"})
"""What old files write for "anything" too."""


def connects(one: Any, other: Any) -> bool:
    """Whether an editor would connect the two types: equal, in any case of letters, anything, or sharing a type."""
    ours, theirs = _types(one), _types(other)
    return bool(ours & theirs or (ours | theirs) & ANY)


def _types(written: Any) -> frozenset[str]:
    """A choice's type is its options in old files."""
    if isinstance(written, list):
        return frozenset({"combo", *(str(option).lower() for option in written)})
    return frozenset(part.strip().lower() for part in str(written).split(","))
