"""Falling sigmas between two given ones, or of other diffusions: schedules that need no model."""

import math

import torch
from torch import Tensor


def karras_ramp(steps: int, sigma_min: float, sigma_max: float, rho: float = 7.0) -> Tensor:
    """(steps,) from sigma_max to sigma_min, even in sigma^(1/rho); Karras et al. 2022, equation 5 (arXiv:2206.00364).

    Raises ValueError if ``rho`` is 0.
    """
    if rho <= 0:
        raise ValueError(f"rho must be above 0, and is {rho}")
    return torch.linspace(sigma_max ** (1 / rho), sigma_min ** (1 / rho), steps) ** rho


def polyexponential_ramp(steps: int, sigma_min: float, sigma_max: float, rho: float = 1.0) -> Tensor:
    """(steps,) from sigma_max to sigma_min, its logarithm falling as the ``rho``-th power of what is left.

    At 1 it falls evenly. Katherine Crowson's in k-diffusion. Raises ValueError for a sigma of 0.
    """
    if sigma_min <= 0 or sigma_max <= 0:
        raise ValueError(f"sigma_min and sigma_max must be above 0, and are {sigma_min} and {sigma_max}")
    top, bottom = math.log(sigma_max), math.log(sigma_min)
    return torch.lerp(torch.tensor(bottom), torch.tensor(top), torch.linspace(1, 0, steps) ** rho).exp()


def vp_ramp(steps: int, beta_d: float = 19.9, beta_min: float = 0.1, eps_s: float = 1e-3) -> Tensor:
    """(steps,) even in the time of a variance preserving diffusion, from 1 to ``eps_s``; Song et al. 2021, appendix C.

    arXiv:2011.13456. Its beta rises from ``beta_min`` by ``beta_d``. Raises ValueError if a sigma is not finite.
    """
    time = torch.linspace(1, eps_s, steps, dtype=torch.float64)
    sigmas = torch.expm1(beta_d * time**2 / 2 + beta_min * time).sqrt().float()
    if not sigmas.isfinite().all():
        raise ValueError(f"with beta_d {beta_d} and beta_min {beta_min} the first sigma is too large for a float")
    return sigmas


def laplace_ramp(steps: int, sigma_min: float, sigma_max: float, mu: float = 0.0, beta: float = 0.5) -> Tensor:
    """(steps,) quantiles of a log-Laplace distribution around exp(mu), cut to the two sigmas; ends above 0.

    Hang & Gu 2024, Improved Noise Schedule for Diffusion Training (arXiv:2407.03297).
    """
    from_middle = 0.5 - torch.linspace(0, 1, steps)
    tail = torch.log(1 - 2 * from_middle.abs() + 1e-5)
    return (mu - beta * from_middle.sign() * tail).exp().clamp(sigma_min, sigma_max)


def ending_in_zero(sigmas: Tensor) -> Tensor:
    """The same and a 0."""
    return torch.cat((sigmas, sigmas.new_zeros(1)))
