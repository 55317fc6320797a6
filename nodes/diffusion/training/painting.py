"""Pictures by a model that still learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor

from nodes.diffusion.model import Model
from nodes.diffusion.sampling import sample_latent
from nodes.diffusion.training.dataset import Dataset
from nodes.diffusion.training.loop import Training
from nodes.diffusion.vae.handle import Vae


class Encoding(NamedTuple):
    """A text as conditionings have it."""

    context: Tensor  # (1, T, D)
    pooled: Tensor  # (1, P)


UNASKED = 6
"""Captions of the data set that are painted where no prompts are given."""


@dataclass(frozen=True)
class Painter:
    """Paints prompts, each from the same noise every time, pixels ``size`` a side."""

    vae: Vae
    prompts: Sequence[str]
    size: int
    seed: int
    steps: int = 15
    cfg: float = 4.0

    @torch.no_grad()
    def paint(self, model: Model, encode: Callable[[str], Encoding]) -> list[Tensor]:
        """(H, W, 3) in [0, 1] each."""
        return [self._painted(model, encode, prompt, n) for n, prompt in enumerate(self.prompts)]

    def _painted(self, model: Model, encode: Callable[[str], Encoding], prompt: str, n: int) -> Tensor:
        cells = self.size // self.vae.downscale
        positive, negative = ([[each.context, {"pooled_output": each.pooled}]] for each in map(encode, (prompt, "")))
        latent = sample_latent(
            model,
            {"samples": torch.zeros(1, self.vae.latent_channels, cells, cells)},
            positive,
            negative,
            seed=self.seed + n,
            steps=self.steps,
            cfg=self.cfg,
            sampler_name="dpmpp_2m",
            scheduler="karras",
        )
        return self.vae.decode(latent["samples"])[0]


def asked(prompts: str, dataset: Dataset, seed: int) -> list[str]:
    """One prompt a line; without any, captions of the data set."""
    lines = [line.strip() for line in prompts.splitlines() if line.strip()]
    if lines:
        return lines
    rng, choices = Random(seed), dataset.choices()
    return [dataset.caption(choice, rng) for choice in rng.sample(choices, min(UNASKED, len(choices)))]


@contextmanager
def averaged(training: Training) -> Iterator[None]:
    """Within, the weights are their average; then those that learn again."""
    learning = [weight.detach().clone() for weight in training.weights]
    become_average(training)
    try:
        yield
    finally:
        _put(training.weights, learning)


def become_average(training: Training) -> None:
    """At the end: the average in the place of the weights."""
    _put(training.weights, training.average.weights)


@torch.no_grad()
def _put(weights: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    for weight, value in zip(weights, values, strict=True):
        weight.copy_(value)
