"""Captions that say the same in many ways: ``a {cat|kitten}{| on a <background> background}``."""

from __future__ import annotations

import re
from random import Random

CHOICE = re.compile(r"\{([^{}]*)\}")
BACKGROUND, A_BACKGROUND = "<background>", "<a background>"
VOWELS = tuple("aeiou")


def written(pattern: str, rng: Random, background: str = "") -> str:
    """One of the captions that a pattern stands for: of each ``{a|b}`` one choice, those within others first.

    ``<background>`` becomes the background's name, ``<a background>`` that behind "a" or "an".
    """
    while found := CHOICE.search(pattern):
        pattern = pattern[: found.start()] + rng.choice(found[1].split("|")) + pattern[found.end() :]
    article = "an" if background[:1] in VOWELS else "a"
    text = pattern.replace(A_BACKGROUND, f"{article} {background}").replace(BACKGROUND, background)
    return " ".join(text.split()).replace(" ,", ",")


def tells_background(pattern: str) -> bool:
    """Whether a caption says what the picture lies on."""
    return BACKGROUND in pattern or A_BACKGROUND in pattern


def words(pattern: str) -> str:
    """All words of a pattern, whatever is chosen: for a vocabulary, not to be read."""
    return re.sub(r"[{}|]", " ", pattern.replace(A_BACKGROUND, "a an").replace(BACKGROUND, " "))
