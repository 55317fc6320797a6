"""Changes asked for on the command line, as pure functions: workflow in, changed workflow out."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from web.cli.terminal import Mistake

Prompt: TypeAlias = dict[str, Any]
"""A workflow in API format."""

TEXTS = ("text", "text_g", "text_l", "clip_l", "t5xxl")
"""Inputs that hold the words of the text encoders in use."""

SEEDS = ("seed", "noise_seed")


def set_input(prompt: Prompt, assignment: str) -> Prompt:
    """Apply ``NODE.INPUT=VALUE``; NODE is an id, a title or a class type, VALUE JSON or else plain text."""
    place, equals, text = assignment.partition("=")
    name, dot, key = place.rpartition(".")
    if not (equals and dot and name and key):
        raise Mistake(f"--set {assignment}: expected NODE.INPUT=VALUE")
    node_id = find_node(prompt, name)
    inputs = prompt[node_id].get("inputs", {})
    if key not in inputs:
        known = ", ".join(inputs) or "none"
        raise Mistake(f"--set {assignment}: {_label(prompt, node_id)} has no input {key!r}; its inputs are: {known}")
    return _with_inputs(prompt, {node_id: {key: _value(text)}})


def set_text(prompt: Prompt, words: str) -> Prompt:
    """Give ``words`` to every text encoder that feeds a sampler's ``positive``."""
    starts = [source for inputs in _all_inputs(prompt) if (source := _source(prompt, inputs.get("positive")))]
    changes = {node_id: dict.fromkeys(_texts(prompt, node_id), words) for node_id in _encoders(prompt, starts)}
    if not changes:
        raise Mistake("--text: no text encoder feeds a sampler's positive input; use --set NODE.INPUT=WORDS")
    return _with_inputs(prompt, changes)


def set_seed(prompt: Prompt, seed: int) -> Prompt:
    """Set every ``seed`` and ``noise_seed`` that is a number, not a link."""
    changes: dict[str, dict[str, Any]] = {}
    for node_id, node in prompt.items():
        literal = [key for key in SEEDS if isinstance(node.get("inputs", {}).get(key), int | float)]
        if literal:
            changes[node_id] = dict.fromkeys(literal, seed)
    if not changes:
        raise Mistake("--seed: no node of this workflow has a seed")
    return _with_inputs(prompt, changes)


def find_node(prompt: Prompt, name: str) -> str:
    """The node with this id; else the one of this title; else the one of this class type. Raises Mistake."""
    if name in prompt:
        return name
    for kind in (_title, _type):
        found = [node_id for node_id, node in prompt.items() if kind(node) == name]
        if len(found) == 1:
            return found[0]
        if found:
            candidates = ", ".join(_label(prompt, node_id) for node_id in found)
            raise Mistake(f"{name!r} could be any of: {candidates}; name one by its id")
    candidates = ", ".join(_label(prompt, node_id) for node_id in prompt)
    raise Mistake(f"no node is called {name!r}; there are: {candidates or 'none'}")


def _encoders(prompt: Prompt, starts: list[str]) -> list[str]:
    """The text encoders above ``starts``, through nodes that combine or change conditionings."""
    encoders, seen, waiting = [], set[str](), list(starts)
    while waiting:
        node_id = waiting.pop()
        if node_id in seen:
            continue
        seen.add(node_id)
        if _texts(prompt, node_id):
            encoders.append(node_id)
            continue
        for key, value in prompt[node_id].get("inputs", {}).items():
            source = _source(prompt, value)
            if source and key.startswith(("conditioning", "positive")):
                waiting.append(source)
    return encoders


def _texts(prompt: Prompt, node_id: str) -> list[str]:
    inputs = prompt[node_id].get("inputs", {})
    return [key for key in TEXTS if key in inputs] if "clip" in inputs else []


def _all_inputs(prompt: Prompt) -> Iterator[dict[str, Any]]:
    return (node.get("inputs", {}) for node in prompt.values())


def _source(prompt: Prompt, value: Any) -> str | None:
    """The node that a link comes from; None for a constant."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and value[0] in prompt:
        return value[0]
    return None


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return text


def _no_constant(name: str) -> None:
    """NaN and Infinity are words here."""
    raise ValueError(name)


def _with_inputs(prompt: Prompt, changes: dict[str, dict[str, Any]]) -> Prompt:
    changed = copy.deepcopy(prompt)
    for node_id, inputs in changes.items():
        changed[node_id]["inputs"].update(inputs)
    return changed


def _title(node: dict[str, Any]) -> Any:
    return (node.get("_meta") or {}).get("title")


def _type(node: dict[str, Any]) -> Any:
    return node.get("class_type")


def _label(prompt: Prompt, node_id: str) -> str:
    node = prompt[node_id]
    return f"{node_id} ({_title(node) or _type(node)})"
