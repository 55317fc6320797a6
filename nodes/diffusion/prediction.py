"""What a network's output means: the noise levels it was trained on, and the way back to the clean latent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.levels import ContinuousLevels, Levels, lcm_levels, trained_levels

BEYOND_MAX = 999999999.9  # the sigma of 0 %: above every schedule, so a range from 0 % is active from the start
SIGMA_DATA = 0.5  # of Karras et al. 2022, and of latent consistency models
LCM_TIME_SCALE = 10

Kind: TypeAlias = Literal["eps", "v", "x0", "lcm", "img_to_img", "edm", "rflow"]


class Preconditioning(NamedTuple):
    """``denoised = skip * x + out * network(scale * x)``; Karras et al. 2022, equation 7 (arXiv:2206.00364)."""

    scale: Tensor
    skip: Tensor
    out: Tensor


def eps(sigma: Tensor, levels: Levels) -> Preconditioning:
    """The network predicts the noise; Ho et al. 2020 (arXiv:2006.11239)."""
    return Preconditioning((sigma**2 + 1).rsqrt(), torch.ones_like(sigma), -sigma)


def v(sigma: Tensor, levels: Levels) -> Preconditioning:
    """The network predicts the velocity; Salimans & Ho 2022 (arXiv:2202.00512)."""
    variance = sigma**2 + 1
    return Preconditioning(variance.rsqrt(), 1 / variance, -sigma * variance.rsqrt())


def x0(sigma: Tensor, levels: Levels) -> Preconditioning:
    """The network predicts the clean latent itself."""
    return Preconditioning((sigma**2 + 1).rsqrt(), torch.zeros_like(sigma), torch.ones_like(sigma))


def img_to_img(sigma: Tensor, levels: Levels) -> Preconditioning:
    """The network turns one picture's latent into another's, in one step: it is given the latent as it is."""
    one = torch.ones_like(sigma)
    return Preconditioning(one, torch.zeros_like(sigma), one)


def lcm(sigma: Tensor, levels: Levels) -> Preconditioning:
    """The noise, within the boundary condition of consistency models; Luo et al. 2023, equation 9 (arXiv:2310.04378).

    Their latents are of unit variance: ours, times ``scale``.
    """
    time = levels.timestep(sigma) * LCM_TIME_SCALE
    near = SIGMA_DATA**2 / (time**2 + SIGMA_DATA**2)
    far = time * (time**2 + SIGMA_DATA**2).rsqrt()
    scale = (sigma**2 + 1).rsqrt()
    return Preconditioning(scale, near * scale + far, -sigma * far)


def edm(sigma: Tensor, levels: Levels) -> Preconditioning:
    """The network predicts a mix; Karras et al. 2022, table 1, last column."""
    root = (sigma**2 + SIGMA_DATA**2).rsqrt()
    return Preconditioning(root, SIGMA_DATA**2 * root**2, sigma * SIGMA_DATA * root)


def rflow(sigma: Tensor, levels: Levels) -> Preconditioning:
    """The network predicts the flow from noise to picture; Liu et al. 2022 (arXiv:2209.03003)."""
    noise = sigma / (sigma + 1)
    return Preconditioning(1 - noise, 1 - noise, -noise)


KINDS: Mapping[Kind, Callable[[Tensor, Levels], Preconditioning]] = {
    "eps": eps,
    "v": v,
    "x0": x0,
    "lcm": lcm,
    "img_to_img": img_to_img,
    "edm": edm,
    "rflow": rflow,
}


@dataclass(frozen=True, eq=False)
class Prediction:
    """Noise levels, and what the network predicts on them."""

    kind: Kind
    levels: Levels

    @classmethod
    def discrete(cls, kind: Kind, *, zero_terminal_snr: bool = False) -> Prediction:
        """On Stable Diffusion's 1000 levels, or the 50 of them that latent consistency models know."""
        levels = lcm_levels if kind == "lcm" else trained_levels
        return cls(kind, levels(zero_terminal_snr=zero_terminal_snr))

    @classmethod
    def eps(cls, *, zero_terminal_snr: bool = False) -> Prediction:
        """Of SD 1, SD 2 base and SDXL."""
        return cls.discrete("eps", zero_terminal_snr=zero_terminal_snr)

    @classmethod
    def v(cls, *, zero_terminal_snr: bool = False) -> Prediction:
        """Of SD 2 at 768 pixels."""
        return cls.discrete("v", zero_terminal_snr=zero_terminal_snr)

    @classmethod
    def x0(cls, *, zero_terminal_snr: bool = False) -> Prediction:
        return cls.discrete("x0", zero_terminal_snr=zero_terminal_snr)

    @classmethod
    def continuous(cls, kind: Kind, sigma_min: float, sigma_max: float) -> Prediction:
        """On every level between two, told by their logarithm. Raises ValueError for levels that do not rise."""
        return cls(kind, ContinuousLevels(sigma_min, sigma_max))

    @property
    def sigmas(self) -> Tensor:
        """(N,) float32, rising; of continuous levels a sample."""
        return self.levels.sigmas

    @property
    def sigma_min(self) -> float:
        return self.sigmas[0].item()

    @property
    def sigma_max(self) -> float:
        return self.sigmas[-1].item()

    def timestep(self, sigma: Tensor) -> Tensor:
        """What the network is told of a sigma: on discrete levels the nearest timestep, a whole float."""
        return self.levels.timestep(sigma)

    def sigma(self, timestep: Tensor) -> Tensor:
        """The sigma of a timestep, also between those of a table."""
        return self.levels.sigma(timestep)

    def timesteps(self, count: int) -> Tensor:
        """Evenly from the first (of ``sigma_max``) to the last: (count,)."""
        first, last = (self.timestep(self.sigmas[end]).item() for end in (-1, 0))
        return torch.linspace(first, last, count)

    def percent_to_sigma(self, percent: float) -> float:
        """The sigma at a fraction of the way from noise (0) to picture (1)."""
        if percent <= 0:
            return BEYOND_MAX
        if percent >= 1:
            return 0.0
        return self.levels.sigma_at(1 - percent)

    def network_input(self, x: Tensor, sigma: Tensor) -> Tensor:
        """``x`` (B, ...) scaled as the network takes it; sigma is a scalar or (B,)."""
        return x * self._at(per_item(sigma, x)).scale

    def denoised(self, x: Tensor, sigma: Tensor, output: Tensor) -> Tensor:
        """The estimate of the clean latent, in float32, from the network's output at ``network_input(x, sigma)``."""
        at = self._at(per_item(sigma, x))
        return at.skip * x.float() + at.out * output.float()

    def target(self, x: Tensor, sigma: Tensor, clean: Tensor) -> Tensor:
        """What the network should say at ``network_input(x, sigma)``, if ``clean`` is the clean latent."""
        at = self._at(per_item(sigma, x))
        return (clean - at.skip * x) / at.out

    def reach(self, sigma: Tensor) -> Tensor:
        """How much the estimate of the clean latent changes with the network's output; keeps the shape."""
        return self._at(sigma.float()).out.abs()

    def _at(self, sigma: Tensor) -> Preconditioning:
        return KINDS[self.kind](sigma, self.levels)


def per_item(sigma: Tensor, x: Tensor) -> Tensor:
    """A sigma of shape () or (B,), shaped to multiply ``x`` (B, ...)."""
    return sigma.reshape(-1, *[1] * (x.ndim - 1)).float()
