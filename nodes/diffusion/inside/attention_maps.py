"""Where attention looks, step by step and block by block: cross-attention at words, self-attention at pixels.

Averaged over heads, over a block's transformer layers, and over a step's evaluations; Hertz et al. 2022
(arXiv:2208.01626) and Tang et al. 2022 (arXiv:2210.04885) look at Stable Diffusion the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.attention import attention, split_heads
from nodes.diffusion.inside.anatomy import BLOCKS, Key, parts
from nodes.diffusion.inside.rows import Rows, key_of, watched_row
from nodes.diffusion.model import Model
from nodes.diffusion.sampling import StepReport
from nodes.diffusion.unet.hooks import Attention, Place, Replacement, Spot
from nodes.imaging.heat import stretch

Look: TypeAlias = Callable[[Tensor, Tensor, Spot], Tensor | None]
"""Queries (N, C) and keys (M, C) of one row -> maps (W, h, w); None where it cannot be said."""
Maps: TypeAlias = Mapping[Key, Tensor]
"""(W, h, w) by block."""


class Spent(NamedTuple):
    """What maps of one step are kept by until it is done."""

    block: Key
    layer: int
    sigma: float


class AttentionWatch:
    """Looks at one kind of attention in all blocks; what attention gives stays as it is."""

    def __init__(self, which: Attention, look: Look) -> None:
        self.which, self._look = which, look
        self.steps: list[Maps] = []
        """A map for each finished step, in order."""
        self._rows = Rows[Spent]()

    def patched(self, model: Model) -> Model:
        """The model, watched. Raises ValueError if no block attends."""
        hooks = model.hooks
        attending = [part for part in parts(model.unet.get().config) if part.depth]
        if not attending:
            raise ValueError("no block of this model has attention")
        for part in attending:
            whole = Place(self.which, BLOCKS[part.key.way], part.key.number)
            layers = [whole._replace(layer=layer) for layer in range(part.depth)]
            # Of the whole block, so that guidance can replace it for an evaluation of its own.
            for place in (whole, *(each for each in layers if each in hooks.replaced)):
                hooks = hooks.replacing(place, partial(self._attend, hooks.replaced.get(place)))
        return replace(model, hooks=hooks)

    def _attend(self, before: Replacement | None, q: Tensor, k: Tensor, v: Tensor, spot: Spot) -> Tensor:
        """Attention as it was, and a look at it."""
        row = watched_row(spot.inputs)
        if row is not None and len(q) == len(spot.inputs):  # else a patch has cut it into tiles
            seen = self._look(q[row], k[row], spot)
            if seen is not None:
                spent = Spent(key_of(spot), spot.layer, spot.inputs.sigma)
                self._rows.keep(spent, spot.inputs.first + row, seen.float().cpu())
        return before(q, k, v, spot) if before else attention(q, k, v, spot.heads)

    def on_step(self, report: StepReport) -> None:
        """A step is done: the mean over layers and evaluations."""
        found: dict[Key, list[Tensor]] = {}
        for spent, maps in self._rows.taken().items():
            found.setdefault(spent.block, []).append(maps)
        self.steps.append({key: mean_map(maps) for key, maps in found.items()})

    def blocks(self) -> dict[Key, Tensor]:
        """(W, h, w) by block, the mean over steps. Raises ValueError if nothing was seen."""
        found: dict[Key, list[Tensor]] = {}
        for step in self.steps:
            for key, maps in step.items():
                found.setdefault(key, []).append(maps)
        if not found:
            raise ValueError(
                "no attention was seen: no step was taken, or a patch of the model makes tiles of it or merges tokens"
            )
        return {key: mean_map(maps) for key, maps in found.items()}


def attention_weights(q: Tensor, k: Tensor, heads: int) -> Tensor:
    """How much each of N queries (N, C) looks at each of M keys (M, C): (heads, N, M), each row's sum is 1."""
    q, k = (split_heads(each[None].float(), heads)[0] for each in (q, k))
    return (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1)


def at_words(places: Tensor) -> Look:
    """How much each pixel looks at each word; ``places`` (T, W), see ``Words``. The sum over words is 1."""

    def look(q: Tensor, k: Tensor, spot: Spot) -> Tensor | None:
        repeats, rest = divmod(len(k), len(places))  # a text is repeated to the length of a longer one beside it
        if rest or len(q) != math.prod(spot.size):
            return None
        shares = attention_weights(q, k, spot.heads).mean(0) @ places.to(q.device).repeat(repeats, 1)  # (N, W)
        return torch.unflatten(shares.T, 1, spot.size)

    return look


def from_point(x: float, y: float) -> Look:
    """Where the pixel at a point looks, both in [0, 1) from the upper left: (1, h, w), 1 on average.

    So maps of any resolution count alike when they are averaged.
    """

    def look(q: Tensor, k: Tensor, spot: Spot) -> Tensor | None:
        height, width = spot.size
        if len(q) != height * width or len(k) != height * width:
            return None
        pixel = int(y * height) * width + int(x * width)
        shares = attention_weights(q[pixel, None], k, spot.heads).mean(0)  # (1, HW)
        return torch.unflatten(shares * (height * width), 1, spot.size)

    return look


def mean_map(maps: Sequence[Tensor], size: tuple[int, int] | None = None) -> Tensor:
    """The mean of maps (W, h, w), stretched to a size, by default the largest of theirs."""
    height, width = size or max(((each.shape[-2], each.shape[-1]) for each in maps), key=math.prod)
    return torch.stack([stretch(each, (height, width)) for each in maps]).mean(0)
