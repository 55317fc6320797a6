"""CFG++: guidance that stays on the path of the unguided model; Chung et al. 2024 (arXiv:2406.08070).

A step is the solver's own, taken with the unconditional estimate, and then moved by what guidance changes:
``denoised - uncond``. So noise is taken away along the unconditional direction, and needs a scale of about 1.
"""

import torch
from torch import Tensor

from nodes.diffusion.samplers.dpmpp import exponential_step
from nodes.diffusion.samplers.res import second_order
from nodes.diffusion.samplers.step import Eval, Noise, State, Step, ancestral_split, falling


def euler_cfg_pp(state: State, sigmas: Tensor, noise: Noise) -> Step:
    """From the guided estimate, back along the unconditional noise; the paper's algorithm 2 in sigma."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised, uncond = yield Eval(state.x, sigma, uncond=True)
    d = (state.x - uncond) / sigma
    return state.next(denoised + sigma_next * d)


def euler_cfg_pp_alternative(state: State, sigmas: Tensor, noise: Noise) -> Step:
    """Euler's method on the guided estimate, from a latent that is moved by ``uncond - denoised``."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised, uncond = yield Eval(state.x, sigma, uncond=True)
    d = (state.x + (uncond - denoised) - denoised) / sigma
    return state.next(denoised + sigma_next * d)


@falling
def euler_ancestral_cfg_pp(state: State, sigmas: Tensor, noise: Noise, eta: float = 1.0, s_noise: float = 1.0) -> Step:
    """The same to a lower sigma, then noise up to the next."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised, uncond = yield Eval(state.x, sigma, uncond=True)
    if sigma_next == 0:
        return state.next(denoised)
    down, up = ancestral_split(sigma, sigma_next, eta)
    d = (state.x - uncond) / sigma
    return state.next(denoised + down * d + noise(sigma, sigma_next) * s_noise * up)


@falling
def dpmpp_2s_ancestral_cfg_pp(
    state: State, sigmas: Tensor, noise: Noise, eta: float = 1.0, s_noise: float = 1.0
) -> Step:
    """DPM-Solver++(2S) by CFG++'s authors: unguided to the middle, guided from there."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised, uncond = yield Eval(state.x, sigma, uncond=True)
    if sigma_next == 0:
        return state.next(denoised)
    down, up = ancestral_split(sigma, sigma_next, eta)
    if down > 0:
        middle = (sigma * down).sqrt()  # halfway in lambda
        denoised, uncond = yield Eval(exponential_step(state.x, uncond, sigma, middle), middle, uncond=True)
    x = exponential_step(state.x, uncond, sigma, down) + (denoised - uncond)
    return state.next(x + noise(sigma, sigma_next) * s_noise * up)


@falling
def dpmpp_2m_cfg_pp(state: State, sigmas: Tensor, noise: Noise) -> Step:
    """DPM-Solver++(2M) by CFG++'s authors, who extrapolate the unconditional estimate."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised, uncond = yield Eval(state.x, sigma, uncond=True)
    if sigma_next == 0:
        return state.next(denoised)
    target = uncond
    if state.past:
        h, h_last = (sigma / sigma_next).log(), (sigmas[state.i - 1] / sigma).log()
        target = uncond + (uncond - state.past[0]) * h / (2 * h_last)
    x = exponential_step(state.x, target, sigma, sigma_next) + (denoised - uncond)
    return state.next(x, past=(uncond,))


@falling
def res_multistep_cfg_pp(state: State, sigmas: Tensor, noise: Noise, eta: float = 0.0, s_noise: float = 1.0) -> Step:
    """``res_multistep``, guided by CFG++; the ancestral sampler is that with ``eta`` 1."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised, uncond = yield Eval(state.x, sigma, uncond=True)
    if sigma_next == 0:
        return state.next(denoised)
    down, up = ancestral_split(sigma, sigma_next, eta)
    x = second_order(state, uncond, sigmas, down, eta) + (denoised - uncond)
    if eta:
        x = x + noise(sigma, sigma_next) * s_noise * up
    return state.next(x, past=(uncond,))


def gradient_estimation_cfg_pp(state: State, sigmas: Tensor, noise: Noise, gamma: float = 2.0) -> Step:
    """``gradient_estimation``, guided by CFG++."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised, uncond = yield Eval(state.x, sigma, uncond=True)
    if sigma_next == 0:
        return state.next(denoised)
    d = (state.x - uncond) / sigma
    change = (gamma - 1) * (d - state.past[0]) if state.past else torch.zeros_like(d)
    return state.next(denoised + sigma_next * d + change * (sigma_next - sigma), past=(d,))
