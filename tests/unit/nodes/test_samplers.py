"""Every sampler on Gaussian data, where the probability flow has a closed form, and stopped and resumed."""

import io
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor

from nodes.diffusion.samplers import SAMPLERS, Sampler, State
from nodes.diffusion.sampling import StepReport, states
from nodes.diffusion.sigmas import ending_in_zero, karras_ramp

STD = 0.5
SIGMA_MAX = 14.6
# fmt: off
IN_ORDER = [
    "euler", "euler_cfg_pp", "euler_ancestral", "euler_ancestral_cfg_pp", "heun", "heunpp2", "dpm_2",
    "dpm_2_ancestral", "lms", "dpm_fast", "dpm_adaptive", "dpmpp_2s_ancestral", "dpmpp_2s_ancestral_cfg_pp",
    "dpmpp_sde", "dpmpp_sde_gpu", "dpmpp_2m", "dpmpp_2m_cfg_pp", "dpmpp_2m_sde", "dpmpp_2m_sde_gpu",
    "dpmpp_2m_sde_heun", "dpmpp_2m_sde_heun_gpu", "dpmpp_3m_sde", "dpmpp_3m_sde_gpu", "ddpm", "lcm", "ipndm",
    "ipndm_v", "deis", "res_multistep", "res_multistep_cfg_pp", "res_multistep_ancestral",
    "res_multistep_ancestral_cfg_pp", "gradient_estimation", "gradient_estimation_cfg_pp", "er_sde", "seeds_2",
    "seeds_3", "sa_solver", "sa_solver_pece", "ddim", "uni_pc", "uni_pc_bh2",
]
# fmt: on
ODE = ["euler", "euler_cfg_pp", "heun", "heunpp2", "dpm_2", "lms", "dpmpp_2m", "ipndm", "gradient_estimation", "ddim"]


def denoiser(*, consistent: bool) -> Callable[..., Tensor]:
    """For data ~ N(0, STD^2): the posterior mean, or (for consistency samplers) the end of the probability flow."""

    def denoise(x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
        variance = STD**2 + sigma**2
        denoised = x * (STD / variance.sqrt() if consistent else STD**2 / variance)
        return torch.stack((denoised, denoised)) if uncond else denoised

    return denoise


def sampled(name: str, x: Tensor, sigmas: Tensor, seed: int = 1) -> Tensor:
    sampler = SAMPLERS[name]
    run = states(sampler, State(x), sigmas, denoiser(consistent=name == "lcm"), sampler.noise(x, sigmas, seed))
    *_, (state, _) = run
    return state.x


def start(batch: int = 64) -> Tensor:
    return torch.randn(batch, 4, 8, 8, generator=torch.Generator().manual_seed(0)) * (SIGMA_MAX**2 + STD**2) ** 0.5


def schedule(steps: int) -> Tensor:
    return ending_in_zero(karras_ramp(steps, 0.03, SIGMA_MAX))


def test_samplers_are_listed_in_comfyuis_order() -> None:
    assert list(SAMPLERS) == [name for name in IN_ORDER if name in SAMPLERS]


@pytest.mark.parametrize("name", SAMPLERS)
def test_sampler_converges_on_gaussian_data(name: str) -> None:
    """For data ~ N(0, s^2) the ODE has a closed form: x scales with sqrt(s^2 + sigma^2)."""
    out = sampled(name, start(), schedule(100))
    assert out.std().item() == pytest.approx(STD, rel=0.05)  # first-order samplers, 100 steps
    assert out.mean().item() == pytest.approx(0, abs=0.02)  # 16384 draws: 0.004 standard error


@pytest.mark.parametrize("name", ODE)
def test_ode_samplers_end_where_the_flow_leads_each_latent(name: str) -> None:
    """Not only the right spread: each latent arrives at its own place."""
    x = start(1)
    exact = x * STD / (SIGMA_MAX**2 + STD**2) ** 0.5
    torch.testing.assert_close(sampled(name, x, schedule(100)), exact, atol=0, rtol=0.06)


@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("heun", 2), ("dpm_2", 2), ("dpmpp_2m", 2), ("lms", 3)])
def test_halving_the_steps_divides_the_error_by_the_order(name: str, order: int) -> None:
    """Down to sigma 1 and without the last step to 0, which is first order in all of them.

    The observed order may fall a quarter short, for the schedules are coarse.
    """
    x, exact = start(1).double(), (1 + STD**2) ** 0.5 / (SIGMA_MAX**2 + STD**2) ** 0.5

    def error(steps: int) -> float:
        sigmas = karras_ramp(steps + 1, 1.0, SIGMA_MAX).double()
        return float((sampled(name, x, sigmas) / x - exact).abs().max())

    assert error(40) / error(80) > 2 ** (0.75 * order)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_seed_decides_everything(name: str) -> None:
    x, sigmas = start(2), schedule(6)
    assert torch.equal(sampled(name, x, sigmas), sampled(name, x, sigmas))
    stochastic = "sde" in name or "ancestral" in name or name in ("ddpm", "lcm")
    assert torch.equal(sampled(name, x, sigmas), sampled(name, x, sigmas, seed=2)) is not stochastic


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_stored_run_goes_on_with_the_same_bytes(name: str) -> None:
    x, sigmas, sampler = start(2), schedule(6), SAMPLERS[name]
    denoise = denoiser(consistent=False)
    noise = sampler.noise(x, sigmas, 1)
    run = states(sampler, State(x), sigmas, denoise, noise)
    file = io.BytesIO()
    for state, _ in run:
        if state.i == 3:
            torch.save({"x": state.x, "i": state.i, "past": state.past, "noise": noise.state()}, file)
    file.seek(0)
    stored = torch.load(file, weights_only=True)
    noise = sampler.noise(stored["x"], sigmas, 1)
    noise.restore(stored["noise"])
    *_, (resumed, _) = states(sampler, State(stored["x"], stored["i"], stored["past"]), sigmas, denoise, noise)
    assert torch.equal(resumed.x, state.x)


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_step_is_reported_once_with_what_it_saw(name: str) -> None:
    x, sigmas, sampler = start(1), schedule(4), SAMPLERS[name]
    run = states(sampler, State(x), sigmas, denoiser(consistent=False), sampler.noise(x, sigmas, 1))
    reports: list[StepReport] = [report for _, report in run]
    assert [(report.step, report.total) for report in reports] == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert torch.equal(reports[0].x, x)
    assert all(report.denoised.shape == x.shape for report in reports)


@pytest.mark.parametrize(
    ("stochastic", "parent"),
    [
        ("euler_ancestral", "euler"),
        ("euler_ancestral_cfg_pp", "euler_cfg_pp"),
        ("dpm_2_ancestral", "dpm_2"),
        ("dpmpp_2m_sde", "dpmpp_2m"),
    ],
)
def test_without_noise_a_stochastic_sampler_is_its_parent(stochastic: str, parent: str) -> None:
    x, sigmas, sampler = start(1).double(), schedule(10).double(), SAMPLERS[stochastic]
    quiet = replace(sampler, step=partial(sampler.step, eta=0.0))
    *_, (state, _) = states(quiet, State(x), sigmas, denoiser(consistent=False), sampler.noise(x, sigmas, 0))
    torch.testing.assert_close(state.x, sampled(parent, x, sigmas))


def test_cfg_pp_goes_back_along_the_unconditional_noise() -> None:
    """x = D + sigma_next (x - D_u) / sigma, by hand: 1 + 1 * (8 - 2) / 2."""
    sigmas = torch.tensor([2.0, 1.0])

    def denoise(x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
        assert uncond
        return torch.stack((torch.full_like(x, 1.0), torch.full_like(x, 2.0)))

    sampler: Sampler = SAMPLERS["euler_cfg_pp"]
    x = torch.full((1, 4, 2, 2), 8.0)
    ((state, _),) = states(sampler, State(x), sigmas, denoise, sampler.noise(x, sigmas, 0))
    assert torch.equal(state.x, torch.full_like(x, 4.0))


def test_only_the_midpoint_samplers_leave_out_the_penultimate_sigma() -> None:
    assert [name for name, sampler in SAMPLERS.items() if sampler.discard_penultimate] == ["dpm_2", "dpm_2_ancestral"]


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_schedule_may_end_with_noise_left_over(name: str) -> None:
    """As KSamplerAdvanced's ``return_with_leftover_noise`` has it: down to sigma 1, the spread is sqrt(1 + s^2)."""
    out = sampled(name, start(), karras_ramp(30, 1.0, SIGMA_MAX))
    assert out.std().item() == pytest.approx((1 + STD**2) ** 0.5, rel=0.1)  # first-order samplers, 29 steps
