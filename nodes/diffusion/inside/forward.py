"""Forward diffusion: noise added to a latent, a little or almost nothing else, and taken away again.

Ho et al. 2020, equation 4 (arXiv:2006.11239): x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) eps. Sampling counts in
sigma = sqrt((1 - alpha_bar) / alpha_bar) instead, with x_t / sqrt(alpha_bar) = x_0 + sigma eps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.inside.choosing import numbers
from nodes.diffusion.inside.shrinking import tile
from nodes.diffusion.levels import TRAIN_STEPS
from nodes.diffusion.model import Model
from nodes.diffusion.noise import StartNoise
from nodes.diffusion.prediction import Prediction
from nodes.imaging.sheets import sheet

Decode: TypeAlias = Callable[[Tensor], Tensor]
"""A latent (B, C, h, w), in the VAE's scale, as an image (B, H, W, 3)."""


class Level(NamedTuple):
    """A timestep, from 0 (almost clean) to 999, and its noise."""

    timestep: float
    sigma: float

    @property
    def alpha_bar(self) -> float:
        """The share of the variance that is the picture's."""
        return 1 / (1 + self.sigma**2)

    @property
    def snr(self) -> float:
        """The picture's variance over the noise's."""
        return 1 / self.sigma**2 if self.sigma else math.inf

    def __str__(self) -> str:
        return f"ᾱ {self.alpha_bar:.3g}\nSNR {short(self.snr)}\nσ {short(self.sigma)}"


def short(number: float) -> str:
    """Three digits, or all before the point."""
    return f"{number:.0f}" if number >= 1000 else f"{number:.3g}"


class Forward(NamedTuple):
    """A latent at several levels, one after the other."""

    levels: Sequence[Level]
    noised: Tensor  # (T * B, C, h, w), the VAE's scale


def level(prediction: Prediction, timestep: float) -> Level:
    """A model's level at a timestep of 1000; continuous levels are even in log sigma. Raises ValueError beyond."""
    last = TRAIN_STEPS - 1
    if not 0 <= timestep <= last:
        raise ValueError(f"timestep {timestep:g} is not there: they go from 0 to {last}")
    return Level(timestep, prediction.levels.sigma_at(timestep / last))


def levels(prediction: Prediction, timesteps: str) -> list[Level]:
    """Those that a text names, in its order. Raises ValueError for what is no list, or beyond the model's."""
    return [level(prediction, timestep) for timestep in numbers(timesteps, "timesteps")]


def diffused(clean: Tensor, noise: Tensor, at: Level) -> Tensor:
    """x_t of a latent in network scale, with noise of unit variance."""
    return math.sqrt(at.alpha_bar) * clean + math.sqrt(1 - at.alpha_bar) * noise


def restored(x: Tensor, noise: Tensor, at: Level) -> Tensor:
    """x_0 of an x_t whose noise is known exactly: the inverse of ``diffused``, in one step."""
    return (x - math.sqrt(1 - at.alpha_bar) * noise) / math.sqrt(at.alpha_bar)


def forward(model: Model, latent: Mapping[str, Any], timesteps: str, seed: int) -> Forward:
    """ComfyUI's latent dict at each timestep, with the same noise, as much as belongs there."""
    chosen, samples = levels(model.prediction, timesteps), latent["samples"].float()
    noise = StartNoise(seed).like(samples, latent.get("batch_index"))
    clean = model.latent_format.to_network(samples)
    noised = [model.latent_format.from_network(diffused(clean, noise, at)) for at in chosen]
    return Forward(chosen, torch.cat(noised))


def strip(found: Forward, pictures: Tensor) -> Tensor:
    """A row for each picture of the batch, its ``pictures`` (T * B, H, W, 3) from left to right."""
    columns = pictures.reshape(len(found.levels), -1, *pictures.shape[1:])
    return sheet(
        [[tile(each, str(at)) for each, at in zip(row, found.levels, strict=True)] for row in columns.transpose(0, 1)],
        title="Forward diffusion: the picture with noise of timestep t, decoded",
        column_names=[f"t = {at.timestep:g}" for at in found.levels],
    )
