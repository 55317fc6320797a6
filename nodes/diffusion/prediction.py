"""What a network's output means: the noise schedule it was trained on, and the way back to the clean latent.

Sigma is the noise level of Karras et al. 2022 (arXiv:2206.00364): ``x = x0 + sigma * eps``, variance exploding.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import torch
from torch import Tensor

TRAIN_STEPS = 1000
BEYOND_MAX = 999999999.9  # the sigma of 0 %: above every schedule, so a range from 0 % is active from the start
ZERO_SNR_ALPHA_BAR = 4.8973451890853435e-08  # not 0, so that the last sigma stays finite (about 4518.8)

Kind: TypeAlias = Literal["eps", "v", "x0"]


@dataclass(frozen=True, eq=False)
class Prediction:
    """A discrete noise schedule and what the network predicts on it.

    ``sigmas`` is (1000,) float32, rising: the sigma of each timestep.
    """

    kind: Kind
    sigmas: Tensor

    @classmethod
    def eps(cls) -> "Prediction":
        """The network predicts the noise; Ho et al. 2020 (arXiv:2006.11239). SD 1, SD 2 base, SDXL."""
        return cls("eps", trained_sigmas())

    @classmethod
    def v(cls, *, zero_terminal_snr: bool = False) -> "Prediction":
        """The network predicts the velocity; Salimans & Ho 2022 (arXiv:2202.00512). SD 2 at 768 pixels."""
        return cls("v", trained_sigmas(zero_terminal_snr=zero_terminal_snr))

    @classmethod
    def x0(cls, *, zero_terminal_snr: bool = False) -> "Prediction":
        """The network predicts the clean latent itself."""
        return cls("x0", trained_sigmas(zero_terminal_snr=zero_terminal_snr))

    @cached_property
    def log_sigmas(self) -> Tensor:
        return self.sigmas.log()

    @property
    def sigma_min(self) -> float:
        return self.sigmas[0].item()

    @property
    def sigma_max(self) -> float:
        return self.sigmas[-1].item()

    def timestep(self, sigma: Tensor) -> Tensor:
        """The timestep nearest in log sigma, as a whole float: what the network is told. Keeps the shape."""
        table = self.log_sigmas.to(sigma.device)
        return (sigma.float().log().unsqueeze(-1) - table).abs().argmin(-1).float()

    def sigma(self, timestep: Tensor) -> Tensor:
        """The sigma of a real timestep, clamped to the table: linear in log sigma in between. Keeps the shape."""
        table = self.log_sigmas.to(timestep.device)
        t = timestep.float().clamp(0, len(table) - 1)
        low, high = t.floor().long(), t.ceil().long()
        return torch.lerp(table[low], table[high], t.frac()).exp()

    def percent_to_sigma(self, percent: float) -> float:
        """The sigma at a fraction of the way from noise (0) to picture (1)."""
        if percent <= 0:
            return BEYOND_MAX
        if percent >= 1:
            return 0.0
        return self.sigma(torch.tensor((1 - percent) * (len(self.sigmas) - 1))).item()

    def network_input(self, x: Tensor, sigma: Tensor) -> Tensor:
        """``x`` (B, ...) scaled to unit variance by c_in; sigma is a scalar or (B,)."""
        return x / (per_item(sigma, x) ** 2 + 1).sqrt()

    def denoised(self, x: Tensor, sigma: Tensor, output: Tensor) -> Tensor:
        """The estimate of the clean latent, in float32, from the network's output at ``network_input(x, sigma)``."""
        sigma, x, output = per_item(sigma, x), x.float(), output.float()
        match self.kind:
            case "eps":
                return x - sigma * output
            case "v":
                variance = sigma**2 + 1
                return x / variance - output * sigma / variance.sqrt()
            case "x0":
                return output


def per_item(sigma: Tensor, x: Tensor) -> Tensor:
    """A sigma of shape () or (B,), shaped to multiply ``x`` (B, ...)."""
    return sigma.reshape(-1, *[1] * (x.ndim - 1)).float()


def trained_sigmas(*, zero_terminal_snr: bool = False) -> Tensor:
    """Stable Diffusion's schedule: betas linear in their roots ("scaled linear"), 1000 steps.

    Zero terminal SNR: Lin et al. 2023, algorithm 1 (arXiv:2305.08891).
    """
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, TRAIN_STEPS, dtype=torch.float64) ** 2
    alpha_bar = (1 - betas).cumprod(0)
    if zero_terminal_snr:
        root = alpha_bar.sqrt()
        alpha_bar = ((root - root[-1]) * root[0] / (root[0] - root[-1])) ** 2
        alpha_bar[-1] = ZERO_SNR_ALPHA_BAR
    return ((1 - alpha_bar) / alpha_bar).sqrt().float()
