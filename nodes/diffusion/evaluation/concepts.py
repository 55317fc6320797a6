"""What a model may be asked for: the icons by what they show, and which of them a checkpoint says it has learned."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

from nodes.diffusion.training.dataset import CONCEPTS_KEY, HOLD_OUT_KEY, Example

MANNERS = {"3d": "a {}", "flat": "a flat {}"}
"""How each style is asked for. The first is what a model paints unless it is told otherwise."""
FIRST_CHOICE = "clear/"
"""Where the icons lie that are told apart at a glance."""


class Concept(NamedTuple):
    """Something that is painted in several styles."""

    subject: str  # "red-apple"
    name: str  # "red apple"
    pictures: Mapping[str, Tensor]  # by style, each (4, H, W) uint8
    source: str = ""  # the folder that its styles lie in, "clear/"


class Learned(NamedTuple):
    """What a checkpoint says of its training: names or subjects; the share of pairs held out. None is not said."""

    concepts: tuple[str, ...] | None = None
    hold_out: float | None = None


def learned(metadata: Mapping[str, str]) -> Learned:
    """Out of a file's metadata. Raises ValueError for what makes no sense."""
    names, share = metadata.get(CONCEPTS_KEY), metadata.get(HOLD_OUT_KEY)
    return Learned(None if names is None else _names(names), None if share is None else _share(share))


def _names(text: str) -> tuple[str, ...]:
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"the metadata's {CONCEPTS_KEY} must be a JSON list of names, but is {text[:80]!r}")
    return tuple(names)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise ValueError(f"the metadata's {HOLD_OUT_KEY} must be a number from 0 to below 1, but is {text[:80]!r}")
    return share


def concepts_of(examples: Iterable[Example]) -> tuple[Concept, ...]:
    """By subject, those that are there in every style; a picture's style is the folder that it lies in."""
    styles, firsts = dict[str, dict[str, Tensor]](), dict[str, Example]()
    for example in examples:
        styles.setdefault(example.subject, {})[style_of(example)] = example.picture
        firsts.setdefault(example.subject, example)
    return tuple(
        Concept(subject, name_of(first), styles[subject], first.name.removesuffix(f"{style_of(first)}/{subject}"))
        for subject, first in firsts.items()
        if MANNERS.keys() <= styles[subject].keys()
    )


def style_of(example: Example) -> str:
    """The last but one part of its name."""
    return example.name.rpartition("/")[0].rpartition("/")[2]


def name_of(example: Example) -> str:
    """A subject as its captions write it: hyphens are spaces in it, unless they are hyphens there too."""
    if any(example.subject in caption for caption in example.captions):
        return example.subject
    return example.subject.replace("-", " ")


def chosen(concepts: Sequence[Concept], names: Iterable[str]) -> tuple[Concept, ...]:
    """Concepts by their names or subjects, in this order, each once. Raises ValueError for ones that are not there."""
    there = {plain(concept.name): concept for concept in concepts}
    wanted = list(dict.fromkeys(map(plain, names)))
    if missing := [name for name in wanted if name not in there]:
        raise ValueError(f"there is no icon of {', '.join(missing[:6])}")
    return tuple(there[name] for name in wanted)


def plain(name: str) -> str:
    """What names of one concept have in common, however they are written."""
    return " ".join(name.lower().replace("-", " ").split())
