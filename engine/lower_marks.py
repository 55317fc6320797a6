"""What nodes say of their inputs beside the values: under which names they are offered, and which are private.

An instance of a subgraph says it of the widgets that it shows. In the API format it stands at the nodes inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from engine.exposed import FOLLOWS, OWN
from engine.lower_scope import Promoted, Scope, Shown
from engine.ui_workflow import UiNode

Ports: TypeAlias = Sequence[tuple[Scope, str]]
"""The inputs of subgraphs by which an input is fed from outside, the outermost last."""
Mark: TypeAlias = tuple[str, Shown]
"""The path of the instance that says it, and of which of its widgets."""


def names_of(node: UiNode) -> dict[str, str]:
    """Input -> name. What is none is refused where the names count, in the API format."""
    names = _own(node).get("inputs")
    pairs = names.items() if isinstance(names, Mapping) else ()
    return {str(input_): name for input_, name in pairs if isinstance(name, str)}


def private_of(node: UiNode) -> list[str]:
    names = _own(node).get("private")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


class Marks:
    """Brings what instances say to the nodes inside; it remembers which names have found an input already."""

    def __init__(self) -> None:
        self._led: set[Mark] = set()

    def meta(self, scope: Scope, node: UiNode, ports: Mapping[str, Ports]) -> dict[str, Any]:
        """What belongs into ``_meta`` of a node. ``ports`` are the ways of those of its inputs that have a value.

        The outermost instance wins, as with values. Where one widget of it is several inputs, others follow the first.
        """
        found: dict[str, tuple[Mark, str]] = {}
        private: set[str] = set()
        for input_, said, shown in _said(scope, node, ports):
            if shown in said.promoted.private:
                private.add(input_)
            if name := said.promoted.names.get(shown):
                found[input_] = (said.path, shown), name
        names: dict[str, str] = {}
        follows: dict[str, str] = {}
        for input_, (mark, name) in found.items():
            (follows if mark in self._led else names)[input_] = name
            self._led.add(mark)
        if not (names or follows or private):
            return {OWN: node.properties[OWN]} if OWN in node.properties else {}
        own = _own(node)
        kept = {input_: name for input_, name in names_of(node).items() if input_ not in follows}
        made = {"inputs": {**kept, **names}, FOLLOWS: follows, "private": sorted({*private_of(node), *private})}
        return {OWN: {**own, **{key: value for key, value in made.items() if value}}}


def inside(scope: Scope, instance: UiNode, called: Callable[[str], Sequence[Shown]]) -> Promoted:
    """The marks of an instance, without its values. ``called`` tells which of its widgets have a name."""
    names = names_of(instance)
    private = {*private_of(instance)}
    own = str(instance.id)
    names |= {name: public for (owner, name), public in scope.promoted.names.items() if owner == own}
    private |= {name for owner, name in scope.promoted.private if owner == own}
    return Promoted(
        names={place: public for name, public in names.items() for place in called(name)},
        private=frozenset(place for name in private for place in called(name)),
    )


def _said(scope: Scope, node: UiNode, ports: Mapping[str, Ports]) -> Iterator[tuple[str, Scope, Shown]]:
    """Input of the node, the inside of an instance that may say something of it, and as what."""
    for owner, name in {**scope.promoted.names, **dict.fromkeys(scope.promoted.private, "")}:
        if owner == str(node.id):
            yield name, scope, (owner, name)
    for input_, way in ports.items():
        for at, port in way:
            yield input_, at, ("", port)


def _own(node: UiNode) -> Mapping[str, Any]:
    own = node.properties.get(OWN)
    return own if isinstance(own, Mapping) else {}
