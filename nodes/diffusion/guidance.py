"""Guidance: denoised estimates, with and without the prompt, into one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

from torch import Tensor

from nodes.diffusion.conditioning import Conditioning
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.unet.hooks import Hooks

Memory: TypeAlias = MutableMapping[str, Tensor]
"""What guidance remembers from one evaluation to the next, each like the latent.

Each sampling begins with an empty one. It is stored with the steps, so that a sampling that goes on has it again.
"""


def guided(cond: Tensor, uncond: Tensor, cfg: float) -> Tensor:
    """Classifier-free guidance; Ho & Salimans 2022 (arXiv:2207.12598). 0 is uncond, 1 is cond, more exaggerates."""
    return uncond + cfg * (cond - uncond)


def needs_uncond(cfg: float) -> bool:
    """Whether the unconditional estimate matters at this scale; at 1 it cancels out, and half the work with it."""
    return not math.isclose(cfg, 1.0)


class Again(Protocol):
    """Another estimate in the same evaluation: with the words of ``cond`` (0) or ``uncond`` (1), at another ``x`` or
    ``sigma``, with further hooks."""

    def __call__(
        self, k: int, x: Tensor | None = None, sigma: Tensor | None = None, hooks: Hooks | None = None
    ) -> Tensor: ...


@dataclass(frozen=True, eq=False)
class Moment:
    """One evaluation, as guidance sees it: at ``x`` (B, C, h, w) and ``sigma`` (a scalar), in the network's scale.

    ``cond`` and ``uncond`` are denoised estimates like ``x``. ``uncond`` is ``cond`` where nothing asked for it; then
    ``has_uncond`` is false.
    """

    x: Tensor
    sigma: Tensor
    cfg: float
    cond: Tensor
    uncond: Tensor
    again: Again
    has_uncond: bool = True
    beside: Mapping[str, Tensor] = field(default_factory=dict)
    """The estimates of the guidance's own conditionings."""
    memory: Memory = field(default_factory=dict)


Before: TypeAlias = Callable[[Moment], Moment]
Combine: TypeAlias = Callable[[Moment], Tensor]
After: TypeAlias = Callable[[Moment, Tensor], Tensor]
ScaleAt: TypeAlias = Callable[[float, float, Prediction], float]
"""(scale, sigma, the model's prediction) -> the scale that counts there."""


class MaskAt(Protocol):
    """What a latent's noise mask (B, 1, h, w) is at a sigma of a schedule."""

    def __call__(self, mask: Tensor, sigma: Tensor, *, sigmas: Tensor, prediction: Prediction) -> Tensor: ...


@dataclass(frozen=True)
class Guidance:
    """What a model has done with its estimates: ``before`` change them, ``combine`` takes the place of CFG, ``after``
    change the result, each in its order.

    ``combine`` is not called where there is nothing to guide away from: at scale 1, or under a guider without negative.
    """

    before: tuple[Before, ...] = ()
    combine: Combine | None = None
    after: tuple[After, ...] = ()
    always_uncond: bool = False
    """Have the unconditional estimate made also where CFG does not need it."""
    beside: Mapping[str, Conditioning] = field(default_factory=dict)
    """Further conditionings to estimate with in each evaluation, by names of their own."""
    scale_at: tuple[ScaleAt, ...] = ()
    """What changes a guider's scales, one after the other."""
    mask_at: MaskAt | None = None
    """What makes another noise mask for each noise level."""

    def adding(self, *, before: Sequence[Before] = (), after: Sequence[After] = ()) -> Guidance:
        """With more of them, behind those that are there."""
        return replace(self, before=(*self.before, *before), after=(*self.after, *after))

    def scale(self, cfg: float, sigma: float, prediction: Prediction) -> float:
        """The scale that counts at a sigma, if a guider's is ``cfg``."""
        for change in self.scale_at:
            cfg = change(cfg, sigma, prediction)
        return cfg

    def needs_uncond(self, cfg: float) -> bool:
        return self.always_uncond or needs_uncond(cfg)

    def __call__(self, moment: Moment) -> Tensor:
        """The guided estimate."""
        for change in self.before:
            moment = change(moment)
        if self.combine and moment.has_uncond:
            result = self.combine(moment)
        elif needs_uncond(moment.cfg):
            result = guided(moment.cond, moment.uncond, moment.cfg)
        else:
            result = moment.cond
        for finish in self.after:
            result = finish(moment, result)
        return result


PLAIN = Guidance()
