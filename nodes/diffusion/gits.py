"""Schedules found from a model's own trajectories: where they bend, steps are short.

Chen et al. 2024, On the Trajectory Regularity of ODE-based Diffusion Sampling (arXiv:2405.11326), its
geometry-inspired time scheduling. The costs beside this file were measured on the bundled model by
``python -m tests.support.gits_costs``; they are not those of the paper's authors.
"""

import json
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nodes.diffusion.denoiser import Denoise
from nodes.diffusion.timetables import last_steps

MOST_STEPS = 20  # with more the paths crowd the grid; what lies between is interpolated

Costs = NDArray[np.float64]  # (N + 1, N + 1): of a step from one level to another; infinite if that is not below it


class Table(NamedTuple):
    """A grid of noise levels, and what a step between any two of them costs."""

    sigmas: Tensor  # (N + 1,), falling, the last one above 0; steps that end there are costed as going to 0
    costs: Costs


class Trajectory(NamedTuple):
    """Euler's method along N steps, for a batch."""

    x: Tensor  # (N + 1, B, C, h, w)
    directions: Tensor  # (N, B, C, h, w): dx / dsigma where each step begins


@torch.no_grad()
def trajectory(denoise: Denoise, x: Tensor, sigmas: Tensor) -> Trajectory:
    """From ``x`` (B, C, h, w) at the first of ``sigmas`` (N + 1,) to the last, which may be 0."""
    places, directions = [x], []
    for sigma, sigma_next in pairwise(sigmas):
        directions.append((x - denoise(x, sigma)) / sigma)
        x = x + (sigma_next - sigma) * directions[-1]
        places.append(x)
    return Trajectory(torch.stack(places), torch.stack(directions))


def truncation_costs(taken: Trajectory, sigmas: Tensor) -> Costs:
    """How far one step from a level to a later one ends from the trajectory, root mean square, mean of the batch."""
    count = len(sigmas)
    costs = np.full((count, count), np.inf)
    for i in range(count - 1):
        lengths = (sigmas[i + 1 :] - sigmas[i]).reshape(-1, 1, 1, 1, 1)
        missed = taken.x[i] + lengths * taken.directions[i] - taken.x[i + 1 :]
        costs[i, i + 1 :] = missed.square().mean((2, 3, 4)).sqrt().mean(1)
    return costs


def cheapest_path(costs: Costs, steps: int, coeff: float) -> list[int]:
    """The levels from the first to the last, ``steps + 1`` of them, whose steps cost least.

    A step's cost counts ``coeff`` times as much as the one before: above 1 to have short steps at the end, where
    nothing makes good for an error. Raises ValueError if there are fewer levels, or no step.
    """
    levels = len(costs)
    if not 1 <= steps < levels:
        raise ValueError(f"{levels} noise levels have paths of 1 to {levels - 1} steps, not of {steps}")
    to_end, choices = costs[:, -1], []
    for _ in range(steps - 1):  # to_end[i] is the least cost from level i in one step, in two, and so on
        by_next = costs + coeff * to_end
        choices.append(by_next.argmin(1))
        to_end = by_next.min(1)
    path = [0]
    for choice in reversed(choices):
        path.append(int(choice[path[-1]]))
    return [*path, levels - 1]


@cache
def bundled() -> Table:
    """Measured on the bundled model, with guidance, over Stable Diffusion's range of noise levels."""
    stored = json.loads(files(__package__).joinpath("gits.json").read_text(encoding="utf-8"))
    count = len(stored["sigmas"])
    costs = np.full((count, count), np.inf)
    for i, row in enumerate(stored["costs"]):
        costs[i, i + 1 :] = row
    return Table(torch.tensor(stored["sigmas"]), costs)


def gits(coeff: float, steps: int, denoise_fraction: float = 1.0) -> Tensor:
    """The cheapest schedule of ``steps`` steps, 2 or more; ends in 0.

    Above ``MOST_STEPS`` it is that many steps' one with levels between, linear in log sigma. The last
    ``steps * denoise_fraction`` steps: (that + 1,) float32, or (0,) for none.
    """
    table = bundled()
    path = cheapest_path(table.costs, min(steps, MOST_STEPS), coeff)
    return last_steps(table.sigmas[path].tolist(), steps, denoise_fraction)
