"""DPM-Solver's single steps and DPM-Solver-fast; Lu et al. 2022 (arXiv:2206.00927), as in k-diffusion.

The solver predicts the noise, ``eps = (x - denoised) / sigma``, in lambda = -log(sigma). Its span is from the
schedule's first sigma to its last positive one: what noise the latter has, the result has too.
"""

from collections.abc import Generator
from typing import TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.samplers.step import Eval, Noise, State, Step

Pair: TypeAlias = Generator[Eval, Tensor, tuple[Tensor, Tensor]]


def dpm_fast(state: State, sigmas: Tensor, noise: Noise) -> Step:
    """DPM-Solver-fast: as many evaluations as the schedule has steps, three to one of its own, even in lambda.

    The paper's section 3.4. Only the schedule's ends matter. ``state.i`` counts evaluations.
    """
    total, first = len(sigmas) - 1, state.i
    if not has_span(sigmas):
        return (yield from without_span(state, sigmas))
    starts, orders = groups(total)
    top, bottom = sigmas[0].log().item(), last_positive(sigmas).log().item()
    ends = torch.linspace(top, bottom, len(starts) + 1, dtype=torch.float64).exp().to(sigmas)
    k = starts.index(first)
    sigma, sigma_next = ends[k], ends[k + 1]
    denoised = yield Eval(state.x, sigma)
    eps = (state.x - denoised) / sigma
    match orders[k]:
        case 1:
            x = solver_1(state.x, eps, sigma, sigma_next)
        case 2:
            _, x = yield from solver_12(state.x, eps, sigma, sigma_next)
        case _:
            _, x = yield from solver_23(state.x, eps, sigma, sigma_next)
    return state.next(x, steps=orders[k])


def groups(evaluations: int) -> tuple[list[int], list[int]]:
    """Which steps of order 3, 2 and 1 use up the evaluations: where each begins, and its order."""
    thirds, rest = divmod(evaluations, 3)
    orders = [3] * thirds + [rest] if rest else [3] * (thirds - 1) + [2, 1]
    return [sum(orders[:k]) for k in range(len(orders))], orders


def has_span(sigmas: Tensor) -> bool:
    """Whether there is a way between the schedule's ends."""
    return bool(sigmas[0] != last_positive(sigmas))


def without_span(state: State, sigmas: Tensor) -> Step:
    """All of a schedule that has none: the estimate if it ends in 0, else the latent as it is."""
    denoised = yield Eval(state.x, sigmas[0])
    return state.next(denoised if sigmas[-1] == 0 else state.x, steps=len(sigmas) - 1)


def last_positive(sigmas: Tensor) -> Tensor:
    return sigmas[-1] if sigmas[-1] > 0 else sigmas[-2]


def solver_1(x: Tensor, eps: Tensor, sigma: Tensor, end: Tensor) -> Tensor:
    """DPM-Solver-1, which is DDIM."""
    return x + eps * (end - sigma)


def solver_12(x: Tensor, eps: Tensor, sigma: Tensor, end: Tensor, r: float = 1 / 2) -> Pair:
    """DPM-Solver-1 and DPM-Solver-2, the latter's second evaluation at ``r`` of the way in lambda."""
    eps_1 = yield from eps_at(x, eps, sigma, end, r)
    return solver_1(x, eps, sigma, end), x + (eps + (eps_1 - eps) / (2 * r)) * (end - sigma)


def solver_23(x: Tensor, eps: Tensor, sigma: Tensor, end: Tensor, r1: float = 1 / 3, r2: float = 2 / 3) -> Pair:
    """DPM-Solver-2 and DPM-Solver-3, which share the evaluation at ``r1`` of the way in lambda."""
    eps_1 = yield from eps_at(x, eps, sigma, end, r1)
    h = (sigma / end).log()
    sigma_2 = sigma * (end / sigma) ** r2
    bend = (sigma_2 - sigma) / (r2 * h) + sigma_2
    x_2 = solver_1(x, eps, sigma, sigma_2) + r2 / r1 * bend * (eps_1 - eps)
    eps_2 = (x_2 - (yield Eval(x_2, sigma_2))) / sigma_2
    low = x + (eps + (eps_1 - eps) / (2 * r1)) * (end - sigma)
    bend = (end - sigma) / h + end
    return low, solver_1(x, eps, sigma, end) + bend / r2 * (eps_2 - eps)


def eps_at(x: Tensor, eps: Tensor, sigma: Tensor, end: Tensor, r: float) -> Generator[Eval, Tensor, Tensor]:
    """What noise the model finds at ``r`` of the way in lambda, where the first order leads."""
    middle = sigma * (end / sigma) ** r
    x_middle = solver_1(x, eps, sigma, middle)
    return (x_middle - (yield Eval(x_middle, middle))) / middle
