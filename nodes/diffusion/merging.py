"""Models mixed weight by weight: each weight is its own times a factor plus the other's times another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from torch import Tensor, nn

from nodes.diffusion.errors import DiffusionError
from nodes.diffusion.lazy import Kept, Lazy
from nodes.diffusion.model import Model
from nodes.diffusion.patching import Change, changed, shapes
from nodes.diffusion.text.clip import Clip
from nodes.diffusion.text.handles import towers, with_towers

N = TypeVar("N", bound=nn.Module)


class Unlike(DiffusionError):
    """Networks that cannot be mixed: their weights differ in name or shape."""


@dataclass(frozen=True)
class Factors:
    """What is taken of each side."""

    own: float
    other: float


@dataclass(frozen=True)
class Mix:
    """``own`` · w + ``other`` · the other network's w, by the longest prefix of its name; "" fits all."""

    network: Lazy[Any]
    by_prefix: tuple[tuple[str, Factors], ...]

    @property
    def name(self) -> str:
        return self.network.origin.file

    @property
    def sources(self) -> tuple[Kept[Any], ...]:
        return (self.network,)

    def behind(self, others: tuple[Change, ...]) -> tuple[Change, ...]:
        plain = all(factors == OWN for _, factors in self.by_prefix)
        return others if plain else (*others, self)

    def touches(self, weight: str) -> bool:
        return self._factors(weight) != OWN

    def apply(self, name: str, weight: Tensor, sources: Mapping[Kept[Any], Any]) -> Tensor:
        factors = self._factors(name)
        other = tensor_of(sources[self.network], name)
        return factors.own * weight + factors.other * other.to(weight)

    def _factors(self, weight: str) -> Factors:
        fitting = [(len(prefix), factors) for prefix, factors in self.by_prefix if weight.startswith(prefix)]
        return max(fitting, key=lambda each: each[0])[1] if fitting else OWN


OWN = Factors(1.0, 0.0)


def blended(ratio: float) -> Factors:
    """``ratio`` of one's own, the rest of the other."""
    return Factors(ratio, 1 - ratio)


def subtracted(multiplier: float) -> Factors:
    """The difference, times a multiplier."""
    return Factors(multiplier, -multiplier)


ADDED = Factors(1.0, 1.0)


def mix_models(model: Model, other: Model, by_prefix: Mapping[str, Factors]) -> Model:
    """The first model with its U-Net's weights mixed with the other's. Raises Unlike."""
    return replace(model, unet=mixed(model.unet, other.unet, by_prefix))


def mix_clips(clip: Clip | None, other: Clip | None, factors: Factors) -> Clip:
    """The first text encoder with its weights mixed with the other's, tower by tower. Raises Unlike, ValueError."""
    if clip is None or other is None:
        raise ValueError(f"there is no text encoder to merge: clip{1 if clip is None else 2} is of a file without one")
    first, second = towers(clip), towers(other)
    if first.keys() != second.keys():
        raise Unlike(
            f"text encoders {', '.join(first)} and {', '.join(second)} cannot be merged: they are not the same"
        )
    return with_towers(clip, {name: mixed(first[name], second[name], {"": factors}) for name in first})


def mixed(network: Lazy[N], other: Lazy[N], by_prefix: Mapping[str, Factors]) -> Lazy[N]:
    """A network of both. Raises Unlike naming the first weight that differs."""
    here, there = shapes(network), shapes(other)
    for name in (*here, *there):
        if here.get(name) != there.get(name):
            told = [
                f"{each.get(name, 'missing')} in {of.origin.file}" for each, of in ((here, network), (there, other))
            ]
            raise Unlike(f"models of different architectures cannot be merged: {name} is {' and '.join(told)}")
    return changed(network, Mix(other, tuple(by_prefix.items())))


def tensor_of(network: nn.Module, name: str) -> Tensor:
    """A module's parameter or buffer by its whole name."""
    module, _, last = name.rpartition(".")
    tensor: Tensor = getattr(network.get_submodule(module), last)
    return tensor
