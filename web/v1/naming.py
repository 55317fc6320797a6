"""The names in a request for a job, resolved against its workflow. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from engine.exposed import Exposed, Place, constants
from engine.graph import NodeId
from engine.node import NodeInfo
from engine.workflow import constant
from web.edits import NoSuchPlace, Prompt, find_input, find_node, label, nearest, with_inputs


class UnknownName(Exception):
    """A name that the workflow does not have; ``kind`` is ``unknown_input`` or ``unknown_output``."""

    def __init__(self, kind: str, details: str) -> None:
        super().__init__(details)
        self.kind = kind


def with_values(
    prompt: Prompt, offered: Exposed, values: Mapping[str, Any], infos: Mapping[str, NodeInfo]
) -> dict[str, Any]:
    """The workflow with other constants. ``infos`` are the node types by name, for inputs that have no value yet.

    Raises UnknownName.
    """
    places: dict[Place, str] = {}
    for name in values:
        place = _place(prompt, offered, name)
        _check_declared(prompt, place, name, infos)
        if place in places:
            where = f"{place.input!r} of {label(prompt, place.node)}"
            raise UnknownName("unknown_input", f"inputs {places[place]!r} and {name!r} are both {where}; give one")
        places[place] = name
    others = {place: name for name in values for place in offered.followers.get(name, ())}
    return with_inputs(prompt, {place: constant(values[name]) for place, name in {**others, **places}.items()})


def nodes_of(prompt: Prompt, offered: Exposed, names: Collection[str]) -> list[NodeId]:
    """The nodes whose outputs are wanted. Raises UnknownName."""
    return [_output(prompt, offered, name) for name in names]


def _place(prompt: Prompt, offered: Exposed, name: str) -> Place:
    if name in offered.inputs:
        return offered.inputs[name]
    known = offered.inputs or constants(prompt)
    if "." not in name:
        raise UnknownName("unknown_input", f"the workflow has no input {name!r}; {nearest(name, known)}")
    try:
        return find_input(prompt, name)
    except NoSuchPlace as error:
        raise UnknownName("unknown_input", f"the workflow has no input {name!r}: {error}") from None


def _check_declared(prompt: Prompt, place: Place, name: str, infos: Mapping[str, NodeInfo]) -> None:
    """An input that no node takes would be passed over in silence."""
    node = prompt[place.node]
    if place.input in node.get("inputs", {}):
        return
    info = infos.get(node.get("class_type") or "")
    known = [each for inputs in info.inputs.values() for each in inputs] if info else []
    if place.input not in known:
        details = f"{name!r} is exposed as {place.input!r} of {label(prompt, place.node)}, which has no such input"
        raise UnknownName("unknown_input", f"{details}; {nearest(place.input, known)}")


def _output(prompt: Prompt, offered: Exposed, name: str) -> NodeId:
    if name in offered.outputs:
        return offered.outputs[name]
    try:
        return find_node(prompt, name)
    except NoSuchPlace as error:
        known = f"; {nearest(name, offered.outputs)}" if offered.outputs else ""
        raise UnknownName("unknown_output", f"the workflow has no output {name!r}{known}: {error}") from None
