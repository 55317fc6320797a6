"""An evaluation as a whole: what a checkpoint is asked, who paints and who judges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.evaluation.cases import Case, cases
from nodes.diffusion.evaluation.concepts import (
    FIRST_CHOICE,
    Concept,
    Learned,
    chosen,
    concepts_of,
    learned,
)
from nodes.diffusion.evaluation.judging import SIDE, Answer, Judge
from nodes.diffusion.evaluation.painting import Manner, OnStep, Painter
from nodes.diffusion.tensors import open_tensors
from nodes.diffusion.training.dataset import Dataset
from nodes.diffusion.training.icons import BACKGROUNDS, HOLD_OUT
from nodes.diffusion.training.sources import examples


class Wish(NamedTuple):
    """What to ask, where it is not left to the checkpoint.

    ``concepts`` are a number, so many of those that it has learned, from all over their list; or names between
    commas. ``rounds`` is how often each prompt is asked.
    """

    concepts: str | None = None
    hold_out: float | None = None
    rounds: int = 1


class Choice(NamedTuple):
    """Which concepts are asked for, and among which each has to be told from the others."""

    asked: tuple[Concept, ...]
    known: tuple[Concept, ...]


@dataclass(frozen=True)
class Exam:
    """All that is asked, in ``cases``, of a model that knows ``known`` concepts, with ``hold_out`` of pairs unseen.

    ``assumed`` tells that nobody has said how many; then it is as in the bundled recipe.
    """

    painter: Painter
    cases: tuple[Case, ...]
    known: tuple[Concept, ...]
    hold_out: float
    assumed: bool

    @classmethod
    def of(cls, loader: Loader, path: Path, icons: Path, wish: Wish, manner: Manner) -> Exam:
        """Of a checkpoint; ``icons`` are what training drew.

        Raises as ``Painter.of`` and ``learned`` do; ValueError for wishes that cannot be met.
        """
        told = learned(open_tensors(path).header.metadata)
        painter = Painter.of(loader, path, manner)
        asked, known = choice(concepts_of(examples(icons, SIDE)), told, wish.concepts)
        said = told.hold_out if wish.hold_out is None else wish.hold_out
        hold_out = HOLD_OUT if said is None else said
        dataset = Dataset((), BACKGROUNDS, hold_out=hold_out)
        return cls(painter, tuple(cases(asked, dataset, wish.rounds)), known, hold_out, said is None)

    def taken(self, on_step: OnStep = lambda count: None) -> Iterator[Answer]:
        """Each case's picture and verdict, as they are painted."""
        judge = Judge(self.known, BACKGROUNDS)
        for case, picture in self.painter.paint(self.cases, on_step):
            yield Answer(judge(case, picture), picture)

    def seconds_a_step(self) -> float:
        """How long a step takes for one picture, here and now."""
        return self.painter.seconds_a_step(self.cases[0].prompt)


def choice(there: Sequence[Concept], told: Learned, wanted: str | None) -> Choice:
    """Out of the icons that are ``there``; see ``Wish``. Raises ValueError for concepts that are not."""
    known = first_choice(there) if told.concepts is None else chosen(there, told.concepts)
    if wanted is None:
        return Choice(known, known)
    if wanted.isdecimal():
        return Choice(spread(known, int(wanted)), known)
    return Choice(chosen(known, wanted.split(",")), known)


def first_choice(concepts: Sequence[Concept]) -> tuple[Concept, ...]:
    """Those that are told apart at a glance; all, if none is marked so."""
    return tuple(each for each in concepts if each.source.startswith(FIRST_CHOICE)) or tuple(concepts)


def spread(concepts: Sequence[Concept], count: int) -> tuple[Concept, ...]:
    """So many of them, from all over the list. Raises ValueError for none, and for more than there are."""
    if not 0 < count <= len(concepts):
        raise ValueError(f"{count} concepts cannot be asked for: there are {len(concepts)}")
    return tuple(concepts[n * len(concepts) // count] for n in range(count))
