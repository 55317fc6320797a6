"""Which widgets inside a subgraph an instance shows, and what it holds for them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from engine.lower_marks import inside
from engine.lower_scope import Promoted, Scope, Shown
from engine.ui_workflow import SUBGRAPH_INPUT, UiNode, UiSubgraph

OWN = ("", "-1")
"""How an instance names itself as the owner of a widget."""


def promoted(scope: Scope, instance: UiNode, definition: UiSubgraph) -> Promoted:
    """What an instance in ``scope`` says of the widgets inside it; the graphs around it may say more, and win.

    Raises InvalidWorkflow if its values cannot be told apart.
    """
    lists = _shown(instance, definition)
    values = instance.widgets_values
    given: list[tuple[tuple[str, str], Any]] = []
    if isinstance(values, list) and any(value is not None for value in values):
        given += zip(_fitting(scope, instance, lists, len(values)), values, strict=False)
    named = {**(values if isinstance(values, dict) else {}), **(instance.widgets_values_named or {})}
    named |= {name: value for (owner, name), value in scope.promoted.widgets.items() if owner == str(instance.id)}
    given += [(place, value) for name, value in named.items() for place in _called(name, lists, definition)]
    known = [(place, value) for place, value in given if value is not None]
    return replace(
        inside(scope, instance, partial(_called, lists=lists, definition=definition)),
        inputs={name: value for (owner, name), value in known if not owner},
        widgets={(owner, name): value for (owner, name), value in known if owner},
    )


def _shown(instance: UiNode, definition: UiSubgraph) -> list[list[Shown]]:
    """The ways in which files tell the order of an instance's widgets, those that say something."""
    proxies: list[Shown] = []
    told = instance.properties.get("proxyWidgets")
    for proxy in told if isinstance(told, list) else []:
        if isinstance(proxy, list) and len(proxy) >= 2:
            owner = str(proxy[0])
            proxies.append(("" if owner in OWN else owner, str(proxy[1])))
    marked = {entry.name for entry in instance.inputs if entry.widget}
    lists = [
        proxies,
        [(str(widget.id), widget.name) for widget in definition.widgets],
        [("", definition.inputs[slot].name) for slot in sorted(_widget_slots(definition))],
        [("", port.name) for port in definition.inputs if port.name in marked],
    ]
    return [shown for shown in lists if shown]


def _widget_slots(definition: UiSubgraph) -> set[int]:
    """The inputs of a subgraph that lead to a widget inside."""
    ends = {str(entry.link) for node in definition.nodes for entry in node.inputs if entry.widget}
    slots = {link.origin_slot for link in definition.links if _from_outside(link.origin_id) and str(link.id) in ends}
    return {slot for slot in slots if 0 <= slot < len(definition.inputs)}


def _from_outside(origin: Any) -> bool:
    return str(origin) == SUBGRAPH_INPUT


def _fitting(scope: Scope, instance: UiNode, lists: list[list[Shown]], count: int) -> list[Shown]:
    """The first list of as many widgets as there are values."""
    for shown in lists:
        if len(shown) == count:
            return shown
    expected = " or ".join(str(len(shown)) for shown in lists) or "none, for no widget inside is promoted"
    raise scope.refused(instance, f"expected as many widget values as it shows widgets ({expected}), got {count}")


def _called(name: str, lists: list[list[Shown]], definition: UiSubgraph) -> list[Shown]:
    """The widgets that an instance means by a name: an input of that name, or else what it shows of inner nodes."""
    if any(port.name == name for port in definition.inputs):
        return [("", name)]
    return list(dict.fromkeys(place for shown in lists for place in shown if place[1] == name))
