"""Sampling from consistency models, whose every estimate is a finished picture."""

from torch import Tensor

from nodes.diffusion.samplers.step import Eval, Noise, State, Step


def lcm(state: State, sigmas: Tensor, noise: Noise) -> Step:
    """Denoise at once, then noise afresh for the next look; Luo et al. 2023, algorithm 3 (arXiv:2310.04378)."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    return state.next(denoised + sigma_next * noise(sigma, sigma_next))
