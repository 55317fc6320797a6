"""What a model is asked: fixed prompts and seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Literal, NamedTuple, TypeAlias

from nodes.diffusion.evaluation.concepts import MANNERS, Concept
from nodes.diffusion.training.captions import A_BACKGROUND, written
from nodes.diffusion.training.dataset import Background, Dataset

Kind: TypeAlias = Literal["plain", "named", "unseen"]

NOISES = 8
"""How many seeds a round of prompts shares: few, so that many pictures have one seed and are painted together."""


class Case(NamedTuple):
    """One picture that is asked for. Of ``plain`` ones the background is not mentioned; ``unseen`` pairs were never
    drawn in training."""

    concept: Concept
    style: str
    kind: Kind
    background: Background
    seed: int

    @property
    def prompt(self) -> str:
        asked = MANNERS[self.style].format(self.concept.name)
        if self.kind == "plain":
            return asked
        return written(f"{asked} on {A_BACKGROUND} background", Random(0), self.background.names[0])


def cases(concepts: Sequence[Concept], dataset: Dataset, rounds: int = 1) -> Iterator[Case]:
    """For each concept, style and round one picture of each kind, as far as there are: a pair with a colour that
    ``dataset`` draws and one that it holds out. Colours and seeds go around, so that all come up alike."""
    plain, *colours = dataset.backgrounds
    for turn in range(rounds):
        for style_number, style in enumerate(MANNERS):
            for number, concept in enumerate(concepts):
                place = number + style_number + turn
                unseen = [each for each in colours if dataset.held_out(concept.subject, each)]
                seen = [each for each in colours if each not in unseen]
                seed = turn * NOISES + place % NOISES
                yield Case(concept, style, "plain", plain, seed)
                if seen:
                    yield Case(concept, style, "named", seen[place % len(seen)], seed)
                if unseen:
                    yield Case(concept, style, "unseen", unseen[place % len(unseen)], seed)
