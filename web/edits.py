"""Changes of a workflow in API format, as pure functions: workflow in, changed workflow out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from engine.exposed import Place, title_of

Prompt: TypeAlias = Mapping[str, Any]
"""A workflow in API format."""


class NoSuchPlace(ValueError):
    """A name that means no node or no input of the workflow, or several."""


def find_node(prompt: Prompt, name: str) -> str:
    """The node with this id; else the one of this title; else the one of this class type. Raises NoSuchPlace."""
    if name in prompt:
        return name
    for kind in (title_of, _type):
        found = [node_id for node_id, node in prompt.items() if kind(node) == name]
        if len(found) == 1:
            return found[0]
        if found:
            candidates = ", ".join(label(prompt, node_id) for node_id in found)
            raise NoSuchPlace(f"{name!r} could be any of: {candidates}; name one by its id")
    candidates = ", ".join(label(prompt, node_id) for node_id in prompt)
    raise NoSuchPlace(f"no node is called {name!r}; there are: {candidates or 'none'}")


def find_input(prompt: Prompt, address: str) -> Place:
    """What ``NODE.INPUT`` means; NODE is an id, a title or a class type. Raises NoSuchPlace."""
    name, dot, key = address.rpartition(".")
    if not (dot and name and key):
        raise NoSuchPlace(f"expected NODE.INPUT, got {address!r}")
    node_id = find_node(prompt, name)
    inputs = prompt[node_id].get("inputs", {})
    if key not in inputs:
        known = ", ".join(inputs) or "none"
        raise NoSuchPlace(f"{label(prompt, node_id)} has no input {key!r}; its inputs are: {known}")
    return Place(node_id, key)


def with_inputs(prompt: Prompt, changes: Mapping[Place, Any]) -> dict[str, Any]:
    """The workflow with other values at these places; the one given stays as it is."""
    changed = dict(prompt)
    for place, value in changes.items():
        node = changed[place.node]
        changed[place.node] = {**node, "inputs": {**node.get("inputs", {}), place.input: value}}
    return changed


def label(prompt: Prompt, node_id: str) -> str:
    """A node as messages name it."""
    node = prompt[node_id]
    return f"{node_id} ({title_of(node) or _type(node)})"


def nearest(name: str, known: Iterable[str]) -> str:
    """What to say of a name that is not known: what it is like, or else what there is."""
    known = list(known)
    if close := difflib.get_close_matches(name, known, n=1):
        return f"did you mean {close[0]!r}? There are: {', '.join(known)}"
    return f"there are: {', '.join(known) or 'none'}"


def _type(node: Mapping[str, Any]) -> Any:
    return node.get("class_type")
