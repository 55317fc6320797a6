"""Schedules by name: which noise levels of a model a sampler visits. Each falls from sigma_max and ends in 0."""

import math
from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.prediction import Prediction
from nodes.diffusion.ramps import ending_in_zero, karras_ramp, polyexponential_ramp

NEARLY_ZERO = 1e-5  # a model's sigma below this is an end in itself

Schedule: TypeAlias = Callable[[Prediction, int], Tensor]  # (prediction, steps) -> (steps + 1,) float32, on the CPU


def simple(prediction: Prediction, steps: int) -> Tensor:
    """Every (1000 / steps)-th sigma of the table, from the top."""
    table = prediction.sigmas
    stride = len(table) / steps
    return ending_in_zero(table[[-1 - int(i * stride) for i in range(steps)]])


def sgm_uniform(prediction: Prediction, steps: int) -> Tensor:
    """Even in timesteps, as in Stability's generative-models: the last one is left to the final 0."""
    return ending_in_zero(prediction.sigma(prediction.timesteps(steps + 1)[:-1]))


def karras(prediction: Prediction, steps: int, rho: float = 7.0) -> Tensor:
    """Even in sigma^(1/rho); Karras et al. 2022, equation 5 (arXiv:2206.00364)."""
    return ending_in_zero(karras_ramp(steps, prediction.sigma_min, prediction.sigma_max, rho))


def exponential(prediction: Prediction, steps: int) -> Tensor:
    """Even in log sigma."""
    return ending_in_zero(polyexponential_ramp(steps, prediction.sigma_min, prediction.sigma_max))


def ddim_uniform(prediction: Prediction, steps: int) -> Tensor:
    """Whole strides over the table from its second sigma up, as DDIM's authors ran it (arXiv:2010.02502).

    Has more than ``steps`` steps where they do not divide the table's length.
    """
    table = prediction.sigmas
    if ends := bool(table[1] < NEARLY_ZERO):
        steps += 1
    sigmas = table[1 :: max(len(table) // steps, 1)].flip(0)
    return sigmas if ends else ending_in_zero(sigmas)


def beta(prediction: Prediction, steps: int, alpha: float = 0.6, beta: float = 0.6) -> Tensor:
    """Timesteps at quantiles of a Beta distribution: dense at both ends; Lee et al. 2024 (arXiv:2407.12173).

    Quantiles that round to the same timestep count once, so there may be fewer than ``steps`` steps.
    """
    if alpha <= 0 or beta <= 0:
        raise ValueError(f"a Beta distribution's alpha and beta are above 0; given were {alpha} and {beta}")
    from scipy.special import betaincinv  # type: ignore[import-untyped]  # slow to import, and rarely asked for

    quantiles = betaincinv(alpha, beta, 1 - torch.arange(steps, dtype=torch.float64).numpy() / steps)
    timesteps = torch.from_numpy(quantiles * (len(prediction.sigmas) - 1)).round().long().tolist()
    return ending_in_zero(prediction.sigmas[list(dict.fromkeys(timesteps))])


def normal(prediction: Prediction, steps: int) -> Tensor:
    """Even in timesteps, the first and the last included."""
    if prediction.sigma_min < NEARLY_ZERO:
        return prediction.sigma(prediction.timesteps(steps + 1))
    return ending_in_zero(prediction.sigma(prediction.timesteps(steps)))


def linear_quadratic(prediction: Prediction, steps: int, threshold: float = 0.025) -> Tensor:
    """Small even steps down to ``1 - threshold`` of sigma_max, then quadratically growing ones.

    Polyak et al. 2024, Movie Gen, section 3.4.2 (arXiv:2410.13720).
    """
    if steps == 1:
        return torch.tensor([prediction.sigma_max, 0.0])
    linear = steps // 2
    rest = steps - linear
    excess = linear - threshold * steps
    a = excess / (linear * rest**2)
    b = threshold / linear - 2 * excess / rest**2
    c = a * linear**2
    done = [threshold * i / linear for i in range(linear)]
    done += [a * i**2 + b * i + c for i in range(linear, steps)]
    return torch.tensor([(1 - s) * prediction.sigma_max for s in [*done, 1.0]])


def kl_optimal(prediction: Prediction, steps: int) -> Tensor:
    """Even in atan(sigma), which bounds the divergence; Sabour et al. 2024, Align Your Steps (arXiv:2404.14507)."""
    top, bottom = math.atan(prediction.sigma_max), math.atan(prediction.sigma_min)
    # In double: near a right angle, which zero terminal SNR is, a float's tangent is coarse.
    return ending_in_zero(torch.linspace(top, bottom, steps, dtype=torch.float64).tan().float())


SCHEDULES: dict[str, Schedule] = {
    "simple": simple,
    "sgm_uniform": sgm_uniform,
    "karras": karras,
    "exponential": exponential,
    "ddim_uniform": ddim_uniform,
    "beta": beta,
    "normal": normal,
    "linear_quadratic": linear_quadratic,
    "kl_optimal": kl_optimal,
}


def schedule(scheduler: str) -> Schedule:
    """The schedule of that name; ValueError if there is none."""
    if scheduler not in SCHEDULES:
        raise ValueError(f"unknown scheduler {scheduler!r}; known are {', '.join(SCHEDULES)}")
    return SCHEDULES[scheduler]


def denoising_sigmas(
    prediction: Prediction,
    scheduler: str,
    steps: int,
    *,
    denoise_fraction: float = 1.0,
    discard_penultimate: bool = False,
) -> Tensor:
    """The last ``steps`` steps of a schedule of ``steps / denoise_fraction``: (steps + 1,), or (0,) to do nothing.

    ``discard_penultimate`` is for samplers that do badly on the short step before the last.
    """
    if denoise_fraction <= 0:
        return torch.empty(0)
    whole = denoise_fraction > 0.9999
    total = steps if whole else int(steps / denoise_fraction)
    sigmas = schedule(scheduler)(prediction, total + 1 if discard_penultimate else total)
    if discard_penultimate:
        sigmas = torch.cat((sigmas[:-2], sigmas[-1:]))
    return sigmas if whole else sigmas[-(steps + 1) :]


def walkable(sigmas: Tensor) -> Tensor:
    """A schedule as samplers can take it: up to its first 0, behind which there is nothing to do.

    Raises ValueError for what is no list of finite numbers, for negative ones, and where it rises from 0.
    """
    if sigmas.ndim != 1 or not sigmas.isfinite().all():
        raise ValueError(f"sigmas must be a list of finite numbers, but are {list(sigmas.shape)}: {sigmas}")
    if (sigmas < 0).any():
        raise ValueError(f"sigmas must not be negative, but are {sigmas.tolist()}")
    clean = sigmas == 0
    if (clean[:-1] & ~clean[1:]).any():
        raise ValueError(f"sigmas cannot rise from 0, where no noise shows the way, but are {sigmas.tolist()}")
    return sigmas[: len(sigmas) - max(int(clean.sum()) - 1, 0)]


def between_steps(
    sigmas: Tensor, start_at_step: int | None = None, end_at_step: int | None = None, *, leftover_noise: bool = False
) -> Tensor:
    """The part of a schedule from one step to another; (0,) if it starts behind the end.

    Stopping early still ends in 0, in one long last step, unless ``leftover_noise``.
    """
    if end_at_step is not None and end_at_step < len(sigmas) - 1:
        sigmas = sigmas[: end_at_step + 1].clone()
        if not leftover_noise:
            sigmas[-1] = 0
    if start_at_step is None:
        return sigmas
    return sigmas[start_at_step:] if start_at_step < len(sigmas) - 1 else sigmas[:0]
