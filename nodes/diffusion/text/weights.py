"""Weights in a prompt: ``(words:1.3)``, ``((words))``, ``\\(`` for a bracket. See docs/prompts.md."""

from __future__ import annotations

from typing import NamedTuple

EMPHASIS = 1.1
ESCAPES = {"\\(": "\0\1", "\\)": "\0\2"}


class Segment(NamedTuple):
    """A piece of text and its weight."""

    text: str
    weight: float


def parse(prompt: str) -> list[Segment]:
    """Split a prompt by weight. Brackets that do not match are text; nothing raises.

    A bracketed group weighs 1.1 times what is around it, or the number behind its last colon. Iterative, so that
    depth costs no stack.
    """
    for escape, mark in ESCAPES.items():
        prompt = prompt.replace(escape, mark)
    segments: list[Segment] = []
    todo = [(Segment(prompt, 1.0), True)]
    while todo:
        (text, weight), splits = todo.pop()
        if splits:
            todo += [(Segment(part, weight), False) for part in reversed(groups(text))]
        elif len(text) >= 2 and text.startswith("(") and text.endswith(")"):
            todo.append((inner(text[1:-1], weight * EMPHASIS), True))
        else:
            segments.append(Segment(restored(text), weight))
    return segments


def inner(content: str, weight: float) -> Segment:
    """A group without its brackets: a number behind the last colon takes the place of its weight."""
    colon = content.rfind(":")
    if colon > 0:
        try:
            return Segment(content[:colon], float(content[colon + 1 :]))
        except ValueError:
            pass  # what follows the colon is text, so the group keeps it and its weight
    return Segment(content, weight)


def groups(text: str) -> list[str]:
    """The outermost bracketed groups and what lies between them, in order."""
    parts, current, depth = [], "", 0
    for character in text:
        if character == "(":
            if depth == 0 and current:
                parts.append(current)
                current = ""
            depth += 1
        elif character == ")":
            depth -= 1
        current += character
        if character == ")" and depth == 0:
            parts.append(current)
            current = ""
    return [*parts, current] if current else parts


def restored(text: str) -> str:
    """Escaped brackets become brackets."""
    for escape, mark in ESCAPES.items():
        text = text.replace(mark, escape[1])
    return text
