"""Changes asked for on the command line, as pure functions: workflow in, changed workflow out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from engine.exposed import Place
from web.cli.documents import Document
from web.cli.terminal import Mistake
from web.edits import NoSuchPlace, Prompt, find_input, with_inputs
from web.sweeping import NoSweep, with_sweep

TEXTS = ("text", "text_g", "text_l", "clip_l", "t5xxl")
"""Inputs that hold the words of the text encoders in use."""

SEEDS = ("seed", "noise_seed")


def edited(document: Document, args: argparse.Namespace) -> Document:
    """The document with the changes asked for. Raises Mistake."""
    prompt = document.prompt
    if args.text is not None:
        prompt = set_text(prompt, args.text)
    if args.seed is not None:
        prompt = set_seed(prompt, args.seed)
    for assignment in args.set:
        prompt = set_input(prompt, assignment)
    if args.sweep:
        prompt = set_sweep(prompt, args.sweep)
    return replace(document, prompt=prompt)


def set_input(prompt: Prompt, assignment: str) -> dict[str, Any]:
    """Apply ``NODE.INPUT=VALUE``; NODE is an id, a title or a class type, VALUE JSON or else plain text."""
    place, text = _assigned(prompt, "--set", assignment, "VALUE")
    return with_inputs(prompt, {place: _value(text)})


def set_sweep(prompt: Prompt, assignments: Sequence[str]) -> dict[str, Any]:
    """Have the picture made for all values of ``NODE.INPUT=VALUES``, or of two of these."""
    axes = [_assigned(prompt, "--sweep", each, "VALUES, such as Draw.cfg=2,4,8") for each in assignments]
    try:
        return with_sweep(prompt, axes)
    except NoSweep as error:
        raise Mistake(f"--sweep: {error}") from None


def _assigned(prompt: Prompt, flag: str, assignment: str, expected: str) -> tuple[Place, str]:
    """The place and the text of ``NODE.INPUT=TEXT``. Raises Mistake."""
    address, equals, text = assignment.partition("=")
    name, dot, key = address.rpartition(".")
    if not (equals and dot and name and key):
        raise Mistake(f"{flag} {assignment}: expected NODE.INPUT={expected}")
    try:
        return find_input(prompt, address), text
    except NoSuchPlace as error:
        raise Mistake(f"{flag} {assignment}: {error}") from None


def set_text(prompt: Prompt, words: str) -> dict[str, Any]:
    """Give ``words`` to every text encoder that feeds a sampler's ``positive``."""
    starts = [source for inputs in _all_inputs(prompt) if (source := _source(prompt, inputs.get("positive")))]
    places = [Place(node_id, key) for node_id in _encoders(prompt, starts) for key in _texts(prompt, node_id)]
    if not places:
        raise Mistake("--text: no text encoder feeds a sampler's positive input; use --set NODE.INPUT=WORDS")
    return with_inputs(prompt, dict.fromkeys(places, words))


def set_seed(prompt: Prompt, seed: int) -> dict[str, Any]:
    """Set every ``seed`` and ``noise_seed`` that is a number, not a link."""
    places = [
        Place(node_id, key)
        for node_id, node in prompt.items()
        for key in SEEDS
        if isinstance(node.get("inputs", {}).get(key), int | float)
    ]
    if not places:
        raise Mistake("--seed: no node of this workflow has a seed")
    return with_inputs(prompt, dict.fromkeys(places, seed))


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
