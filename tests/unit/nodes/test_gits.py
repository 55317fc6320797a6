"""Schedules of least cost: the search against every path, costs in closed form, and the table that is shipped."""

import json
import math
from importlib.resources import files
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from nodes import schedules
from nodes.diffusion.gits import MOST_STEPS, Costs, bundled, cheapest_path, gits, trajectory, truncation_costs
from nodes.diffusion.prediction import Prediction
from tests.support.gits_costs import STEPS, measured

COEFFS = [round(0.8 + 0.05 * k, 2) for k in range(15)]
STD = 0.5


def random_costs(levels: int, seed: int) -> Costs:
    costs = np.random.default_rng(seed).random((levels, levels))
    return np.where(np.triu(np.ones_like(costs), 1) > 0, costs, np.inf)


def weighed(costs: Costs, path: list[int], coeff: float) -> float:
    """A path's cost, forwards: each step counts ``coeff`` times as much as the one before."""
    return float(sum(coeff**k * costs[step] for k, step in enumerate(pairwise(path))))


@pytest.mark.parametrize("coeff", [0.8, 1.0, 1.2, 1.5])
@pytest.mark.parametrize("steps", range(1, 9))
def test_the_cheapest_path_is_the_best_of_all(steps: int, coeff: float) -> None:
    costs = random_costs(9, seed=steps)
    every = [[0, *between, 8] for between in combinations(range(1, 8), steps - 1)]
    assert cheapest_path(costs, steps, coeff) == min(every, key=lambda path: weighed(costs, path, coeff))


@pytest.mark.parametrize("steps", [0, 9])
def test_paths_that_the_levels_do_not_have_are_refused(steps: int) -> None:
    with pytest.raises(ValueError, match=f"9 noise levels have paths of 1 to 8 steps, not of {steps}"):
        cheapest_path(random_costs(9, seed=0), steps, 1.2)


def gaussian(x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
    """Denoised, for data ~ N(0, STD^2)."""
    return x * STD**2 / (STD**2 + sigma**2)


def test_costs_are_how_far_a_step_misses_eulers_trajectory() -> None:
    """On Gaussian data each step only scales x, so that its root mean square tells all."""
    sigmas = torch.tensor([8.0, 4.0, 2.0, 0.0])
    x = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(0)) * 8
    taken = trajectory(gaussian, x, sigmas)
    costs = truncation_costs(taken, sigmas)

    def scaled(begin: float, end: float) -> float:
        return 1 + (end - begin) * begin / (STD**2 + begin**2)

    size = x.square().mean((1, 2, 3)).sqrt().mean().item()
    along = size * scaled(8, 4) * scaled(4, 2)
    torch.testing.assert_close(taken.x[2], x * scaled(8, 4) * scaled(4, 2))
    assert costs[0, 2] == pytest.approx(abs(size * scaled(8, 2) - along), rel=1e-4)
    assert costs[1, 3] == pytest.approx(abs(size * scaled(8, 4) * scaled(4, 0) - along * scaled(2, 0)), rel=1e-4)
    assert [costs[k, k + 1] for k in range(3)] == pytest.approx([0, 0, 0], abs=1e-5)  # the trajectory's own steps
    assert np.isinf(costs[np.tril_indices(4)]).all()


@pytest.mark.parametrize("coeff", COEFFS)
def test_schedules_fall_from_the_top_to_zero(coeff: float) -> None:
    for steps in (*range(2, 31), 100, 1000):
        sigmas = gits(coeff, steps)
        assert sigmas.shape == (steps + 1,)
        assert sigmas.dtype == torch.float32
        assert sigmas[0] == Prediction.eps().sigma_max
        assert sigmas[-1] == 0
        assert (sigmas.diff() < 0).all()


def test_a_higher_coeff_has_more_steps_of_little_noise() -> None:
    middles = [gits(coeff, 10)[5].item() for coeff in COEFFS]
    assert middles == sorted(middles, reverse=True)
    assert middles[0] > 4 > 0.5 > middles[-1]


def test_above_the_most_steps_of_the_search_levels_lie_between() -> None:
    few, twice = gits(1.2, MOST_STEPS), gits(1.2, 2 * MOST_STEPS)
    torch.testing.assert_close(twice[:-1:2], few[:-1])
    torch.testing.assert_close(twice[1], (few[0] * few[1]).sqrt())
    assert twice[-2].item() == pytest.approx(math.sqrt(few[-2].item() * Prediction.eps().sigma_min), rel=1e-5)


def test_less_to_denoise_is_the_end_of_the_schedule() -> None:
    assert torch.equal(schedules.gits(1.2, 10, 0.3), gits(1.2, 10)[-4:])
    assert torch.equal(schedules.gits(), gits(1.2, 10))
    assert len(schedules.gits(1.2, 33, 0.5)) == 17  # round(16.5) = 16 steps
    assert schedules.gits(1.2, 10, 0.0).shape == (0,)


def test_the_table_spans_stable_diffusions_levels() -> None:
    table, prediction = bundled(), Prediction.eps()
    assert [table.sigmas[0], table.sigmas[-1]] == [prediction.sigma_max, prediction.sigma_min]
    assert table.costs.shape == (STEPS + 1, STEPS + 1)
    assert np.isfinite(table.costs[np.triu_indices(STEPS + 1, 1)]).all()
    stored = json.loads(files("nodes.diffusion").joinpath("gits.json").read_text())
    assert [len(row) for row in stored["costs"]] == list(range(STEPS, 0, -1))


@pytest.mark.slow
def test_the_table_is_what_the_bundled_model_gives() -> None:
    """Within what other processors' roundings grow to along guided steps."""
    ours, again = bundled(), measured()
    torch.testing.assert_close(ours.sigmas, again.sigmas)
    assert np.allclose(ours.costs, again.costs, rtol=1e-2, atol=1e-3)
