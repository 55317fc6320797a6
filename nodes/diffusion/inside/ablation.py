"""A U-Net without some of its parts: what they did shows in what is missing.

What skip connections bring, and what the backbone does, is taken apart the same way by Si et al. 2023
(arXiv:2309.11497), figures 3 and 4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.inside.anatomy import WAYS, Key, chosen
from nodes.diffusion.model import Model
from nodes.diffusion.unet.config import UNetConfig
from nodes.diffusion.unet.hooks import Hooks, Spot

Bottleneck: TypeAlias = Literal["on", "zero", "bypass"]


def scales(text: str, config: UNetConfig) -> dict[Key, float]:
    """A list such as ``up 3: 0.5, skip 0-2: 0`` as factors by block.

    Raises ValueError for what this U-Net has not, and for factors that are no finite numbers.
    """
    found: dict[Key, float] = {}
    for item in filter(None, (each.strip() for each in text.split(","))):
        blocks, colon, number = item.partition(":")
        try:
            factor = float(number)
        except ValueError:
            factor = math.nan
        if not colon or not math.isfinite(factor):
            raise ValueError(f"scales: expected a block and a factor such as 'up 3: 0.5', but got {item!r}")
        keys = chosen(blocks, config, (*WAYS, "skip"), "scales")
        if not keys:
            raise ValueError(f"scales: {item!r} names no block")
        found |= dict.fromkeys(keys, factor)
    return found


@dataclass(frozen=True)
class Ablation:
    """Factors for what blocks and skip connections give, between two noise levels; 1 changes nothing.

    With ``bypass`` the middle block hands on what it is given.
    """

    factors: Mapping[Key, float]
    downs: int
    """Blocks of the way down: the last one's copy is the first that the way up is handed."""
    bypass: bool = False
    start: float = math.inf
    end: float = 0.0

    def patched(self, model: Model) -> Model:
        """The model with it; the model itself if nothing is to be changed."""
        factors = {key: factor for key, factor in self.factors.items() if factor != 1.0}
        if not factors and not self.bypass:
            return model
        return replace(model, hooks=replace(self, factors=factors).hooks(model.hooks))

    def hooks(self, hooks: Hooks) -> Hooks:
        """These hooks, and what it adds to them."""
        ways = {key.way for key in self.factors}
        if "down" in ways:
            hooks = hooks.adding("input_block", lambda h, spot: self._times(h, Key("down", spot.number), spot))
        if self.bypass:
            hooks = hooks.adding("input_block_after_skip", self._note)
        if self.bypass or "middle" in ways:
            hooks = hooks.adding("middle_block", self._middle)
        if "skip" in ways:
            hooks = hooks.adding("output_block", self._skip)
        if "up" in ways:
            hooks = hooks.adding("output_block_after", lambda h, spot: self._times(h, Key("up", spot.number), spot))
        return hooks

    def _times(self, h: Tensor, key: Key, spot: Spot) -> Tensor:
        factor = self.factors.get(key, 1.0)
        if factor == 1.0 or not self.end <= spot.inputs.sigma <= self.start:
            return h
        return h * factor if factor else torch.zeros_like(h)  # zero, whatever there was

    def _note(self, h: Tensor, spot: Spot) -> Tensor:
        spot.notes[self._before_middle] = h  # the last block's stays
        return h

    def _middle(self, h: Tensor, spot: Spot) -> Tensor:
        if self.bypass and self.end <= spot.inputs.sigma <= self.start:
            h = spot.notes[self._before_middle]
        return self._times(h, Key("middle"), spot)

    def _skip(self, h: Tensor, skip: Tensor, spot: Spot) -> tuple[Tensor, Tensor]:
        return h, self._times(skip, Key("skip", self.downs - 1 - spot.number), spot)

    @property
    def _before_middle(self) -> tuple[str, int]:
        return ("before the middle block", id(self))


def ablated(
    model: Model,
    skips_off: str = "",
    bottleneck: Bottleneck = "on",
    scaled: str = "",
    start: float = math.inf,
    end: float = 0.0,
) -> Model:
    """The model without the skip connections of some down blocks, with or without a middle, and with blocks scaled.

    ``start`` and ``end`` are the noise levels, from high to low, between which that is so. Raises ValueError for
    blocks that the model has not.
    """
    config = model.unet.get().config
    off = chosen(skips_off, config, ("down",), "skips_off")
    factors = scales(scaled, config) | {Key("skip", key.number): 0.0 for key in off}
    if bottleneck == "zero":
        factors[Key("middle")] = 0.0
    downs = len(chosen("down", config))
    return Ablation(factors, downs, bottleneck == "bypass", start, end).patched(model)
