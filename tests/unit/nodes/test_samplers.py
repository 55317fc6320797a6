"""Every sampler on Gaussian data, where the probability flow has a closed form, and stopped and resumed."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.diffusion.noise import BrownianNoise, GaussianNoise
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.ramps import ending_in_zero, karras_ramp
from nodes.diffusion.samplers import SAMPLERS, Sampler, State
from nodes.diffusion.samplers.lms import uneven_weights
from nodes.diffusion.sampling import StepReport, states

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
    "seeds_3", "exp_heun_2_x0", "exp_heun_2_x0_sde", "sa_solver", "sa_solver_pece", "ddim", "uni_pc", "uni_pc_bh2",
]
# fmt: on
DISTINCT = [name for name in SAMPLERS if not name.endswith("_gpu")]  # whose noise is drawn elsewhere, and nothing else
STOCHASTIC = {name for name in DISTINCT if "sde" in name or "ancestral" in name or "seeds" in name or "sa_" in name}
STOCHASTIC |= {"ddpm", "lcm"}
ODE = [name for name in DISTINCT if name not in STOCHASTIC]
OWN_STEPS = {"dpm_fast", "dpm_adaptive"}  # of the schedule, only the ends matter to them


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


def run_of(sampler: Sampler, x: Tensor, sigmas: Tensor) -> list[tuple[State, StepReport]]:
    return list(states(sampler, State(x), sigmas, denoiser(consistent=False), sampler.noise(x, sigmas, 0)))


def test_samplers_are_listed_in_comfyuis_order() -> None:
    assert list(SAMPLERS) == IN_ORDER


@pytest.mark.parametrize("name", [name for name in DISTINCT if SAMPLERS[name].noise is BrownianNoise])
def test_samplers_on_a_brownian_path_end_in_the_datas_distribution(name: str) -> None:
    out = sampled(name, start(16), schedule(30))
    assert out.std().item() == pytest.approx(STD, rel=0.05)  # of second order, 30 steps
    assert out.mean().item() == pytest.approx(0, abs=0.02)  # 4096 draws: 0.008 standard error


def test_lcm_ends_in_the_datas_distribution() -> None:
    out = sampled("lcm", start(), schedule(10))
    assert out.std().item() == pytest.approx(STD, rel=0.02)  # 16384 draws: 0.6 % standard error
    assert out.mean().item() == pytest.approx(0, abs=0.016)


def test_where_the_device_is_the_cpu_noise_of_the_device_is_the_cpus() -> None:
    x, sigmas = start(1), schedule(3)
    for name in SAMPLERS.keys() - DISTINCT:
        assert torch.equal(sampled(name, x, sigmas), sampled(name.removesuffix("_gpu"), x, sigmas))


@pytest.mark.parametrize("name", ODE)
def test_ode_samplers_end_where_the_flow_leads_each_latent(name: str) -> None:
    """For data ~ N(0, s^2) it has a closed form: x scales with sqrt(s^2 + sigma^2)."""
    x = start(1)
    exact = x * STD / (SIGMA_MAX**2 + STD**2) ** 0.5
    torch.testing.assert_close(sampled(name, x, schedule(100)), exact, atol=0, rtol=0.06)


@pytest.mark.parametrize(
    ("name", "options", "order"),
    [
        ("euler", {}, 1),
        ("euler_cfg_pp", {}, 1),
        ("heun", {}, 2),
        ("heunpp2", {}, 1),  # its weights are even only at the top
        ("dpm_2", {}, 2),
        ("dpm_2_ancestral", {"eta": 0.0}, 2),
        ("dpm_fast", {}, 3),
        ("dpmpp_2s_ancestral", {"eta": 0.0}, 2),
        ("dpmpp_2s_ancestral_cfg_pp", {"eta": 0.0}, 2),
        ("dpmpp_sde", {"eta": 0.0}, 2),
        ("dpmpp_2m", {}, 2),
        ("dpmpp_2m_cfg_pp", {}, 2),
        ("dpmpp_2m_sde", {"eta": 0.0}, 2),
        ("dpmpp_2m_sde_heun", {"eta": 0.0}, 2),
        ("dpmpp_3m_sde", {"eta": 0.0}, 2),  # its second derivative weighs half of what the third order needs
        ("deis", {}, 3),
        ("res_multistep", {}, 2),
        ("res_multistep_cfg_pp", {}, 2),
        ("gradient_estimation", {}, 1),
        ("gradient_estimation_cfg_pp", {}, 1),
        ("er_sde", {"solver_type": "ODE", "max_stage": 1}, 1),
        ("er_sde", {"solver_type": "ODE"}, 2),  # its first derivative is a backward difference, of first order
        ("seeds_2", {"eta": 0.0}, 2),
        ("seeds_3", {"eta": 0.0}, 3),
        ("exp_heun_2_x0", {}, 2),
        ("exp_heun_2_x0_sde", {"eta": 0.0}, 2),
        ("sa_solver", {"eta": 0.0, "predictor_order": 2, "corrector_order": 0}, 2),
        ("sa_solver", {"eta": 0.0, "predictor_order": 2, "corrector_order": 3}, 3),
        ("sa_solver", {"eta": 0.0}, 4),
        ("sa_solver_pece", {"eta": 0.0}, 4),
        ("ddim", {}, 1),
        ("uni_pc", {}, 4),
        ("uni_pc_bh2", {}, 4),
    ],
)
def test_halving_the_steps_divides_the_error_by_the_order(name: str, options: dict[str, Any], order: int) -> None:
    """Down to sigma 1, with steps even in log sigma behind three tiny ones, so that what multistep methods do for want
    of a past does not count; nor do the last steps, whose order some lower.

    The observed order may fall a fifth short, for the steps are coarse.
    """
    sampler = replace(SAMPLERS[name].having(**options), noise=GaussianNoise)  # what there is of it counts for nothing

    def error(steps: int) -> float:
        h = math.log(SIGMA_MAX) / steps
        done = [0.1 * k * h**3 for k in range(3)] + [0.3 * h**3 + k * h for k in range(steps + 6)]
        stop = None if name == "dpm_fast" else len(done) - 6
        sigmas = SIGMA_MAX * torch.tensor(done, dtype=torch.float64).neg().exp()
        x = torch.ones(1, 4, 2, 2, dtype=torch.float64)
        for state, _ in states(sampler, State(x), sigmas, denoiser(consistent=False), sampler.noise(x, sigmas, 0)):
            if state.i == stop:
                break
        end = sigmas[state.i]
        return float((state.x / ((STD**2 + end**2) / (STD**2 + SIGMA_MAX**2)).sqrt() - 1).abs().max())

    assert error(42) / error(84) > 2 ** (0.8 * order)


@pytest.mark.parametrize(("name", "order"), [("lms", 4), ("ipndm", 4)])
def test_adams_bashforth_has_its_order_between_even_sigmas(name: str, order: int) -> None:
    """With what it remembers given."""

    def error(steps: int) -> float:
        h = (SIGMA_MAX - 4) / steps
        sigmas = SIGMA_MAX + 3 * h - h * torch.arange(steps + 4, dtype=torch.float64)
        exact = ((STD**2 + sigmas**2) / (STD**2 + sigmas[3] ** 2)).sqrt().reshape(-1, 1, 1, 1, 1)
        past = tuple(exact[k] * sigmas[k] / (STD**2 + sigmas[k] ** 2) for k in (2, 1, 0))
        begun, sampler = State(exact[3], 3, past), SAMPLERS[name]
        *_, (state, _) = states(sampler, begun, sigmas, denoiser(consistent=False), sampler.noise(exact[3], sigmas, 0))
        return float((state.x / exact[-1] - 1).abs())

    assert error(40) / error(80) > 2 ** (0.9 * order)


def test_the_weights_of_ipndm_v_are_the_published_ones() -> None:
    """Worked out by hand from diff-sampler's formulas: for even steps, and for each twice as long as the next."""
    assert uneven_weights(1.0) == [1.0]
    assert uneven_weights(1.0, 0.5) == pytest.approx([2, -1])
    assert uneven_weights(1.0, 1.0, 1.0) == pytest.approx([23 / 12, -16 / 12, 5 / 12])
    third = 11 / 24
    even = [23 / 12 + third, -16 / 12 - 3 * third, 5 / 12 + 3 * third, -third]
    assert uneven_weights(1.0, 1.0, 1.0, 1.0) == pytest.approx(even)
    second = (1 - 1 / 36) / 2
    assert uneven_weights(1.0, 2.0, 4.0) == pytest.approx([1.25 + second, -0.25 - 1.5 * second, 0.5 * second])
    assert sum(uneven_weights(1.0, 2.0, 4.0, 8.0)) == pytest.approx(1)


@pytest.mark.parametrize("name", sorted(STOCHASTIC - {"lcm"}))
def test_stochastic_samplers_end_in_the_datas_distribution(name: str) -> None:
    """The spread within 2 % (16384 draws: 0.6 % standard error), at 300 steps, for some are of first order.

    With independent noise, which is as good here as a Brownian path and sooner drawn.
    """
    sampler, x, sigmas = replace(SAMPLERS[name], noise=GaussianNoise), start(), schedule(300)
    out = run_of(sampler, x, sigmas)[-1][0].x
    assert out.std().item() == pytest.approx(STD, rel=0.02)
    assert out.mean().item() == pytest.approx(0, abs=0.016)
    assert (out / out.std()).pow(4).mean().item() == pytest.approx(3, abs=0.16)  # and it is Gaussian


@pytest.mark.parametrize("name", DISTINCT)
def test_a_seed_decides_everything(name: str) -> None:
    x, sigmas = start(2), schedule(6)
    assert torch.equal(sampled(name, x, sigmas), sampled(name, x, sigmas))
    assert torch.equal(sampled(name, x, sigmas), sampled(name, x, sigmas, seed=2)) is (name not in STOCHASTIC)


@pytest.mark.parametrize("name", [name for name in DISTINCT if name not in OWN_STEPS])
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
        ("res_multistep_ancestral", "res_multistep"),
        ("exp_heun_2_x0_sde", "exp_heun_2_x0"),
    ],
)
def test_without_noise_a_stochastic_sampler_is_its_parent(stochastic: str, parent: str) -> None:
    x, sigmas, sampler = start(1).double(), schedule(10).double(), SAMPLERS[stochastic]
    quiet = sampler.having(eta=0.0)
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


def test_only_some_samplers_leave_out_the_penultimate_sigma() -> None:
    left_out = [name for name, sampler in SAMPLERS.items() if sampler.discard_penultimate]
    assert left_out == ["dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2"]


@pytest.mark.parametrize("name", DISTINCT)
def test_a_schedule_may_end_with_noise_left_over(name: str) -> None:
    """As KSamplerAdvanced's ``return_with_leftover_noise`` has it: down to sigma 1, the spread is sqrt(1 + s^2)."""
    out = sampled(name, start(16), karras_ramp(30, 1.0, SIGMA_MAX))
    assert out.std().item() == pytest.approx((1 + STD**2) ** 0.5, rel=0.1)  # first-order samplers, 29 steps


@pytest.mark.parametrize("name", [name for name in DISTINCT if name != "lcm"])
def test_a_flipped_schedule_leads_back_along_the_flow(name: str) -> None:
    """Also for samplers that add noise on the way down: there is none to be added on the way up."""
    x, sigmas = start(1) / SIGMA_MAX, torch.linspace(math.log(0.5), math.log(8), 61).exp()
    exact = x * ((STD**2 + 64) / (STD**2 + 0.25)) ** 0.5
    torch.testing.assert_close(sampled(name, x, sigmas), exact, atol=0, rtol=0.05)  # first-order samplers, 60 steps


@pytest.mark.parametrize("name", [name for name in DISTINCT if name != "lcm"])
def test_equal_sigmas_and_turns_are_taken(name: str) -> None:
    """As a Laplace schedule has them at its ends, and one whose first sigma was set below its second."""
    falling = karras_ramp(15, 1.0, 5.0).tolist()
    for sigmas in ([*falling[:1] * 3, *falling[1:]], [*falling[:9], *falling[8:], 1.0], [3.0, *falling]):
        x = start()[:16] * (sigmas[0] ** 2 + STD**2) ** 0.5 / (SIGMA_MAX**2 + STD**2) ** 0.5
        out = sampled(name, x, torch.tensor(sigmas))
        assert out.std().item() == pytest.approx((1 + STD**2) ** 0.5, rel=0.1)
    standing = sampled(name, x, torch.tensor([3.0, 3.0]))
    torch.testing.assert_close(standing, x)


PARENTS = {name: name.replace("_cfg_pp", "") for name in SAMPLERS if name.endswith("_cfg_pp")}


@pytest.mark.parametrize("name", PARENTS)
def test_where_guidance_changes_nothing_cfg_pp_is_its_parent(name: str) -> None:
    x, sigmas = start(1), schedule(8)
    torch.testing.assert_close(sampled(name, x, sigmas), sampled(PARENTS[name], x, sigmas), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", PARENTS)
def test_cfg_pp_adds_what_guidance_changes_to_an_unguided_step(name: str) -> None:
    """Where guidance adds 3 everywhere, each step ends 3 above the unguided one: its second step, before noise."""
    sampler, sigmas, x = SAMPLERS[name], torch.tensor([4.0, 2.0, 1.0]), torch.full((1, 4, 2, 2), 8.0)

    def ending(shift: float) -> Tensor:
        def denoise(x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
            assert uncond
            return torch.stack((torch.full_like(x, 0.5 + shift), torch.full_like(x, 0.5)))

        run = states(sampler, State(x, 1, (torch.ones_like(x),)), sigmas, denoise, sampler.noise(x, sigmas, 0))
        ((state, _),) = run
        return state.x

    torch.testing.assert_close(ending(3.0), ending(0.0) + 3)


@pytest.mark.parametrize(("steps", "seen"), [(1, [0]), (2, [1]), (3, [1, 2]), (7, [2, 5, 6]), (9, [2, 5, 7, 8])])
def test_dpm_fast_makes_as_many_evaluations_as_there_are_steps(steps: int, seen: list[int]) -> None:
    """Its own steps take one to three, and are reported by the last of them."""
    calls: list[float] = []

    def denoise(x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
        calls.append(sigma.item())
        return x * STD**2 / (STD**2 + sigma**2)

    sampler, x = SAMPLERS["dpm_fast"], start(1)
    run = states(sampler, State(x), schedule(steps), denoise, sampler.noise(x, schedule(steps), 0))
    assert [report.step for _, report in run] == seen
    assert len(calls) == steps


def test_dpm_adaptive_takes_the_steps_that_its_tolerance_needs() -> None:
    """However many the schedule has; progress is how much of the schedule lies behind, and never goes back."""
    x = start(1)
    counts = {}
    for rtol in (0.2, 0.05, 0.001):
        run = run_of(SAMPLERS["dpm_adaptive"].having(rtol=rtol, atol=rtol / 5), x, schedule(10))
        counts[rtol] = len(run)
        steps = [report.step for _, report in run]
        assert steps == sorted(steps)
        assert (steps[0], steps[-1], run[-1][1].total) == (0, 9, 10)
        error = (run[-1][0].x / x / (((STD**2 + 0.03**2) / (STD**2 + SIGMA_MAX**2)) ** 0.5) - 1).abs().max().item()
        assert error < 4 * rtol  # which bounds each step's
    assert counts[0.2] <= counts[0.05] < counts[0.001]
    assert len(run_of(SAMPLERS["dpm_adaptive"], x, schedule(40))) == len(
        run_of(SAMPLERS["dpm_adaptive"], x, schedule(10))
    )


def test_dpm_adaptive_takes_noise_and_the_second_order_too() -> None:
    noisy = run_of(SAMPLERS["dpm_adaptive"].having(eta=1.0, rtol=0.02), start(), schedule(10))[-1][0].x
    assert noisy.std().item() == pytest.approx((STD**2 + 0.03**2) ** 0.5, rel=0.05)
    second = run_of(SAMPLERS["dpm_adaptive"].having(order=2, rtol=0.002), start(1), schedule(10))[-1][0].x
    third = run_of(SAMPLERS["dpm_adaptive"].having(rtol=0.002), start(1), schedule(10))[-1][0].x
    torch.testing.assert_close(second, third, atol=0.02, rtol=0.05)


def test_dpm_adaptive_goes_up_as_well() -> None:
    """Along a flipped schedule it adds the noise that it would take away."""
    sigmas = torch.tensor([0.5, 2.0, 8.0])
    x = start(1) / SIGMA_MAX
    up = run_of(SAMPLERS["dpm_adaptive"].having(rtol=0.001, atol=0.0001), x, sigmas)[-1][0].x
    torch.testing.assert_close(up, x * ((STD**2 + 64) / (STD**2 + 0.25)) ** 0.5, rtol=0.01, atol=0)


@pytest.mark.parametrize("options", [{"rtol": 0.0, "atol": 0.0}, {"accept_safety": 3.0}, {"h_init": 0.0}])
def test_dpm_adaptive_says_when_no_step_is_good_enough(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"no step from sigma 14\.6 that is accurate enough"):
        run_of(SAMPLERS["dpm_adaptive"].having(**options), start(1), schedule(10))


def test_dpm_adaptive_stops_where_the_model_gives_no_numbers() -> None:
    sampler, x, sigmas = SAMPLERS["dpm_adaptive"], start(1), schedule(4)

    def denoise(x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
        return x * math.nan

    with pytest.raises(ValueError, match="accurate enough"):
        list(states(sampler, State(x), sigmas, denoise, sampler.noise(x, sigmas, 0)))


@pytest.mark.parametrize("name", [name for name in DISTINCT if name != "lcm"])
def test_one_step_to_zero_is_the_models_estimate(name: str) -> None:
    """UniPC stops at 0.001."""
    x, sigmas = start(1), torch.tensor([SIGMA_MAX, 0.0])
    torch.testing.assert_close(sampled(name, x, sigmas), x * STD**2 / (STD**2 + SIGMA_MAX**2), atol=1e-2, rtol=0)


@pytest.mark.parametrize("name", ["euler", "heun", "dpm_2"])
def test_churn_adds_noise_and_takes_it_away_again(name: str) -> None:
    x, sigmas, sampler = start(), schedule(100), SAMPLERS[name].having(s_churn=20.0, s_tmin=0.1, s_tmax=10.0)
    out = run_of(sampler, x, sigmas)[-1][0].x
    assert not torch.allclose(out, sampled(name, x, sigmas), atol=0.1)
    assert out.std().item() == pytest.approx(STD, rel=0.1)  # each step is longer by the noise that it adds
    quiet = run_of(SAMPLERS[name].having(s_churn=20.0, s_tmin=20.0), x, sigmas)[-1][0].x
    assert torch.equal(quiet, sampled(name, x, sigmas))


def test_sa_solver_adds_noise_between_two_percents_of_a_model() -> None:
    prediction = Prediction.eps()
    for name in ("sa_solver", "sa_solver_pece"):
        settled = SAMPLERS[name].settled(prediction)
        assert settled.settled(prediction) is settled
        above, below = prediction.percent_to_sigma(0.8), prediction.percent_to_sigma(0.2)
        x = start(1)
        for end, quiet in [(below + 0.1, True), (below - 0.1, False), (above + 0.01, False), (above - 0.01, True)]:
            sigmas = torch.tensor([SIGMA_MAX, end])
            runs = [
                list(states(settled, State(x), sigmas, denoiser(consistent=False), settled.noise(x, sigmas, seed)))
                for seed in (0, 1)
            ]
            assert torch.equal(runs[0][0][0].x, runs[1][0][0].x) is quiet


def test_samplers_are_told_apart_by_their_options() -> None:
    plain = SAMPLERS["euler_ancestral"]
    assert plain.described == "euler_ancestral GaussianNoise"
    assert plain.having(s_noise=0.9, eta=0.5).described == "euler_ancestral eta=0.5 s_noise=0.9 GaussianNoise"
    assert plain.having(eta=0.1).having(eta=0.5).described == plain.having(eta=0.5).described
    assert SAMPLERS["sa_solver_pece"].described == "sa_solver use_pece=True GaussianNoise"
    assert len({sampler.described for sampler in SAMPLERS.values()}) == len(SAMPLERS) - 1  # ddim's steps are euler's
