"""All pictures of an evaluation on one page."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

from nodes.diffusion.evaluation.cases import NOISES, Kind
from nodes.diffusion.evaluation.judging import Answer, Verdict
from nodes.imaging.sheets import Tile, sheet

COLUMNS = 16
KINDS: tuple[Kind, ...] = ("plain", "named", "unseen")
LETTERS = 18
"""Of a label, so that it is not wider than an icon."""


def page(answers: Iterable[Answer], title: str) -> Tensor:
    """Each picture with what was asked for and what is wrong with it: (1, H', W', 3) in [0, 1].

    Sorted by style, concept and kind; of several rounds only the first is shown.
    """
    first = [answer for answer in answers if answer.verdict.case.seed < NOISES]
    tiles = [Tile(answer.picture, label(answer.verdict)) for answer in sorted(first, key=order)]
    return sheet([tiles[start : start + COLUMNS] for start in range(0, len(tiles), COLUMNS)], title=title)


def order(answer: Answer) -> tuple[str, str, int]:
    """What the page is sorted by."""
    case = answer.verdict.case
    return case.style, case.concept.name, KINDS.index(case.kind)


def label(verdict: Verdict) -> str:
    """Two or three lines: the concept, the background and its kind, and what it looks like instead."""
    case = verdict.case
    wrong = [verdict.concept.name] * (not verdict.right_concept)
    wrong += [verdict.background.names[0]] * (not verdict.right_background)
    lines = [case.concept.name, f"{case.style}, {case.background.names[0]}"]
    if case.kind == "unseen":
        lines[1] += ", new"
    return "\n".join(shortened(line) for line in [*lines, *(["seen as " + ", ".join(wrong)] if wrong else [])])


def shortened(line: str) -> str:
    return line if len(line) <= LETTERS else line[: LETTERS - 1] + "…"
