"""Noise levels: the sigmas a network was trained on, and what it is told of each.

Sigma is the noise level of Karras et al. 2022 (arXiv:2206.00364): ``x = x0 + sigma * eps``, variance exploding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

TRAIN_STEPS = 1000
ZERO_SNR_ALPHA_BAR = 4.8973451890853435e-08  # not 0, so that the last sigma stays finite (about 4518.8)
LCM_STEPS = 50  # how many timesteps latent consistency models know


class Levels(Protocol):
    """Sigmas, rising, and timesteps."""

    @property
    def sigmas(self) -> Tensor:
        """(N,) float32, rising; for continuous levels a sample of them."""
        ...

    def timestep(self, sigma: Tensor) -> Tensor:
        """What the network is told of a sigma. Keeps the shape."""
        ...

    def sigma(self, timestep: Tensor) -> Tensor:
        """The inverse of ``timestep``. Keeps the shape."""
        ...

    def sigma_at(self, noise: float) -> float:
        """The sigma at a fraction of the way from picture (0) to noise (1)."""
        ...


@dataclass(frozen=True, eq=False)
class DiscreteLevels:
    """A table of sigmas. The network is told their place, as a whole number.

    With a ``stride`` the table has every so manieth timestep only, the last one included.
    """

    sigmas: Tensor
    stride: int = 1

    @cached_property
    def log_sigmas(self) -> Tensor:
        return self.sigmas.log()

    def timestep(self, sigma: Tensor) -> Tensor:
        """The timestep nearest in log sigma, as a whole float."""
        table = self.log_sigmas.to(sigma.device)
        place = (sigma.float().log().unsqueeze(-1) - table).abs().argmin(-1).float()
        return place * self.stride + (self.stride - 1)

    def sigma(self, timestep: Tensor) -> Tensor:
        """The sigma of a real timestep, clamped to the table: linear in log sigma in between."""
        table = self.log_sigmas.to(timestep.device)
        place = ((timestep.float() - (self.stride - 1)) / self.stride).clamp(0, len(table) - 1)
        low, high = place.floor().long(), place.ceil().long()
        return torch.lerp(table[low], table[high], place.frac()).exp()

    def sigma_at(self, noise: float) -> float:
        return self.sigma(torch.tensor(noise * (len(self.sigmas) * self.stride - 1))).item()


class Told(NamedTuple):
    """What a network is told of a sigma, if that is no place in a table; and back."""

    to: Callable[[Tensor], Tensor]
    back: Callable[[Tensor], Tensor]


LOG = Told(lambda sigma: sigma.log() / 4, lambda told: (4 * told).exp())
"""c_noise of Karras et al. 2022, table 1."""
ANGLE = Told(lambda sigma: sigma.atan() * (2 / math.pi), lambda told: (told * (math.pi / 2)).tan())
"""The angle between picture and noise, of Salimans & Ho 2022 (arXiv:2202.00512), as a part of a right angle."""
RATIO = Told(lambda sigma: sigma / (sigma + 1), lambda told: told / (1 - told))
"""The time of rectified flow, Liu et al. 2022 (arXiv:2209.03003)."""


@dataclass(frozen=True, eq=False)
class ContinuousLevels:
    """Every sigma between two. Schedules that want a table get 1000 of them, even in their logarithm.

    Raises ValueError unless 0 < ``sigma_min`` < ``sigma_max``.
    """

    sigma_min: float
    sigma_max: float
    told: Told = LOG

    def __post_init__(self) -> None:
        if not 0 < self.sigma_min < self.sigma_max:
            raise ValueError(f"sigmas must rise from above 0, not from {self.sigma_min} to {self.sigma_max}")

    @cached_property
    def sigmas(self) -> Tensor:
        return torch.linspace(math.log(self.sigma_min), math.log(self.sigma_max), TRAIN_STEPS).exp()

    def timestep(self, sigma: Tensor) -> Tensor:
        return self.told.to(sigma.float())

    def sigma(self, timestep: Tensor) -> Tensor:
        return self.told.back(timestep.float())

    def sigma_at(self, noise: float) -> float:
        low, high = math.log(self.sigma_min), math.log(self.sigma_max)
        return math.exp(low + (high - low) * noise)


def trained_levels(*, zero_terminal_snr: bool = False) -> DiscreteLevels:
    """Stable Diffusion's schedule: betas linear in their roots ("scaled linear"), 1000 steps.

    Zero terminal SNR: Lin et al. 2023, algorithm 1 (arXiv:2305.08891).
    """
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, TRAIN_STEPS, dtype=torch.float64) ** 2
    alpha_bar = (1 - betas).cumprod(0)
    if zero_terminal_snr:
        root = alpha_bar.sqrt()
        alpha_bar = ((root - root[-1]) * root[0] / (root[0] - root[-1])) ** 2
        alpha_bar[-1] = ZERO_SNR_ALPHA_BAR
    return DiscreteLevels(((1 - alpha_bar) / alpha_bar).sqrt().float())


def lcm_levels(*, zero_terminal_snr: bool = False) -> DiscreteLevels:
    """The 50 timesteps that latent consistency models are distilled at; Luo et al. 2023 (arXiv:2310.04378)."""
    stride = TRAIN_STEPS // LCM_STEPS
    sigmas = trained_levels(zero_terminal_snr=zero_terminal_snr).sigmas
    return DiscreteLevels(sigmas[stride - 1 :: stride], stride)
