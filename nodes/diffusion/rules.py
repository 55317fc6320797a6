"""The rules of guiders: which conditioning lists an evaluation estimates with, and how that becomes one estimate.

In all of them list 0 is the positive one and list 1 the negative, as the model's hooks and extras take them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, Protocol

from torch import Tensor

from nodes.diffusion.guidance import Guidance, Moment, guided, needs_uncond
from nodes.diffusion.variants.projected import perp_neg

POSITIVE, NEGATIVE, THIRD = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Seen:
    """The estimates (B, C, h, w) of those lists that a rule wanted, and the guidance of their model."""

    of: Mapping[int, Tensor]
    guidance: Guidance
    moment: Callable[[int, int, float], Moment]
    """Of (the list that is cond, the one that is uncond, scale)."""

    def guided(self, cond: int, uncond: int, cfg: float) -> Tensor:
        """Two lists' estimates made one as the model wants it."""
        return self.guidance(self.moment(cond, uncond, cfg))


class Guided(NamedTuple):
    """A guider's answer, and the estimate that it guides away from, which CFG++ steps along."""

    result: Tensor
    uncond: Tensor


class Rule(Protocol):
    """How a guider makes one estimate of several."""

    def wants(self, guidance: Guidance, uncond: bool) -> Collection[int]:
        """The lists whose estimates it needs. With ``uncond`` also the one that the others are guided away from."""

    def __call__(self, seen: Seen) -> Guided: ...

    def scaled(self, change: Callable[[float], float]) -> Rule:
        """The same with other scales of guidance."""


@dataclass(frozen=True)
class Cfg:
    """Classifier-free guidance, or what the model does in its place. Lists: positive, negative."""

    scale: float

    def wants(self, guidance: Guidance, uncond: bool) -> Collection[int]:
        return (POSITIVE, NEGATIVE) if uncond or guidance.needs_uncond(self.scale) else (POSITIVE,)

    def __call__(self, seen: Seen) -> Guided:
        result = seen.guided(POSITIVE, NEGATIVE, self.scale)
        return Guided(result, seen.of.get(NEGATIVE, seen.of[POSITIVE]))

    def scaled(self, change: Callable[[float], float]) -> Rule:
        return Cfg(change(self.scale))


@dataclass(frozen=True)
class Unguided:
    """The estimate as it is, for distilled models. It is its own unconditional one. Lists: positive."""

    def wants(self, guidance: Guidance, uncond: bool) -> Collection[int]:
        return (POSITIVE,)

    def __call__(self, seen: Seen) -> Guided:
        return Guided(seen.guided(POSITIVE, NEGATIVE, 1.0), seen.of[POSITIVE])

    def scaled(self, change: Callable[[float], float]) -> Rule:
        return self


@dataclass(frozen=True)
class DualCfg:
    """Two scales: of the first words against the second, and of the second against the negative ones.

    Brooks et al. 2023, InstructPix2Pix, equation 3 (arXiv:2211.09800). Lists: first, negative, second.
    """

    firsts: float
    seconds: float

    def wants(self, guidance: Guidance, uncond: bool) -> Collection[int]:
        needed = uncond or guidance.needs_uncond(self.seconds)
        return (POSITIVE, NEGATIVE, THIRD) if needed else (POSITIVE, THIRD)

    def __call__(self, seen: Seen) -> Guided:
        first, second = seen.of[POSITIVE], seen.of[THIRD]
        result = seen.guided(THIRD, NEGATIVE, self.seconds) + self.firsts * (first - second)
        return Guided(result, seen.of.get(NEGATIVE, second))

    def scaled(self, change: Callable[[float], float]) -> Rule:
        return DualCfg(change(self.firsts), change(self.seconds))


@dataclass(frozen=True)
class NestedCfg:
    """The first words guided away from the second, and the result away from the negative ones.

    Lists: first, negative, second.
    """

    firsts: float
    seconds: float

    def wants(self, guidance: Guidance, uncond: bool) -> Collection[int]:
        needed = {POSITIVE: True, NEGATIVE: uncond or needs_uncond(self.seconds)}
        needed[THIRD] = guidance.needs_uncond(self.firsts)
        return [k for k, need in needed.items() if need]

    def __call__(self, seen: Seen) -> Guided:
        inner = seen.guided(POSITIVE, THIRD, self.firsts)
        away = seen.of.get(NEGATIVE, inner)
        return Guided(guided(inner, away, self.seconds) if needs_uncond(self.seconds) else inner, away)

    def scaled(self, change: Callable[[float], float]) -> Rule:
        return NestedCfg(change(self.firsts), change(self.seconds))


@dataclass(frozen=True)
class PerpNeg:
    """Away only from what the negative words do not share with the positive; see ``variants.projected.perp_neg``.

    It takes the place of CFG, also of what the model has in that place. Lists: positive, negative, empty.
    """

    scale: float
    negative: float

    def wants(self, guidance: Guidance, uncond: bool) -> Collection[int]:
        return (POSITIVE, NEGATIVE, THIRD)

    def __call__(self, seen: Seen) -> Guided:
        combine = partial(self._combined, seen.of[NEGATIVE])
        moment = seen.moment(POSITIVE, THIRD, self.scale)
        return Guided(replace(seen.guidance, combine=combine)(moment), seen.of[THIRD])

    def scaled(self, change: Callable[[float], float]) -> Rule:
        return replace(self, scale=change(self.scale))

    def _combined(self, negative: Tensor, moment: Moment) -> Tensor:
        return perp_neg(moment.cond, negative, moment.uncond, moment.cfg, self.negative)
