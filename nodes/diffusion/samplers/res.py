"""RES: exponential integrators whose order conditions are met exactly; Zhang et al. 2023 (arXiv:2308.02157).

In lambda = -log(sigma), for a model that predicts the clean latent.
"""

import torch
from torch import Tensor

from nodes.diffusion.samplers.dpmpp import exponential_step
from nodes.diffusion.samplers.step import Eval, Noise, State, Step, ancestral_split, falling


@falling
def res_multistep(state: State, sigmas: Tensor, noise: Noise, eta: float = 0.0, s_noise: float = 1.0) -> Step:
    """Second order from the estimate of the step before; with ``eta`` to a lower sigma, then noise up to the next.

    The ancestral sampler is that with ``eta`` 1.
    """
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    down, up = ancestral_split(sigma, sigma_next, eta)
    x = second_order(state, denoised, sigmas, down, eta)
    if eta:
        x = x + noise(sigma, sigma_next) * s_noise * up
    return state.next(x, past=(denoised,))


def second_order(state: State, denoised: Tensor, sigmas: Tensor, down: Tensor, eta: float) -> Tensor:
    """``state.x`` denoised to ``down``; first order if there is no estimate before, or no noise is to be left.

    The last estimate's place is measured from where the step after it stopped denoising, below this step's sigma.
    """
    sigma = sigmas[state.i]
    if not state.past or down == 0:
        return exponential_step(state.x, denoised, sigma, down)
    last = sigmas[state.i - 1]
    reached, _ = ancestral_split(last, sigma, eta)
    h = (sigma / down).log()
    c2 = (reached / last).log() / h
    phi_1 = -torch.expm1(-h) / h
    phi_2 = (1 - phi_1) / h
    b2 = phi_2 / c2
    return (down / sigma) * state.x + h * ((phi_1 - b2) * denoised + b2 * state.past[0])
