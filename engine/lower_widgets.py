"""What the widgets of a node hold, by input name: editors write them as a list in the order of the declaration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.lower_scope import Scope
from engine.node import MISSING, InputSpec, NodeDef
from engine.registry import Registry
from engine.ui_workflow import UiNode
from engine.workflow import constant

WIDGETS = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"})
SEEDS = ("seed", "noise_seed")
CONTROL = "control_after_generate"
CONTROLS = ("fixed", "increment", "decrement", "randomize", "increment-wrap")
UPLOAD = "upload"
UPLOADS = {
    "image_upload": "image",
    "animated_image_upload": "image",
    "video_upload": "video",
    "audio_upload": "audio",
    "mesh_upload": "mesh",
}
"""Options of a choice that put an upload button below the node, and what the button holds."""


@dataclass(frozen=True)
class Position:
    """One element of ``widgets_values``.

    ``spec`` is None for a widget that is no input, a seed's control or an upload button; ``fresh`` is what it holds.
    """

    name: str
    spec: InputSpec | None = None
    fresh: str | None = None


def positions(definition: NodeDef, *, forced: bool = False) -> list[Position]:
    """The widgets of a node type in order; ``forced``: also those that became plain sockets later (``forceInput``)."""
    found, uploads = [], []
    for spec in in_order(definition):
        if not is_widget(spec) and not (forced and would_be_widget(spec)):
            continue
        found.append(Position(spec.name, spec))
        if is_controlled(spec):
            found.append(Position(CONTROL, fresh="fixed"))
        uploads += [Position(UPLOAD, fresh=kind) for option, kind in UPLOADS.items() if spec.options.get(option)][:1]
    return found + uploads


def in_order(definition: NodeDef) -> list[InputSpec]:
    """The inputs, required ones first."""
    return sorted(definition.inputs, key=lambda spec: not spec.required)


def is_widget(spec: InputSpec) -> bool:
    """Whether editors show a widget for an input."""
    return would_be_widget(spec) and not spec.options.get("forceInput")


def would_be_widget(spec: InputSpec) -> bool:
    return spec.type in WIDGETS or spec.choices is not None or bool(spec.options.get("widgetType"))


def is_controlled(spec: InputSpec) -> bool:
    """Whether a widget that changes the value between runs follows it."""
    asked = spec.options.get(CONTROL)
    return bool(asked) or (asked is not False and spec.type == "INT" and spec.name in SEEDS)


def widget_values(scope: Scope, node: UiNode, definition: NodeDef, registry: Registry) -> dict[str, Any]:
    """Input name -> constant, as the API format has it; what is not given is the default, or absent if there is none.

    Raises InvalidWorkflow if the values cannot be told apart.
    """
    given = dict(by_name(scope, node, definition))
    given |= {name: value for (owner, name), value in scope.promoted.widgets.items() if owner == str(node.id)}
    made = {}
    for spec in in_order(definition):
        value = given.get(spec.name)
        if value is None:
            value = default(spec, registry) if is_widget(spec) else MISSING
        if value is not MISSING:
            made[spec.name] = constant(value)
    if definition.extra is not None:
        others = given.keys() - definition.by_name.keys() - {CONTROL, UPLOAD}
        made |= {name: constant(given[name]) for name in given if name in others and given[name] is not None}
    return made


def by_name(scope: Scope, node: UiNode, definition: NodeDef) -> Iterator[tuple[str, Any]]:
    """The node's values with the names of the widgets; those that it names itself come last, so that they win."""
    values = node.widgets_values
    if isinstance(values, dict):
        yield from values.items()
    elif values:
        for position, value in zip(_fitting(len(values), definition), values, strict=False):
            if position.spec:
                if is_widget(position.spec):
                    yield position.name, value
            elif position.name == CONTROL and not _is_control(value):
                given = f"got {value!r} among its {len(values)} values"
                raise scope.refused(node, f"expected one of {', '.join(CONTROLS)} after the widget of a seed, {given}")
    yield from (node.widgets_values_named or {}).items()


def default(spec: InputSpec, registry: Registry) -> Any:
    """What a widget shows at first; MISSING if nothing is declared."""
    if spec.default is not MISSING and spec.default is not None:
        return spec.default
    if (shown := spec.options.get("default")) is not None:
        return shown
    choices = registry.choices(spec) or spec.options.get("options")
    return choices[0] if isinstance(choices, list | tuple) and choices else MISSING


def _fitting(count: int, definition: NodeDef) -> list[Position]:
    """Old files hold a value for an input that has become a plain socket since: seen by their number of values."""
    now = positions(definition)
    uploads = sum(position.name == UPLOAD for position in now)
    then = positions(definition, forced=True)
    return then if count == len(then) and count not in (len(now), len(now) - uploads) else now


def _is_control(value: Any) -> bool:
    """The oldest files say true or false."""
    return value is None or isinstance(value, bool) or value in CONTROLS
