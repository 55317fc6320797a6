"""UniPC: a predictor, and a corrector of one order more that costs no evaluation; Zhao et al. 2023.

arXiv:2302.04867, in lambda = -log(sigma) and for a model that predicts the clean latent. The paper's variables are
variance preserving; divided by alpha, its formulas are these.
"""

from math import expm1, factorial, log

import torch
from torch import Tensor

from nodes.diffusion.samplers.dpmpp import exponential_step
from nodes.diffusion.samplers.lms import last_sigmas
from nodes.diffusion.samplers.step import Eval, Noise, State, Step, falling
from nodes.diffusion.samplers.weights import weighted

ORDER = 3
NEARLY_CLEAN = 0.001  # the sigma that stands for a schedule's final 0


@falling
def uni_pc(state: State, sigmas: Tensor, noise: Noise, variant: str = "bh1") -> Step:
    """Algorithms 1 and 2: correct the latent that the step before predicted, then predict the next one.

    ``variant`` is the function B(h): h itself (bh1), or e^h - 1 (bh2). Orders rise over the first steps and fall over
    the last ones.
    """
    sigma, sigma_next = sigmas[state.i], sigmas[state.i + 1]
    if sigma_next == 0:
        sigma_next = torch.full_like(sigma_next, NEARLY_CLEAN)
    x, left = state.x, len(sigmas) - 1 - state.i
    denoised = yield Eval(x, sigma)
    if state.past:
        base, *before = state.past
        values = before[: min(ORDER, left + 1)]
        _, start, *others = last_sigmas(state, sigmas, len(values) + 1)
        x = base + correction(denoised, values, [sigma.item(), start, *others], variant)
    known = (denoised, *state.past[1:])[:ORDER]
    values = list(known[: min(ORDER, left)])
    base = exponential_step(x, denoised, sigma, sigma_next)
    nodes = [sigma_next.item(), *last_sigmas(state, sigmas, len(values))]
    return state.next(base + extrapolation(values, nodes, variant), past=(base, *known))


def extrapolation(values: list[Tensor], nodes: list[float], variant: str) -> Tensor | float:
    """What the predictor adds to first order. ``nodes`` are the sigma it leads to, then those of ``values``."""
    if len(values) == 1:
        return 0.0
    ratios, conditions, size = order_conditions(nodes, variant)
    # With two values 1/2 is right to the order that counts, and what the authors take.
    weights = [0.5] if len(values) == 2 else solved(ratios[:-1], conditions[:-1])
    return weighted([-size * weight for weight in weights], differences(values, ratios))


def correction(denoised: Tensor, values: list[Tensor], nodes: list[float], variant: str) -> Tensor:
    """What the corrector adds to first order, with the estimate ``denoised`` where the predictor led."""
    ratios, conditions, size = order_conditions(nodes, variant)
    weights = [0.5] if len(values) == 1 else solved(ratios, conditions)
    changes = [*differences(values, ratios), denoised - values[0]]
    return weighted([-size * weight for weight in weights], changes)


def order_conditions(nodes: list[float], variant: str) -> tuple[list[float], list[float], float]:
    """Where the values are, in steps from the newest, 1 being the end; the right sides of the conditions; -B(h)."""
    end, start, *others = nodes
    h = log(start / end)
    size = -h if variant == "bh1" else expm1(-h)
    ratios = [log(start / other) / h for other in others] + [1.0]
    conditions, phi = [], expm1(-h) / -h - 1
    for k in range(1, len(ratios) + 1):
        conditions.append(phi * factorial(k) / size)
        phi = phi / -h - 1 / factorial(k + 1)
    return ratios, conditions, size


def solved(ratios: list[float], conditions: list[float]) -> list[float]:
    """Weights whose powers' sums are the conditions: a Vandermonde system."""
    powers = torch.tensor([[ratio**k for ratio in ratios] for k in range(len(ratios))], dtype=torch.float64)
    weights: list[float] = torch.linalg.solve(powers, torch.tensor(conditions, dtype=torch.float64)).tolist()
    return weights


def differences(values: list[Tensor], ratios: list[float]) -> list[Tensor]:
    """From the newest value to each older one, a step's worth."""
    return [(value - values[0]) / ratio for value, ratio in zip(values[1:], ratios, strict=False)]
