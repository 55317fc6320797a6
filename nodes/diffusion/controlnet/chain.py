"""Controls on a latent of known size, and what they add for one batch of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from nodes.diffusion.controlnet.control import Control
from nodes.diffusion.inputs import Inputs, Residuals
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.resizing import resize
from nodes.diffusion.unet.model import UNet

if TYPE_CHECKING:
    from nodes.diffusion.regions import Area

CELL = 8  # pixels of a hint for a latent cell


class Row(NamedTuple):
    """What a row of a batch is of: the cells, and the number of the latent."""

    area: Area
    number: int


class Link:
    """A control whose hint is resized once, and whose network sees each area of it once."""

    def __init__(self, control: Control, prediction: Prediction, height: int, width: int) -> None:
        """``height`` and ``width`` are the latent's cells."""
        self.net, self.strength = control.net, control.strength
        self.start = prediction.percent_to_sigma(control.start_percent)
        self.end = prediction.percent_to_sigma(control.end_percent)
        self._hint = resize(control.hint.float(), width * CELL, height * CELL, "nearest-exact", "center")
        self._prepared: dict[Area, tuple[Tensor, ...]] = {}

    def active(self, sigma: float) -> bool:
        return self.end <= sigma <= self.start

    def rows(self, rows: Sequence[Row]) -> list[Tensor]:
        """What the network made of the hint, for each row; a batch of hints is gone through in turn."""
        for area in {row.area for row in rows} - self._prepared.keys():
            y, x = area.y * CELL, area.x * CELL
            crop = self._hint[..., y : y + area.h * CELL, x : x + area.w * CELL]
            self._prepared[area] = self.net.prepared(crop)
        own = [self._prepared[row.area] for row in rows]
        picked = [[part[row.number % len(part)] for part in parts] for parts, row in zip(own, rows, strict=True)]
        return [torch.stack(parts) for parts in zip(*picked, strict=True)]


class Chain:
    """A control and those before it, the first first."""

    def __init__(self, control: Control, prediction: Prediction, height: int, width: int) -> None:
        self._links: list[Link] = []
        link: Control | None = control
        while link is not None:
            self._links.insert(0, Link(link, prediction, height, width))
            link = link.previous

    def steering(
        self, rows: Sequence[Row], sigma: float, context: Tensor | None = None, vector: Tensor | None = None
    ) -> Steering | None:
        """What steers these rows at ``sigma``; None if nothing does. See ``Steering``."""
        active = tuple(link for link in self._links if link.active(sigma))
        return Steering(active, tuple(rows), context, vector) if active else None


class Chains:
    """The chains of one sampling: the same controls give the same chain, so that items can be looked at together."""

    def __init__(self, prediction: Prediction, height: int, width: int) -> None:
        self._measures = prediction, height, width
        self._made: dict[Control, Chain] = {}

    def of(self, control: Control | None) -> Chain | None:
        if control is None:
            return None
        if control not in self._made:
            self._made[control] = Chain(control, *self._measures)
        return self._made[control]


@dataclass(frozen=True, eq=False)
class Steering:
    """The controls of a batch. ``context`` (B, T, D) and ``vector`` (B, V) are told to them in the U-Net's stead."""

    links: tuple[Link, ...]
    rows: tuple[Row, ...]
    context: Tensor | None = None
    vector: Tensor | None = None

    def residuals(self, inputs: Inputs, unet: UNet) -> Residuals:
        """The sum of what each adds, as strong as it is. Raises ValueError for a network made for other U-Nets."""
        if self.context is not None:
            inputs = replace(inputs, context=self.context.to(inputs.context))
        if self.vector is not None:
            inputs = replace(inputs, vector=self.vector.to(inputs.x))
        total = Residuals()
        for link in self.links:
            total = added(total, scaled(link.net.residuals(link.rows(self.rows), inputs, unet), link.strength))
        return total

    def split(self, sizes: Sequence[int]) -> list[Steering]:
        """By rows."""
        none = [None] * len(sizes)
        contexts = none if self.context is None else torch.split(self.context, list(sizes))
        vectors = none if self.vector is None else torch.split(self.vector, list(sizes))
        parts, start = [], 0
        for k, size in enumerate(sizes):
            rows = self.rows[start : start + size]
            parts.append(replace(self, rows=rows, context=contexts[k], vector=vectors[k]))
            start += size
        return parts


def scaled(residuals: Residuals, strength: float) -> Residuals:
    """Each times ``strength``."""

    def times(one: Tensor | None) -> Tensor | None:
        return None if one is None else one * strength

    down, inner = (tuple(map(times, each)) for each in (residuals.down, residuals.inner))
    return Residuals(down, times(residuals.middle), inner)


def added(one: Residuals, other: Residuals) -> Residuals:
    """Place by place."""

    def sum_of(a: Tensor | None, b: Tensor | None) -> Tensor | None:
        return b if a is None else a if b is None else a + b

    down, inner = (
        tuple(sum_of(a, b) for a, b in zip_longest(*each))
        for each in ((one.down, other.down), (one.inner, other.inner))
    )
    return Residuals(down, sum_of(one.middle, other.middle), inner)
