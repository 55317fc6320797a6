"""DPM-Solver++: exponential integrators that predict the clean latent, in lambda = -log(sigma).

Lu et al. 2022 (arXiv:2211.01095).
"""

import torch
from torch import Tensor

from nodes.diffusion.samplers.step import Eval, Noise, State, Step, ancestral_split, falling


@falling
def dpmpp_2s_ancestral(state: State, sigmas: Tensor, noise: Noise, eta: float = 1.0, s_noise: float = 1.0) -> Step:
    """DPM-Solver++(2S), algorithm 1 with r = 1/2, to a lower sigma, then noise up to the next; as in k-diffusion."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    down, up = ancestral_split(sigma, sigma_next, eta)
    if down == 0:  # at the end of the schedule, or all of sigma_next is to be new noise
        return state.next(denoised + noise(sigma, sigma_next) * s_noise * up)
    middle = (sigma * down).sqrt()  # halfway in lambda
    denoised_middle = yield Eval(exponential_step(state.x, denoised, sigma, middle), middle)
    x = exponential_step(state.x, denoised_middle, sigma, down)
    return state.next(x + noise(sigma, sigma_next) * s_noise * up)


@falling
def dpmpp_2m(state: State, sigmas: Tensor, noise: Noise) -> Step:
    """DPM-Solver++(2M), algorithm 2."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    target = denoised
    if state.past:  # the second order needs the step before
        h, h_last = (sigma / sigma_next).log(), (sigmas[state.i - 1] / sigma).log()
        target = denoised + (denoised - state.past[0]) * h / (2 * h_last)
    return state.next(exponential_step(state.x, target, sigma, sigma_next), past=(denoised,))


def exponential_step(x: Tensor, denoised: Tensor, sigma: Tensor, sigma_next: Tensor) -> Tensor:
    """The ODE's exact solution where ``denoised`` is constant: DDIM."""
    return torch.lerp(denoised, x, sigma_next / sigma)
