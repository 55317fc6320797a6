"""Whether pictures are what was asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import interpolate

from nodes.diffusion.evaluation.cases import Case
from nodes.diffusion.evaluation.colours import ground, nearest
from nodes.diffusion.evaluation.concepts import MANNERS, Concept
from nodes.diffusion.evaluation.identity import Icons
from nodes.diffusion.training.dataset import Background

SIDE = 128  # pixels, at which all pictures are looked at


class Verdict(NamedTuple):
    """What was asked for, and what was found."""

    case: Case
    concept: Concept
    background: Background

    @property
    def right_concept(self) -> bool:
        return self.concept.subject == self.case.concept.subject

    @property
    def right_background(self) -> bool:
        return self.background == self.case.background


class Answer(NamedTuple):
    """A picture (H, W, 3) in [0, 1] with its verdict."""

    verdict: Verdict
    picture: Tensor


class Score(NamedTuple):
    """How many of how many."""

    right: int
    of: int

    @property
    def share(self) -> float | None:
        """None if there was nothing to be right about."""
        return self.right / self.of if self.of else None


class Measure(NamedTuple):
    """A question to a verdict: of which it is asked, and when it is answered with yes."""

    name: str
    asked: Callable[[Verdict], bool]
    right: Callable[[Verdict], bool]

    def score(self, verdicts: Iterable[Verdict]) -> Score:
        answers = [self.right(verdict) for verdict in verdicts if self.asked(verdict)]
        return Score(sum(answers), len(answers))


def _unseen(verdict: Verdict) -> bool:
    return verdict.case.kind == "unseen"


def _seen(verdict: Verdict) -> bool:
    return not _unseen(verdict)


def _named(verdict: Verdict) -> bool:
    return verdict.case.kind == "named"


def _both(verdict: Verdict) -> bool:
    return verdict.right_concept and verdict.right_background


MEASURES = (
    Measure("background", _seen, lambda verdict: verdict.right_background),
    Measure("named_background", _named, lambda verdict: verdict.right_background),
    Measure("concept", _seen, lambda verdict: verdict.right_concept),
    Measure("unseen_pair", _unseen, _both),
    Measure("unseen_background", _unseen, lambda verdict: verdict.right_background),
    Measure("unseen_concept", _unseen, lambda verdict: verdict.right_concept),
)
"""The first three are asked of pairs that training draws, or may draw."""


class Judge:
    """Compares pictures with icons of the style asked for, and their borders with the backgrounds there are."""

    def __init__(self, concepts: Sequence[Concept], backgrounds: Sequence[Background]) -> None:
        self._concepts, self._backgrounds = concepts, backgrounds
        self._icons = {style: Icons([concept.pictures[style] for concept in concepts]) for style in MANNERS}

    def __call__(self, case: Case, picture: Tensor) -> Verdict:
        """``picture`` is (H, W, 3) in [0, 1]."""
        seen = picture[None].float()
        if seen.shape[1:3] != (SIDE, SIDE):
            seen = interpolate(seen.movedim(-1, 1), (SIDE, SIDE), mode="area").movedim(1, -1)
        colour = ground(seen)
        closest = int(self._icons[case.style].errors(seen, colour).argmin())
        return Verdict(case, self._concepts[closest], self._backgrounds[nearest(colour, self._backgrounds)[0]])


def confusions(verdicts: Iterable[Verdict]) -> list[tuple[str, str, str, int]]:
    """Concepts taken for others: style, what was asked for, what it looks like, how often; the most frequent first."""
    wrong = Counter(
        (verdict.case.style, verdict.case.concept.name, verdict.concept.name)
        for verdict in verdicts
        if not verdict.right_concept
    )
    return [(*which, count) for which, count in wrong.most_common()]
