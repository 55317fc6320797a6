"""ER-SDE-Solver: reverse diffusions with any amount of noise; Cui et al. 2023 (arXiv:2309.06169).

In sigma and for a model that predicts the clean latent: the paper's lambda is sigma, its alpha 1.
"""

from collections.abc import Callable, Mapping
from math import exp

from torch import Tensor

from nodes.diffusion.samplers.lms import last_sigmas
from nodes.diffusion.samplers.step import Eval, Noise, State, Step, falling
from nodes.diffusion.samplers.weights import integral

Scale = Callable[[float], float]


@falling
def er_sde(
    state: State,
    sigmas: Tensor,
    noise: Noise,
    solver_type: str = "ER-SDE",
    max_stage: int = 3,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Step:
    """ER-SDE-Solver-3, algorithm 3: a Taylor expansion of the clean latent to the order ``max_stage`` - 1.

    ``solver_type`` names the noise scale; ``eta`` belongs to the one of reverse-time SDEs, where 0 is the ODE.
    """
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    denoised = yield Eval(state.x, sigma)
    if sigma_next == 0:
        return state.next(denoised)
    solver_type = solver_type if sigma_next < sigma else "ODE"  # noise is only taken away on the way down
    scale = noise_scales(eta)[solver_type]
    start, end = sigma.item(), sigma_next.item()
    kept = scale(end) / scale(start)
    x = denoised.lerp(state.x, kept)
    values = (denoised, *state.past)[:max_stage]
    for weight, derivative in zip(taylor_weights(scale, start, end), derivatives(state, sigmas, values), strict=False):
        x = x + weight * derivative
    variance = end**2 - (start * kept) ** 2
    if solver_type != "ODE" and variance > 0:
        x = x + noise(sigma, sigma_next) * s_noise * variance**0.5
    return state.next(x, past=values[: max_stage - 1])


def noise_scales(eta: float) -> Mapping[str, Scale]:
    """The paper's phi: noise scales, of which steeper ones add more noise. "ER-SDE" is its SDE 5."""
    return {
        "ER-SDE": lambda sigma: sigma * (exp(sigma**0.3) + 10),
        "Reverse-time SDE": lambda sigma: sigma ** (1 + eta),
        "ODE": lambda sigma: sigma,
    }


def derivatives(state: State, sigmas: Tensor, values: tuple[Tensor, ...]) -> list[Tensor]:
    """The first and second derivative in sigma, as far as there are values for it: backward differences."""
    nodes = last_sigmas(state, sigmas, len(values))
    slopes = [(values[k] - values[k + 1]) / (nodes[k] - nodes[k + 1]) for k in range(len(values) - 1)]
    if len(slopes) < 2:
        return slopes
    return [slopes[0], 2 * (slopes[0] - slopes[1]) / (nodes[0] - nodes[2])]


def taylor_weights(scale: Scale, start: float, end: float) -> tuple[float, float]:
    """What the derivatives are worth over a step.

    The integrals are exact; the authors sum rectangles, which differs by about 0.5 % of these small terms.
    """
    first = integral(lambda at: 1 / scale(at), end, start)
    second = integral(lambda at: (at - start) / scale(at), end, start)
    return end - start + scale(end) * first, (end - start) ** 2 / 2 + scale(end) * second
