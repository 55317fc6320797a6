"""SA-Solver: stochastic Adams methods, a predictor and a corrector that share their noise; Xue et al. 2023.

arXiv:2309.05019, in lambda = -log(sigma) and for a model that predicts the clean latent. ``tau`` scales the noise: 0 is
the probability flow ODE, 1 the reverse SDE.
"""

from collections.abc import Mapping
from math import exp, inf, log
from typing import NamedTuple

from torch import Tensor

from nodes.diffusion.prediction import Prediction
from nodes.diffusion.samplers.lms import last_sigmas
from nodes.diffusion.samplers.step import Eval, Noise, Option, State, Step, falling
from nodes.diffusion.samplers.weights import lagrange_weights, weighted


@falling
def sa_solver(
    state: State,
    sigmas: Tensor,
    noise: Noise,
    predictor_order: int = 3,
    corrector_order: int = 4,
    eta: float = 1.0,
    s_noise: float = 1.0,
    sde_below: float = inf,
    sde_above: float = 0.0,
    use_pece: bool = False,
    simple_order_2: bool = False,
) -> Step:
    """Algorithm 1: predict the next latent; when its estimate is known, correct it, and go on from there.

    ``tau`` is ``eta`` for steps that end between the sigmas ``sde_above`` and ``sde_below``, else 0. Orders rise over
    the first steps and fall over the last ones. ``use_pece`` evaluates the corrected latent too. ``simple_order_2``
    takes the authors' weights for few steps where the order is 2.
    """
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]

    def tau(target: float) -> float:
        return eta if sde_above <= target <= sde_below else 0.0

    x, left = state.x, len(sigmas) - 1 - state.i
    denoised = yield Eval(x, sigma)
    if corrector_order and state.past:
        base, *before = state.past
        values = (denoised, *before)[: min(corrector_order, left + 2)]
        after, start = last_sigmas(state, sigmas, 2)
        x = base + Span(start, after, tau(after)).moved(lambdas(state, sigmas, values), values, simple_order_2)
        if use_pece:
            denoised = yield Eval(x, sigma)
    if sigma_next == 0:
        return state.next(denoised)

    known = (denoised, *state.past[1:])[: max(predictor_order, corrector_order - 1)]
    values = known[: min(predictor_order, left)]
    span = Span(sigma.item(), sigma_next.item(), tau(sigma_next.item()))
    base = span.kept * x
    if span.noise:
        base = base + noise(sigma, sigma_next) * s_noise * span.noise
    x = base + span.moved(lambdas(state, sigmas, values), values, simple_order_2)
    return state.next(x, past=(base, *known))


def stochastic_between(
    prediction: Prediction, start_percent: float = 0.2, end_percent: float = 0.8
) -> Mapping[str, Option]:
    """Options of ``sa_solver``: noise between two fractions of the way from noise to picture."""
    return {
        "sde_below": prediction.percent_to_sigma(start_percent),
        "sde_above": prediction.percent_to_sigma(end_percent),
    }


class Span(NamedTuple):
    """One step of the SDE, between two sigmas."""

    start: float
    end: float
    tau: float

    @property
    def rate(self) -> float:
        return 1 + self.tau**2

    @property
    def h(self) -> float:
        return log(self.start / self.end)

    @property
    def kept(self) -> float:
        """The factor on the latent."""
        return exp(-self.rate * self.h)

    @property
    def noise(self) -> float:
        """The standard deviation of the noise."""
        return self.end * (1 - exp(-2 * self.tau**2 * self.h)) ** 0.5

    def moved(self, nodes: list[float], values: tuple[Tensor, ...], simple_order_2: bool) -> Tensor:
        """What the estimates ``values``, at the lambdas ``nodes``, add to the latent."""
        start, end, rate = -log(self.start), -log(self.end), self.rate
        if simple_order_2 and len(values) == 2:
            slope = rate * self.h**2 / 2 / (nodes[0] - nodes[1])
            constant = 1 - exp(-rate * self.h)
            weights = [slope + constant * (nodes[0] == start), constant * (nodes[1] == start) - slope]
        else:
            weights = lagrange_weights(nodes, start, end, lambda at: rate * exp(rate * (at - end)))
        return weighted(weights, values)


def lambdas(state: State, sigmas: Tensor, values: tuple[Tensor, ...]) -> list[float]:
    """Where each value was, newest first."""
    return [-log(sigma) for sigma in last_sigmas(state, sigmas, len(values))]
