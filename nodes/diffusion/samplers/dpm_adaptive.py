"""DPM-Solver-12 and -23, which choose their steps; Lu et al. 2022, appendix C (arXiv:2206.00927), as in k-diffusion.

The next step's length comes from the error of the last ones, by a PID controller; Söderlind 2003, "Digital filters in
adaptive time-stepping".
"""

from math import atan, exp, isfinite, log
from typing import NamedTuple

import torch
from torch import Tensor

from nodes.diffusion.samplers.dpm_solver import has_span, last_positive, solver_12, solver_23, without_span
from nodes.diffusion.samplers.step import Eval, Noise, State, Step, ancestral_split

NEAR_END = 1e-5  # in lambda, at which the schedule's end is reached
SHORTEST = 1e-6  # in lambda
ATTEMPTS = 100  # to take one step
LARGEST_EXPONENT = 700.0  # e to the power of it is a float


class Memory(NamedTuple):
    """What it knows beside the latent: numbers that are stored as one row.

    ``at`` is its lambda, ``h`` the length of the next step; then how accurate the last two accepted steps were, 0
    before the first.
    """

    at: float
    h: float
    last: float = 0.0
    before: float = 0.0

    def after(self, at: float, factor: float, error: float) -> "Memory":
        """The same after a step that was accepted."""
        return Memory(at, self.h * factor, accurate(error), self.last or accurate(error))

    def row(self) -> Tensor:
        return torch.tensor(self, dtype=torch.float64)


class Control(NamedTuple):
    """A PID controller's coefficients, and from which factor on a step is accepted."""

    p: float
    i: float
    d: float
    safety: float

    def factor(self, error: float, memory: Memory, order: float) -> float:
        """By how much the next step should be longer, between 0.2 and 2.6."""
        logs = [log(accuracy or accurate(error)) for accuracy in (accurate(error), memory.last, memory.before)]
        powers = ((self.p + self.i + self.d) / order, -(self.p + 2 * self.d) / order, self.d / order)
        exponent = sum(power * each for power, each in zip(powers, logs, strict=True))
        return 1 + atan(exp(min(exponent, LARGEST_EXPONENT)) - 1)


def dpm_adaptive(
    state: State,
    sigmas: Tensor,
    noise: Noise,
    order: int = 3,
    rtol: float = 0.05,
    atol: float = 0.0078,
    h_init: float = 0.05,
    pcoeff: float = 0.0,
    icoeff: float = 1.0,
    dcoeff: float = 0.0,
    accept_safety: float = 0.81,
    eta: float = 0.0,
    s_noise: float = 1.0,
) -> Step:
    """One step that is accurate enough, after as many attempts as that takes.

    Of the schedule only the ends matter, the last positive sigma and the first; ``state.i`` says between which of its
    sigmas a step has arrived. Raises ValueError if no step is accurate enough.
    """
    if not has_span(sigmas):
        return (yield from without_span(state, sigmas))

    end = -log(last_positive(sigmas).item())
    forward = 1 if end > -log(sigmas[0].item()) else -1
    eta = eta if forward > 0 else 0.0  # there is no noise to take away on the way up
    before, memory = state.past[0] if state.past else state.x, recalled(state, sigmas, h_init * forward)
    control, solver = Control(pcoeff, icoeff, dcoeff, accept_safety), solver_23 if order == 3 else solver_12
    sigma = sigmas.new_tensor(exp(-memory.at))
    denoised = yield Eval(state.x, sigma)
    eps = (state.x - denoised) / sigma
    for _ in range(ATTEMPTS):
        if abs(memory.h) < SHORTEST:
            break
        at = min(end, memory.at + memory.h, key=lambda there: there * forward)
        sigma_next = sigmas.new_tensor(exp(-at))
        down, up = split_above(last_positive(sigmas), sigma, sigma_next, eta)
        low, high = yield from solver(state.x, eps, sigma, down)
        error = distance(low, high, before, atol, rtol)
        if not isfinite(error):
            break
        factor = control.factor(error, memory, 1.5 if eta else order)
        if factor >= accept_safety:
            x = high + noise(sigma, sigma_next) * s_noise * up if eta else high
            i = len(sigmas) - 1 if (end - at) * forward < NEAR_END else passed(sigmas, sigma_next)
            return State(x, i, (low, memory.after(at, factor, error).row()))
        memory = memory._replace(h=memory.h * factor)
    raise ValueError(
        f"dpm_adaptive finds no step from sigma {sigma:.4g} that is accurate enough: rtol {rtol}, atol {atol}, "
        f"h_init {h_init}, accept_safety {accept_safety}"
    )


def split_above(bottom: Tensor, sigma: Tensor, sigma_next: Tensor, eta: float) -> tuple[Tensor, Tensor]:
    """``ancestral_split`` that does not denoise below the schedule's end."""
    down, up = ancestral_split(sigma, sigma_next, eta)
    if eta == 0:
        return down, up
    down = down.clamp(min=bottom)
    return down, (sigma_next**2 - down**2).sqrt()


def recalled(state: State, sigmas: Tensor, h: float) -> Memory:
    """What was known after the step before; at the beginning, only where it is."""
    return Memory(*state.past[1].tolist()) if state.past else Memory(-log(sigmas[0].item()), h)


def accurate(error: float) -> float:
    """An error's inverse, finite."""
    return 1 / (error + 1e-8)


def distance(low: Tensor, high: Tensor, before: Tensor, atol: float, rtol: float) -> float:
    """How far two solutions are apart, in times of what is allowed."""
    allowed = (rtol * low.abs().maximum(before.abs())).clamp(min=atol)
    return ((low - high) / allowed).square().mean().sqrt().item()


def passed(sigmas: Tensor, sigma: Tensor) -> int:
    """The last of the schedule's sigmas that a sampler has reached which is at ``sigma``, and has not ended."""
    falling = bool(sigmas[0] > last_positive(sigmas))
    reached = sigmas[1:-1] >= sigma if falling else sigmas[1:-1] <= sigma
    return int(reached.sum())
