"""DPM-Solver-2: the midpoint method in log sigma; Lu et al. 2022 (arXiv:2206.00927)."""

from math import inf

from torch import Tensor

from nodes.diffusion.samplers.step import Eval, Noise, State, Step, ancestral_split, churned, falling


def dpm_2(
    state: State,
    sigmas: Tensor,
    noise: Noise,
    s_churn: float = 0.0,
    s_tmin: float = 0.0,
    s_tmax: float = inf,
    s_noise: float = 1.0,
) -> Step:
    """DPM-Solver-2, algorithm 1 of the paper, as Karras et al. 2022 write it in sigma. Churn as in ``euler``."""
    sigma_next = sigmas[state.i + 1]
    x, sigma = churned(state, sigmas, noise, s_churn, (s_tmin, s_tmax), s_noise)
    denoised = yield Eval(x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    d = (x - denoised) / sigma
    middle = (sigma * sigma_next).sqrt()
    x_middle = x + d * (middle - sigma)
    denoised_middle = yield Eval(x_middle, middle)
    d_middle = (x_middle - denoised_middle) / middle
    return state.next(x + d_middle * (sigma_next - sigma))


@falling
def dpm_2_ancestral(state: State, sigmas: Tensor, noise: Noise, eta: float = 1.0, s_noise: float = 1.0) -> Step:
    """DPM-Solver-2 to a lower sigma, then noise up to the next; as in k-diffusion."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    down, up = ancestral_split(sigma, sigma_next, eta)
    if down == 0:  # at the end of the schedule, or all of sigma_next is to be new noise
        return state.next(denoised + noise(sigma, sigma_next) * s_noise * up)
    d = (state.x - denoised) / sigma
    middle = (sigma * down).sqrt()
    x_middle = state.x + d * (middle - sigma)
    denoised_middle = yield Eval(x_middle, middle)
    d_middle = (x_middle - denoised_middle) / middle
    return state.next(state.x + d_middle * (down - sigma) + noise(sigma, sigma_next) * s_noise * up)
