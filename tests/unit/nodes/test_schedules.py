"""Schedules that are made and changed by nodes: closed forms, tables and edges."""

import math
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes import custom_samplers, schedules
from nodes.diffusion.levels import DiscreteLevels
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.ramps import karras_ramp, laplace_ramp, polyexponential_ramp, vp_ramp
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.sigmas import SCHEDULES
from nodes.diffusion.timetables import ALIGNED, align_your_steps, sd_turbo

PREDICTION = Prediction.eps()
TABLE = PREDICTION.sigmas
SIGMAS = torch.tensor([16.0, 8.0, 4.0, 2.0, 0.0])


@dataclass(frozen=True)
class FakeModel:
    prediction: Prediction


MODEL: Any = FakeModel(PREDICTION)


def numbers(sigmas: Tensor) -> list[float]:
    values: list[float] = sigmas.tolist()
    return values


def test_a_karras_node_with_the_models_ends_is_the_models_schedule() -> None:
    ours = schedules.karras(20, PREDICTION.sigma_max, PREDICTION.sigma_min)
    assert torch.equal(ours, SCHEDULES["karras"](PREDICTION, 20))
    assert torch.equal(schedules.basic(MODEL, "karras", 20), ours)


def test_a_polyexponential_schedule_of_power_1_is_exponential() -> None:
    assert torch.equal(schedules.polyexponential(7, 8.0, 0.5, 1.0), schedules.exponential(7, 8.0, 0.5))
    torch.testing.assert_close(schedules.exponential(5, 8.0, 0.5), torch.tensor([8, 4, 2, 1, 0.5, 0]))
    middle = polyexponential_ramp(3, 0.5, 8.0, rho=2.0)[1].item()
    assert math.log(middle) == pytest.approx(math.log(0.5) + 0.25 * math.log(16), abs=1e-6)


@pytest.mark.parametrize("make", [karras_ramp, polyexponential_ramp, laplace_ramp])
def test_one_step_begins_at_the_top(make: Any) -> None:
    assert make(1, 0.5, 8.0).tolist() == pytest.approx([8.0])


@pytest.mark.parametrize("ends", [(0.0, 8.0), (0.5, 0.0)])
def test_the_logarithm_of_nothing_is_refused(ends: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="sigma_min and sigma_max must be above 0"):
        schedules.exponential(5, ends[1], ends[0])


def test_a_zeroth_root_is_refused() -> None:
    with pytest.raises(ValueError, match="rho must be above 0"):
        schedules.karras(5, rho=0.0)


def test_the_vp_schedule_is_its_diffusions() -> None:
    """sigma^2 + 1 = exp(19.9 t^2 / 2 + 0.1 t) at t = 1, 0.5005 and 0.001."""
    expected = [math.sqrt(math.expm1(19.9 * t**2 / 2 + 0.1 * t)) for t in (1, 0.5005, 0.001)]
    assert numbers(schedules.variance_preserving(3)) == pytest.approx([*expected, 0], rel=1e-6)
    with pytest.raises(ValueError, match="beta_d 5000"):
        vp_ramp(3, beta_d=5000.0)


def test_the_laplace_schedule_has_laplaces_quantiles_and_no_zero() -> None:
    """A quarter of a Laplace distribution of scale b lies above mu + b ln 2."""
    sigmas = numbers(schedules.laplace(5, 100.0, 0.001, 0.5, 0.3))
    quantiles = [math.exp(0.5 + 0.3 * sign * math.log(2)) for sign in (1, -1)]
    assert [sigmas[1], sigmas[3]] == pytest.approx(quantiles, rel=1e-4)
    assert sigmas[2] == pytest.approx(math.exp(0.5), rel=1e-4)
    assert min(sigmas) > 0
    assert numbers(schedules.laplace(5, 2.0, 1.0)) == [2.0, pytest.approx(math.sqrt(2), rel=1e-4), 1.0, 1.0, 1.0]


def test_sd_turbo_takes_its_timesteps() -> None:
    torch.testing.assert_close(sd_turbo(PREDICTION, 1), torch.stack((TABLE[999], torch.tensor(0.0))))
    torch.testing.assert_close(sd_turbo(PREDICTION, 3, 0.5)[:-1], TABLE[[499, 399, 299]])
    torch.testing.assert_close(sd_turbo(PREDICTION, 10, 0.2)[:-1], TABLE[[199, 99]])
    assert numbers(sd_turbo(PREDICTION, 4, 0.0)) == [0.0]


def test_align_your_steps_is_its_table() -> None:
    sigmas = numbers(align_your_steps("SD1", 10))
    assert sigmas[:-1] == pytest.approx(ALIGNED["SD1"][:-1])
    assert sigmas[-1] == 0
    assert numbers(align_your_steps("SDXL", 10, 0.3)) == pytest.approx([*ALIGNED["SDXL"][-4:-1], 0])
    assert len(align_your_steps("SD1", 10, 0.0)) == 0


def test_between_its_table_align_your_steps_is_geometric() -> None:
    sigmas, table = numbers(align_your_steps("SVD", 20)), ALIGNED["SVD"]
    assert sigmas[:-1:2] == pytest.approx(table[:-1])
    assert sigmas[1] == pytest.approx(math.sqrt(700 * 54.5))
    assert len(align_your_steps("SD1", 33, 0.5)) == 17  # round(16.5) = 16 steps


def test_a_schedule_is_split_at_a_step() -> None:
    assert [numbers(part) for part in schedules.split(SIGMAS, 1)] == [[16, 8], [8, 4, 2, 0]]
    assert [numbers(part) for part in schedules.split(SIGMAS, 0)] == [[16], [16, 8, 4, 2, 0]]
    assert [numbers(part) for part in schedules.split(SIGMAS, 9)] == [[16, 8, 4, 2, 0], []]


@pytest.mark.parametrize(("denoise", "low"), [(1.0, 4), (0.5, 2), (0.3, 1), (0.0, 0)])
def test_a_schedule_is_split_by_how_much_to_denoise(denoise: float, low: int) -> None:
    first, second = schedules.split_denoise(SIGMAS, denoise)
    assert numbers(second) == numbers(SIGMAS[4 - low :])
    assert numbers(first) == numbers(SIGMAS[: 5 - low])


def test_a_flipped_schedule_begins_a_little_above_zero() -> None:
    assert numbers(schedules.flip(SIGMAS)) == pytest.approx([0.0001, 2, 4, 8, 16])
    assert numbers(schedules.flip(SIGMAS[:-1])) == [2, 4, 8, 16]
    assert numbers(schedules.flip(torch.empty(0))) == []
    assert SIGMAS[-1] == 0  # what it was given is left alone


def test_the_first_sigma_is_replaced() -> None:
    assert numbers(schedules.set_first(SIGMAS, 99.0)) == [99, 8, 4, 2, 0]
    assert numbers(schedules.set_first(torch.empty(0), 99.0)) == []


@pytest.mark.parametrize(
    ("spacing", "shares"),
    [
        ("linear", (1 / 3, 2 / 3)),
        ("cosine", (math.sin(math.pi / 6), math.sin(math.pi / 3))),
        ("sine", (1 - math.cos(math.pi / 6), 1 - math.cos(math.pi / 3))),
    ],
)
def test_steps_are_put_between_two_noise_levels(spacing: Any, shares: tuple[float, ...]) -> None:
    """Into each step that begins within them; -1 is above all."""
    within = schedules.extend(SIGMAS, 3, 10.0, 4.0, spacing)
    first, second = ([8 - 4 * share for share in shares], [4 - 2 * share for share in shares])
    assert numbers(within) == pytest.approx([16, 8, *first, 4, *second, 2, 0])
    assert numbers(schedules.extend(SIGMAS, 3, -1.0, 12.0, spacing))[:4] == pytest.approx(
        [16, *[16 - 8 * share for share in shares], 8]
    )
    assert numbers(schedules.extend(SIGMAS, 1)) == numbers(SIGMAS)


def test_percents_are_noise_levels() -> None:
    assert schedules.percent_to_sigma(MODEL, 0.0) == (999999999.9,)
    assert schedules.percent_to_sigma(MODEL, 1.0) == (0.0,)
    assert schedules.percent_to_sigma(MODEL, 0.0, True) == (PREDICTION.sigma_max,)
    assert schedules.percent_to_sigma(MODEL, 1.0, True) == (PREDICTION.sigma_min,)
    assert schedules.percent_to_sigma(MODEL, 0.5, True) == schedules.percent_to_sigma(MODEL, 0.5)


def test_the_basic_schedule_leaves_nothing_out() -> None:
    half = schedules.basic(MODEL, "normal", 7, 0.5)
    assert torch.equal(half, SCHEDULES["normal"](PREDICTION, 14)[-8:])
    assert len(schedules.basic(MODEL, "normal", 7, 0.0)) == 0


def test_a_beta_schedule_takes_any_shape_but_none() -> None:
    assert torch.equal(schedules.beta_sampling(MODEL, 20), SCHEDULES["beta"](PREDICTION, 20))
    even = schedules.beta_sampling(MODEL, 4, 1.0, 1.0)  # even quantiles: 999, 749.25, 499.5, 249.75
    assert torch.equal(even[:-1], TABLE[[999, 749, 500, 250]])
    with pytest.raises(ValueError, match="alpha and beta are above 0"):
        schedules.beta_sampling(MODEL, 4, 0.0, 1.0)


def test_beta_counts_what_rounds_to_the_same_timestep_once() -> None:
    sigmas = SCHEDULES["beta"](PREDICTION, 900)
    assert 2 < len(sigmas) < 901
    assert (sigmas.diff() < 0).all()


def test_a_table_that_begins_at_zero_needs_no_further_one() -> None:
    table = torch.cat((torch.tensor([1e-7, 2e-7]), TABLE[2:]))
    model = Prediction("eps", DiscreteLevels(table))
    for name in ("normal", "ddim_uniform"):
        sigmas = SCHEDULES[name](model, 9)
        assert len(sigmas) == 10
        assert 0 < sigmas[-1] < 1e-6
        assert (sigmas.diff() < 0).all()


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_of_zero_terminal_snr_begin_at_its_top(name: str) -> None:
    model = Prediction.v(zero_terminal_snr=True)
    sigmas = SCHEDULES[name](model, 20)
    assert sigmas.isfinite().all()
    assert (sigmas.diff() < 0).all()
    top = model.sigmas[951].item() if name == "ddim_uniform" else model.sigma_max
    assert sigmas[0].item() == pytest.approx(top, rel=1e-5)


def test_a_sampler_node_sets_what_it_says() -> None:
    assert custom_samplers.select("dpmpp_2m") is SAMPLERS["dpmpp_2m"]
    assert custom_samplers.euler_ancestral(0.5, 0.9).described == "euler_ancestral eta=0.5 s_noise=0.9 GaussianNoise"
    assert custom_samplers.lms(2).described == "lms order=2 GaussianNoise"
    described = custom_samplers.dpmpp_2m_sde("heun", 1.0, 1.0, "cpu").described
    assert described == "dpmpp_2m_sde eta=1.0 s_noise=1.0 solver_type='heun' BrownianNoise"
    assert custom_samplers.dpmpp_3m_sde().described.endswith("DeviceBrownianNoise")
    assert "solver_type='ODE'" in custom_samplers.er_sde("ODE").described
    assert custom_samplers.euler_cfg_pp("alternative").described == "euler_cfg_pp_alternative GaussianNoise"
    with pytest.raises(ValueError, match="r must be above 0"):
        custom_samplers.dpmpp_sde(r=0.0)


def test_sa_solvers_percents_stay_the_nodes() -> None:
    sampler = custom_samplers.stochastic_adams(MODEL, sde_start_percent=0.4, sde_end_percent=0.6)
    assert f"sde_below={PREDICTION.percent_to_sigma(0.4)!r}" in sampler.described
    assert sampler.settled(PREDICTION) is sampler


@pytest.mark.parametrize("node", ["euler_ancestral", "lms", "dpmpp_sde", "dpmpp_2s_ancestral", "dpm_adaptive"])
def test_a_sampler_node_as_it_comes_is_the_sampler_of_that_name(node: str) -> None:
    """To the same latents, with noise from the CPU."""
    from tests.unit.nodes.test_samplers import run_of, schedule, start

    device = {"noise_device": "cpu"} if node == "dpmpp_sde" else {}
    made = getattr(custom_samplers, node)(**device)
    outcomes = [run_of(sampler, start(1), schedule(5))[-1][0].x for sampler in (made, SAMPLERS[node])]
    assert torch.equal(*outcomes)
