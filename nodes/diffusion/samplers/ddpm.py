"""Ho et al. 2020's own sampler."""

from torch import Tensor

from nodes.diffusion.samplers.step import Eval, Noise, State, Step


def ddpm(state: State, sigmas: Tensor, noise: Noise) -> Step:
    """A draw from the diffusion's posterior q(x_next | x, denoised); Ho et al. 2020, algorithm 2 (arXiv:2006.11239).

    The paper's variables are variance preserving, ``x / sqrt(1 + sigma^2)``, with ``alpha_bar = 1 / (1 + sigma^2)``.
    """
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    eps = (state.x - denoised) / sigma
    if sigma_next > sigma:  # the posterior is one of less noise: the way up is the flow
        return state.next(state.x + eps * (sigma_next - sigma))
    alpha_bar, alpha_bar_next = 1 / (1 + sigma**2), 1 / (1 + sigma_next**2)
    alpha = alpha_bar / alpha_bar_next
    mean = (state.x * alpha_bar.sqrt() - eps * (1 - alpha) / (1 - alpha_bar).sqrt()) / alpha.sqrt()
    variance = (1 - alpha) * (1 - alpha_bar_next) / (1 - alpha_bar)
    return state.next((mean + variance.sqrt() * noise(sigma, sigma_next)) / alpha_bar_next.sqrt())
