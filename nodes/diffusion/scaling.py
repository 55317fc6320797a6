"""Attention with scaled weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from torch import Tensor

from nodes.diffusion.lazy import Kept
from nodes.diffusion.model import Model
from nodes.diffusion.patching import Change, changed
from nodes.diffusion.text.clip import Clip
from nodes.diffusion.text.handles import towers, with_towers


@dataclass(frozen=True)
class Scaled:
    """Weights and biases of modules, by what their names end in, times a factor each."""

    factors: tuple[tuple[str, float], ...]

    @property
    def name(self) -> str:
        return "scaled attention"

    @property
    def sources(self) -> tuple[Kept[Any], ...]:
        return ()

    def behind(self, others: tuple[Change, ...]) -> tuple[Change, ...]:
        factors = tuple((ending, factor) for ending, factor in self.factors if factor != 1)
        return (*others, Scaled(factors)) if factors else others

    def touches(self, weight: str) -> bool:
        return self._factor(weight) is not None

    def apply(self, name: str, weight: Tensor, sources: Mapping[Kept[Any], Any]) -> Tensor:
        factor = self._factor(name)
        return weight if factor is None else weight * factor

    def _factor(self, weight: str) -> float | None:
        module = weight.rpartition(".")[0]
        return next((factor for ending, factor in self.factors if module.endswith(ending)), None)


def unet_attention(model: Model, which: Literal["attn1", "attn2"], q: float, k: float, v: float, out: float) -> Model:
    """A model whose self-attention (attn1) or cross-attention (attn2) has scaled weights."""
    endings = {"to_q": q, "to_k": k, "to_v": v, "to_out.0": out}
    return _scaled(model, {f".{which}.{ending}": factor for ending, factor in endings.items()})


def temporal_attention(
    model: Model, self_structural: float, self_temporal: float, cross_structural: float, cross_temporal: float
) -> Model:
    """A model whose attention gives more or less. Temporal layers (``time_stack``) are those of video models."""
    factors = {
        ".time_stack.0.attn1.to_out.0": self_temporal,
        ".time_stack.0.attn2.to_out.0": cross_temporal,
        ".attn1.to_out.0": self_structural,
        ".attn2.to_out.0": cross_structural,
    }
    return _scaled(model, factors)


def text_attention(clip: Clip | None, q: float, k: float, v: float, out: float) -> Clip | None:
    """A text encoder whose attention has scaled weights."""
    if clip is None:
        raise ValueError("there is no text encoder whose attention could be scaled: the checkpoint has none")
    endings = {"q": q, "k": k, "v": v, "out": out}
    change = Scaled(tuple((f".self_attn.{ending}_proj", factor) for ending, factor in endings.items()))
    return with_towers(clip, {tower: changed(network, change) for tower, network in towers(clip).items()})


def _scaled(model: Model, factors: Mapping[str, float]) -> Model:
    return replace(model, unet=changed(model.unet, Scaled(tuple(factors.items()))))
