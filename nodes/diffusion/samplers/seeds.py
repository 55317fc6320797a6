"""SEEDS: exponential integrators of the reverse SDE with several stages; Gonzalez et al. 2023 (arXiv:2305.14267).

In lambda = -log(sigma), for a model that predicts the clean latent. The stages share one path of the noise. ``eta``
scales it as in DPM-Solver++'s SDE: 0 is the probability flow ODE.
"""

from torch import Tensor

from nodes.diffusion.samplers.dpmpp_sde import decay, phi_2
from nodes.diffusion.samplers.step import Eval, Noise, State, Step, falling


class Path:
    """The noise that the SDE gathers from the step's first sigma on, drawn piece by piece as the stages go down."""

    def __init__(self, noise: Noise, sigma: Tensor, eta: float, s_noise: float) -> None:
        self._noise, self._sigma, self._eta, self._s_noise = noise, sigma, eta, s_noise
        self._gathered: Tensor | float = 0.0

    def to(self, sigma: Tensor) -> Tensor | float:
        """What has gathered when the latent is at ``sigma``."""
        if self._eta == 0 or self._s_noise == 0:
            return 0.0
        kept = (sigma / self._sigma) ** (1 + self._eta)  # as much as ``decay`` leaves of the latent
        fresh = sigma * (1 - (sigma / self._sigma) ** (2 * self._eta)).sqrt() * self._s_noise
        self._gathered = self._gathered * kept + self._noise(self._sigma, sigma) * fresh
        self._sigma = sigma
        return self._gathered


@falling
def seeds_2(state: State, sigmas: Tensor, noise: Noise, eta: float = 1.0, s_noise: float = 1.0, r: float = 0.5) -> Step:
    """SEEDS-2: the second stage at ``r`` of the way in lambda."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    h, path = (sigma / sigma_next).log(), Path(noise, sigma, eta, s_noise)
    middle = sigma * (sigma_next / sigma) ** r
    x_middle = decay(state.x, denoised, r * h, eta) + path.to(middle)
    denoised_middle = yield Eval(x_middle, middle)
    target = denoised.lerp(denoised_middle, 1 / (2 * r))
    return state.next(decay(state.x, target, h, eta) + path.to(sigma_next))


@falling
def seeds_3(
    state: State,
    sigmas: Tensor,
    noise: Noise,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r_1: float = 1 / 3,
    r_2: float = 2 / 3,
) -> Step:
    """SEEDS-3: the second and third stage at ``r_1`` and ``r_2`` of the way in lambda."""
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    h, path = (sigma / sigma_next).log(), Path(noise, sigma, eta, s_noise)
    first, second = (sigma * (sigma_next / sigma) ** r for r in (r_1, r_2))

    x_1 = decay(state.x, denoised, r_1 * h, eta) + path.to(first)
    slope = ((yield Eval(x_1, first)) - denoised) / r_1
    x_2 = decay(state.x, denoised, r_2 * h, eta) + phi_2((1 + eta) * r_2 * h) * r_2 * slope + path.to(second)
    slope = ((yield Eval(x_2, second)) - denoised) / r_2
    x = decay(state.x, denoised, h, eta) + phi_2((1 + eta) * h) * slope
    return state.next(x + path.to(sigma_next))


@falling
def exp_heun_2_x0(state: State, sigmas: Tensor, noise: Noise, eta: float = 0.0, s_noise: float = 1.0) -> Step:
    """Exponential Heun: the second stage at the step's end, the clean latent taken as linear in lambda between.

    The one called SDE is that with ``eta`` 1.
    """
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    h, path = (sigma / sigma_next).log(), Path(noise, sigma, eta, s_noise)
    x_ahead = decay(state.x, denoised, h, eta) + path.to(sigma_next)
    slope = (yield Eval(x_ahead, sigma_next)) - denoised
    return state.next(x_ahead + phi_2((1 + eta) * h) * slope)
