"""Heun's method: Euler's, corrected by the directions it finds ahead."""

from math import inf

from torch import Tensor

from nodes.diffusion.samplers.step import Eval, Noise, State, Step, churned


def heun(
    state: State,
    sigmas: Tensor,
    noise: Noise,
    s_churn: float = 0.0,
    s_tmin: float = 0.0,
    s_tmax: float = inf,
    s_noise: float = 1.0,
) -> Step:
    """Heun's second-order method; Karras et al. 2022, algorithm 2 (arXiv:2206.00364). Churn as in ``euler``."""
    sigma_next = sigmas[state.i + 1]
    x, sigma = churned(state, sigmas, noise, s_churn, (s_tmin, s_tmax), s_noise)
    denoised = yield Eval(x, sigma)
    d = (x - denoised) / sigma
    x_ahead = x + d * (sigma_next - sigma)
    if sigma_next == 0:
        return state.next(x_ahead)
    denoised_ahead = yield Eval(x_ahead, sigma_next)
    d_ahead = (x_ahead - denoised_ahead) / sigma_next
    return state.next(x + (d + d_ahead) / 2 * (sigma_next - sigma))


def heunpp2(state: State, sigmas: Tensor, noise: Noise) -> Step:
    """Heun's method looking two steps ahead, each direction weighted by how noisy it is; Heun++ by Carzit.

    Weights are parts of the highest sigma: the first one, unless the schedule rises.
    """
    sigma, sigma_next, top = sigmas[state.i], sigmas[state.i + 1], sigmas.max()
    denoised = yield Eval(state.x, sigma)
    d = (state.x - denoised) / sigma
    x_ahead = state.x + d * (sigma_next - sigma)
    left = len(sigmas) - 2 - state.i  # steps after this one
    if left == 0:
        return state.next(x_ahead)

    denoised_ahead = yield Eval(x_ahead, sigma_next)
    d_ahead = (x_ahead - denoised_ahead) / sigma_next
    if left == 1:
        weight = sigma_next / (2 * top)
        return state.next(state.x + d.lerp(d_ahead, weight) * (sigma_next - sigma))

    sigma_after = sigmas[state.i + 2]
    x_after = x_ahead + d_ahead * (sigma_after - sigma_next)
    denoised_after = yield Eval(x_after, sigma_after)
    d_after = (x_after - denoised_after) / sigma_after
    weight_ahead, weight_after = sigma_next / (3 * top), sigma_after / (3 * top)
    mean = (1 - weight_ahead - weight_after) * d + weight_ahead * d_ahead + weight_after * d_after
    return state.next(state.x + mean * (sigma_next - sigma))
