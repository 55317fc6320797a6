"""First-order methods on the probability flow ODE ``dx/dsigma = (x - denoised) / sigma``."""

from math import inf

from torch import Tensor

from nodes.diffusion.samplers.step import Eval, Noise, State, Step, ancestral_split, churned, falling


def euler(
    state: State,
    sigmas: Tensor,
    noise: Noise,
    s_churn: float = 0.0,
    s_tmin: float = 0.0,
    s_tmax: float = inf,
    s_noise: float = 1.0,
) -> Step:
    """Euler's method; Karras et al. 2022, algorithm 2 without the correction (arXiv:2206.00364).

    ``s_churn`` spread over the steps is how much noise each adds before it denoises, between the sigmas ``s_tmin`` and
    ``s_tmax``.
    """
    sigma_next = sigmas[state.i + 1]
    x, sigma = churned(state, sigmas, noise, s_churn, (s_tmin, s_tmax), s_noise)
    denoised = yield Eval(x, sigma)
    d = (x - denoised) / sigma
    return state.next(x + d * (sigma_next - sigma))


@falling
def euler_ancestral(state: State, sigmas: Tensor, noise: Noise, eta: float = 1.0, s_noise: float = 1.0) -> Step:
    """Euler's method to a lower sigma, then noise up to the next; ancestral sampling as in k-diffusion."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    down, up = ancestral_split(sigma, sigma_next, eta)
    d = (state.x - denoised) / sigma
    return state.next(state.x + d * (down - sigma) + noise(sigma, sigma_next) * s_noise * up)


def gradient_estimation(state: State, sigmas: Tensor, noise: Noise, gamma: float = 2.0) -> Step:
    """Euler's method with the direction's change extrapolated; Permenter & Yuan 2023 (arXiv:2306.04848)."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    d = (state.x - denoised) / sigma
    estimate = d + (gamma - 1) * (d - state.past[0]) if state.past else d
    return state.next(state.x + estimate * (sigma_next - sigma), past=(d,))
