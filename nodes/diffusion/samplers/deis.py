"""DEIS: exponential integrators with a polynomial through the last noise estimates; Zhang & Chen 2022.

arXiv:2204.13902, in the form of diff-sampler (zju-pi), which has it in Karras' sigma.
"""

from math import exp, log, sqrt

from torch import Tensor

from nodes.diffusion.samplers.lms import last_sigmas
from nodes.diffusion.samplers.step import Eval, Noise, State, Step, falling
from nodes.diffusion.samplers.weights import lagrange_weights, weighted

SIGMA_MIN, SIGMA_MAX = 0.002, 80.0  # at the times EARLIEST and 1
EARLIEST = 1e-3
BETA_D = 2 * (log(SIGMA_MIN**2 + 1) / EARLIEST - log(SIGMA_MAX**2 + 1)) / (EARLIEST - 1)
BETA_MIN = log(SIGMA_MAX**2 + 1) - BETA_D / 2


@falling
def deis(state: State, sigmas: Tensor, noise: Noise, order: int = 3) -> Step:
    """tAB-DEIS: the polynomial is one in the time of a variance preserving diffusion.

    Its integrals are exact; diff-sampler sums 10,000 values, which differs by about 1e-4 of them.
    """
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next <= 0:
        return state.next(denoised)
    directions = ((state.x - denoised) / sigma, *state.past)[:order]
    nodes = [time_of(each) for each in last_sigmas(state, sigmas, len(directions))]
    weights = lagrange_weights(nodes, nodes[0], time_of(sigma_next.item()), sigma_speed)
    return state.next(state.x + weighted(weights, directions), past=directions[: order - 1])


def time_of(sigma: float) -> float:
    """When the variance preserving diffusion, whose beta rises evenly, has this sigma; Song et al. 2021, appendix C."""
    return (sqrt(BETA_MIN**2 + 2 * BETA_D * log(sigma**2 + 1)) - BETA_MIN) / BETA_D


def sigma_speed(time: float) -> float:
    """How fast sigma rises then."""
    grown = exp(BETA_D * time**2 / 2 + BETA_MIN * time)  # sigma^2 + 1
    return (BETA_D * time + BETA_MIN) * grown / (2 * sqrt(grown - 1))
