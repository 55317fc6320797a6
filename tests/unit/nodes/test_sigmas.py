"""Schedules against closed forms and numbers worked out by hand."""

import math

import pytest
import torch

from nodes.diffusion.prediction import Prediction
from nodes.diffusion.sigmas import SCHEDULES, between_steps, denoising_sigmas, walkable

PREDICTION = Prediction.eps()
TABLE = PREDICTION.sigmas
IN_ORDER = ["simple", "sgm_uniform", "karras", "exponential", "ddim_uniform", "beta", "normal"]
IN_ORDER += ["linear_quadratic", "kl_optimal"]


def test_the_table_is_stable_diffusions() -> None:
    assert PREDICTION.sigma_min == pytest.approx(0.0291675, abs=1e-6)
    assert PREDICTION.sigma_max == pytest.approx(14.614642, abs=1e-5)
    assert Prediction.v(zero_terminal_snr=True).sigma_max == pytest.approx(4518.8, rel=1e-4)


def test_sigma_and_timestep_are_inverse_on_the_table() -> None:
    timesteps = torch.arange(1000.0)
    assert torch.equal(PREDICTION.timestep(TABLE), timesteps)
    torch.testing.assert_close(PREDICTION.sigma(timesteps), TABLE)


def test_between_timesteps_sigma_is_geometric() -> None:
    middle = PREDICTION.sigma(torch.tensor(500.5))
    assert middle.item() == pytest.approx(math.sqrt(TABLE[500].item() * TABLE[501].item()), rel=1e-6)


def test_percent_runs_from_above_every_sigma_to_zero() -> None:
    assert PREDICTION.percent_to_sigma(0) == 999999999.9
    assert PREDICTION.percent_to_sigma(1) == 0
    assert PREDICTION.percent_to_sigma(0.5) == pytest.approx(PREDICTION.sigma(torch.tensor(499.5)).item())


def test_eps_and_x0_lead_back_to_the_clean_latent() -> None:
    x0, eps, sigma = torch.randn(2, 4, 3, 3), torch.randn(2, 4, 3, 3), torch.tensor([0.5, 7.0])
    x = x0 + sigma.view(2, 1, 1, 1) * eps
    torch.testing.assert_close(Prediction.eps().denoised(x, sigma, eps), x0, atol=1e-5, rtol=1e-5)
    assert torch.equal(Prediction.x0().denoised(x, sigma, x0), x0)


def test_v_leads_back_to_the_clean_latent() -> None:
    """v = alpha eps - s x0 with alpha = 1/sqrt(1 + sigma^2) and s = sigma alpha."""
    x0, eps, sigma = torch.randn(1, 4, 3, 3), torch.randn(1, 4, 3, 3), torch.tensor(2.0)
    alpha = 1 / (1 + sigma**2).sqrt()
    denoised = Prediction.v().denoised(x0 + sigma * eps, sigma, alpha * eps - sigma * alpha * x0)
    torch.testing.assert_close(denoised, x0, atol=1e-5, rtol=1e-5)


def test_schedules_are_listed_in_comfyuis_order() -> None:
    assert list(SCHEDULES) == IN_ORDER


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 20, 50])
def test_schedules_fall_to_zero(name: str, steps: int) -> None:
    sigmas = SCHEDULES[name](PREDICTION, steps)
    assert sigmas.dtype == torch.float32
    assert sigmas[-1] == 0
    assert (sigmas.diff() < 0).all()
    # 7 and 3 do not divide 1000; the Beta quantiles of 50 steps are far enough apart to all differ
    expected = {"ddim_uniform": -(-999 // (1000 // steps))}.get(name, steps)
    assert len(sigmas) == expected + 1


def test_simple_takes_even_strides() -> None:
    assert torch.equal(
        SCHEDULES["simple"](PREDICTION, 4), torch.stack((*TABLE[[999, 749, 499, 249]], TABLE.new_tensor(0)))
    )


def test_ddim_uniform_starts_at_the_second_sigma() -> None:
    assert torch.equal(SCHEDULES["ddim_uniform"](PREDICTION, 4)[:-1], TABLE[[751, 501, 251, 1]])


def test_karras_is_even_in_the_seventh_root() -> None:
    roots = SCHEDULES["karras"](PREDICTION, 5)[:-1] ** (1 / 7)
    assert torch.allclose(roots.diff(), roots.diff()[0].expand(4), rtol=1e-4)
    assert roots[0].item() ** 7 == pytest.approx(PREDICTION.sigma_max, rel=1e-5)


def test_exponential_is_geometric() -> None:
    sigmas = SCHEDULES["exponential"](PREDICTION, 3)
    assert sigmas[1].item() == pytest.approx(math.sqrt(PREDICTION.sigma_min * PREDICTION.sigma_max), rel=1e-5)


def test_normal_and_sgm_uniform_differ_in_where_they_end() -> None:
    assert SCHEDULES["normal"](PREDICTION, 4)[-2].item() == pytest.approx(PREDICTION.sigma_min)
    torch.testing.assert_close(SCHEDULES["sgm_uniform"](PREDICTION, 3)[:-1], SCHEDULES["normal"](PREDICTION, 4)[:3])


def test_beta_is_symmetric_in_timesteps() -> None:
    """A symmetric Beta has its median at 1/2, so two steps start at 999 and round-half-even(499.5) = 500."""
    assert torch.equal(SCHEDULES["beta"](PREDICTION, 2)[:-1], TABLE[[999, 500]])


def test_linear_quadratic_of_four_steps() -> None:
    """m = q = 2, d = 1.9: a = 0.2375, b = -0.9375, c = 0.95; so s = 0, 0.0125, 0.025, 0.275, 1."""
    sigmas = SCHEDULES["linear_quadratic"](PREDICTION, 4) / PREDICTION.sigma_max
    torch.testing.assert_close(1 - sigmas, torch.tensor([0, 0.0125, 0.025, 0.275, 1]), atol=1e-6, rtol=0)


def test_kl_optimal_is_even_in_the_arc_tangent() -> None:
    angles = SCHEDULES["kl_optimal"](PREDICTION, 5)[:-1].atan()
    assert torch.allclose(angles.diff(), angles.diff()[0].expand(4), atol=1e-5)


def test_denoise_fraction_keeps_the_end_of_a_longer_schedule() -> None:
    half = denoising_sigmas(PREDICTION, "karras", 10, denoise_fraction=0.5)
    assert torch.equal(half, SCHEDULES["karras"](PREDICTION, 20)[-11:])
    assert torch.equal(denoising_sigmas(PREDICTION, "karras", 10), SCHEDULES["karras"](PREDICTION, 10))
    assert len(denoising_sigmas(PREDICTION, "karras", 10, denoise_fraction=0.0)) == 0
    long = SCHEDULES["ddim_uniform"](PREDICTION, 30)  # of 31 steps, for 30 do not divide 1000
    assert torch.equal(denoising_sigmas(PREDICTION, "ddim_uniform", 30), long)
    assert torch.equal(denoising_sigmas(PREDICTION, "ddim_uniform", 30, denoise_fraction=0.99), long[1:])


def test_the_penultimate_sigma_is_left_out_of_a_longer_schedule() -> None:
    sigmas, longer = (
        denoising_sigmas(PREDICTION, "normal", 5, discard_penultimate=True),
        SCHEDULES["normal"](PREDICTION, 6),
    )
    assert torch.equal(sigmas[:-1], longer[:5])
    assert sigmas[-1] == 0


def test_steps_are_cut_out_and_the_end_is_made_zero() -> None:
    sigmas = torch.tensor([8.0, 4.0, 2.0, 1.0, 0.0])
    assert between_steps(sigmas, 1, 3).tolist() == [4.0, 2.0, 0.0]
    assert between_steps(sigmas, 1, 3, leftover_noise=True).tolist() == [4.0, 2.0, 1.0]
    assert between_steps(sigmas, 0, 10_000).tolist() == sigmas.tolist()
    assert between_steps(sigmas, 4, 10_000).tolist() == []
    assert sigmas[3] == 1.0  # what it was given is left alone


@pytest.mark.parametrize(
    ("sigmas", "walked"), [([], []), ([0.0], [0.0]), ([3.0, 1.0], [3.0, 1.0]), ([1.0, 0.0, 0.0, 0.0], [1.0, 0.0])]
)
def test_a_schedule_ends_at_its_first_zero(sigmas: list[float], walked: list[float]) -> None:
    assert walkable(torch.tensor(sigmas)).tolist() == walked


@pytest.mark.parametrize(
    ("sigmas", "why"),
    [([0.0, 1.0], "rise from 0"), ([2.0, 0.0, 1.0, 0.0], "rise from 0"), ([1.0, -1.0], "negative")],
)
def test_no_sampler_starts_without_noise_or_below(sigmas: list[float], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        walkable(torch.tensor(sigmas))


def test_an_unknown_scheduler_is_named() -> None:
    with pytest.raises(ValueError, match="unknown scheduler 'karass'"):
        denoising_sigmas(PREDICTION, "karass", 5)
