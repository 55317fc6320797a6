"""Adapters on networks: which of a file's tensors change which weight, and the sum of what they change."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from nodes.diffusion.errors import brief
from nodes.diffusion.lazy import Kept, Lazy
from nodes.diffusion.lora.file import AdapterFile, BadAdapter
from nodes.diffusion.lora.guess import made_for
from nodes.diffusion.lora.kinds import Recipe, recipes
from nodes.diffusion.lora.names import Stems, is_text, split
from nodes.diffusion.lora.settings import declared_scale
from nodes.diffusion.patching import Change, Patched, changed, shapes

N = TypeVar("N", bound=nn.Module)

EMBEDDINGS = "bundle_emb."
"""Words that were trained along with a LoRA: no weights, prompts name them."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Adapter:
    """A file, fitted to one network: what it does to which weight. Two of a file and a network are equal."""

    file: AdapterFile
    recipes: Mapping[str, Recipe] = field(compare=False)


@dataclass(frozen=True)
class Adapters:
    """Adapters that are added to weights, each times its strength: w + sum of strength · difference.

    Every difference is that of the weight before any of them, and they are added in the order of their files' names:
    so it makes no difference which came first.
    """

    parts: tuple[tuple[Adapter, float], ...]

    @property
    def name(self) -> str:
        return " and ".join(adapter.file.path.name for adapter, _ in self.parts)

    @property
    def sources(self) -> tuple[Kept[Any], ...]:
        return tuple(adapter.file for adapter, _ in self.parts)

    def behind(self, others: tuple[Change, ...]) -> tuple[Change, ...]:
        last = others[-1] if others else None
        before = last.parts if isinstance(last, Adapters) else ()
        strengths: dict[Adapter, float] = defaultdict(float)
        for adapter, strength in (*before, *self.parts):
            strengths[adapter] += strength
        ordered = sorted(strengths.items(), key=lambda part: part[0].file.stamp)
        kept = tuple((adapter, strength) for adapter, strength in ordered if strength)
        rest = others[:-1] if before else others
        return (*rest, Adapters(kept)) if kept else rest

    def touches(self, weight: str) -> bool:
        return any(weight in adapter.recipes for adapter, _ in self.parts)

    def apply(self, name: str, weight: Tensor, sources: Mapping[Kept[Any], Any]) -> Tensor:
        result = weight
        for adapter, strength in self.parts:
            if recipe := adapter.recipes.get(name):
                try:
                    result = result + strength * recipe.delta(sources[adapter.file], weight)
                except (ValueError, RuntimeError) as error:
                    raise BadAdapter(adapter.file.path.name, f"cannot change {name}: {error}") from error
        return result


def fit(file: AdapterFile, stems: Stems, network: Lazy[Any]) -> tuple[Adapter, frozenset[str]]:
    """What a file does to a network, and which of its keys it does that with; looked up once for a network's base.

    Raises BadAdapter if a tensor is called as one of this network's and does not fit it.
    """
    base = network.base if isinstance(network, Patched) else network
    if base not in file.fits:
        file.fits[base] = _fit(file, stems, base)
    return file.fits[base]


def _fit(file: AdapterFile, stems: Stems, network: Lazy[Any]) -> tuple[Adapter, frozenset[str]]:
    keys_of: dict[str, dict[str, str]] = defaultdict(dict)
    stored = file.file.header.shapes
    for key in stored:
        parted = split(key)
        if parted and parted[0] in stems:
            keys_of[parted[0]][parted[1]] = key
    have, found, sound = shapes(network), dict[str, Recipe](), set[Hashable]()
    for stem, keys in keys_of.items():
        for target, recipe in recipes(stem, keys, stored).items():
            weight = f"{stems[stem]}.{target}"
            if weight in have:
                form = (recipe.kind, have[weight], *((slot, stored[key]) for slot, key in recipe.keys.items()))
                if form not in sound:  # many modules have the same
                    check(file, recipe, weight, have[weight])
                    sound.add(form)
                found[weight] = replace(recipe, scale=declared_scale(file.file.header.metadata, recipe))
    used = frozenset(key for recipe in found.values() for key in recipe.keys.values())
    return Adapter(file, found), used


def check(file: AdapterFile, recipe: Recipe, weight: str, shape: tuple[int, ...]) -> None:
    """Raises BadAdapter if a recipe's tensors do not fit a weight: the formula is tried on shapes alone."""
    stored = file.file.header.shapes
    blanks = {key: torch.empty(stored[key], device="meta") for key in recipe.keys.values()}
    try:
        recipe.delta(blanks, torch.empty(shape, device="meta"))
    except (ValueError, RuntimeError, IndexError) as error:
        given = ", ".join(f"{key.removeprefix(recipe.stem)} {stored[key]}" for key in recipe.keys.values())
        why = f": {error}" if isinstance(error, ValueError) else ""
        raise BadAdapter(
            file.path.name,
            f"does not fit this model: {recipe.stem} ({recipe.kind.name}: {given}) is for another weight than "
            f"{weight} {shape}{why}{origin(file)}",
        ) from None


def add(network: Lazy[N], adapter: Adapter, strength: float) -> Lazy[N]:
    """The network with an adapter added."""
    return changed(network, Adapters(((adapter, strength),))) if adapter.recipes else network


def report(file: AdapterFile, used: Collection[str], of: str, *, text: bool) -> None:
    """Log the keys that nothing was done with. Raises BadAdapter if that is all of them.

    ``of`` are the parts that it was fitted to, in words; without ``text`` keys of text encoders are no loss.
    """
    keys = [key for key in file.file.header.shapes if text or not is_text(key)]
    if not used:
        shown = brief(list(file.file.header.shapes))
        raise BadAdapter(file.path.name, f"has nothing for {of}{origin(file)}. It holds {shown or 'no tensors'}")
    if left := [key for key in keys if key not in used and not key.startswith(EMBEDDINGS)]:
        log.warning(
            "%s: %d of %d tensors match nothing in %s: %s", file.path.name, len(left), len(keys), of, brief(left)
        )


def origin(file: AdapterFile) -> str:
    """What a file seems to be for, as the end of a sentence."""
    kind = made_for(file.file.header.shapes)
    return f"; it seems to be made for {kind}" if kind else ""
