"""DPM-Solver++ on the reverse SDE, in lambda = -log(sigma); Lu et al. 2022 (arXiv:2211.01095), as in k-diffusion.

``eta`` scales the noise: 0 is the probability flow ODE, 1 the reverse diffusion SDE.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from nodes.diffusion.samplers.dpmpp import exponential_step
from nodes.diffusion.samplers.step import Eval, Noise, State, Step, ancestral_split, falling


@falling
def dpmpp_sde(
    state: State, sigmas: Tensor, noise: Noise, eta: float = 1.0, s_noise: float = 1.0, r: float = 0.5
) -> Step:
    """Two stages, the second at ``r`` of the way in lambda; noise is added at both."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)

    middle = sigma * (sigma_next / sigma) ** r
    down, up = ancestral_split(sigma, middle, eta)
    x_middle = exponential_step(state.x, denoised, sigma, down) + noise(sigma, middle) * s_noise * up
    denoised_middle = yield Eval(x_middle, middle)

    target = denoised.lerp(denoised_middle, 1 / (2 * r))
    down, up = ancestral_split(sigma, sigma_next, eta)
    x = exponential_step(state.x, target, sigma, down)
    return state.next(x + noise(sigma, sigma_next) * s_noise * up)


@falling
def dpmpp_2m_sde(
    state: State,
    sigmas: Tensor,
    noise: Noise,
    eta: float = 1.0,
    s_noise: float = 1.0,
    solver_type: str = "midpoint",
) -> Step:
    """SDE-DPM-Solver++(2M); section 5 of the paper. The second-order term by the midpoint rule, or exactly (``heun``).

    Raises KeyError for another ``solver_type``.
    """
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    h = (sigma / sigma_next).log()
    x = decay(state.x, denoised, h, eta)
    if state.past:
        slope = (denoised - state.past[0]) * h / (sigmas[state.i - 1] / sigma).log()
        x = x + SLOPE_WEIGHTS[solver_type]((1 + eta) * h) * slope
    x = x + fresh_noise(noise, sigma, sigma_next, eta) * s_noise
    return state.next(x, past=(denoised,))


@falling
def dpmpp_3m_sde(state: State, sigmas: Tensor, noise: Noise, eta: float = 1.0, s_noise: float = 1.0) -> Step:
    """SDE-DPM-Solver++(3M), Katherine Crowson's in k-diffusion: divided differences over the last two steps."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    h = (sigma / sigma_next).log()
    x = decay(state.x, denoised, h, eta)
    values = (denoised, *state.past)
    ratios = [(sigmas[state.i - k - 1] / sigmas[state.i - k]).log() / h for k in range(len(state.past))]
    slopes = [(values[k] - values[k + 1]) / ratio for k, ratio in enumerate(ratios)]
    if len(slopes) == 1:
        x = x + phi_2((1 + eta) * h) * slopes[0]
    elif slopes:
        bend = (slopes[0] - slopes[1]) / (ratios[0] + ratios[1])
        second = phi_2((1 + eta) * h)
        third = second / ((1 + eta) * h) - 0.5
        x = x + second * (slopes[0] + bend * ratios[0]) - third * bend
    x = x + fresh_noise(noise, sigma, sigma_next, eta) * s_noise
    return state.next(x, past=values[:2])


def decay(x: Tensor, denoised: Tensor, h: Tensor, eta: float) -> Tensor:
    """The SDE's mean after ``h`` in lambda where ``denoised`` is constant."""
    return torch.lerp(denoised, x, (-(1 + eta) * h).exp())


def fresh_noise(noise: Noise, sigma: Tensor, sigma_next: Tensor, eta: float) -> Tensor | float:
    """The SDE's noise gathered between two sigmas."""
    if eta == 0:
        return 0.0
    return noise(sigma, sigma_next) * sigma_next * (1 - (sigma_next / sigma) ** (2 * eta)).sqrt()


def phi_2(h: Tensor) -> Tensor:
    """The weight of a linear term in ``h``: 1 + (e^-h - 1) / h."""
    return torch.expm1(-h) / h + 1


SLOPE_WEIGHTS: Mapping[str, Callable[[Tensor], Tensor]] = {"midpoint": lambda h: -torch.expm1(-h) / 2, "heun": phi_2}
