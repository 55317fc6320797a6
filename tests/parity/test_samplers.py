"""Samplers beside diffusers' schedulers: independent implementations of the same papers, on the same noise.

The network is a fixed random two-layer function of the scaled latent. Both sides compute in float32, diffusers mostly
in variance-preserving coordinates, so roundings differ at every step; a wrong coefficient would show as 1e-3 or more.

Nothing installed implements these, so other tests stand for them (``tests/unit/nodes/test_samplers.py``: convergence,
and equality with a parent where a parameter makes them one): heunpp2, dpm_adaptive (its single steps are dpm_fast's),
dpmpp_3m_sde, the _cfg_pp family, ipndm_v, deis (diffusers' is in another time; here its integrals are scipy's), the
noise of res_multistep_ancestral, gradient_estimation, er_sde beyond first order, the noise of seeds_2 and seeds_3,
exp_heun_2_x0, sa_solver_pece.
"""

from collections.abc import Sequence
from math import exp, log
from typing import Any

import diffusers
import pytest
import torch
from scipy.integrate import quad
from torch import Tensor

from nodes.diffusion.noise import BrownianNoise
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.ramps import ending_in_zero, karras_ramp
from nodes.diffusion.samplers import SAMPLERS, Noise, Sampler, State
from nodes.diffusion.samplers.deis import sigma_speed, time_of
from nodes.diffusion.samplers.dpm_solver import groups
from nodes.diffusion.samplers.er_sde import noise_scales, taylor_weights
from nodes.diffusion.samplers.weights import lagrange_weights
from nodes.diffusion.sampling import states
from nodes.diffusion.sigmas import SCHEDULES
from tests.support.parity import Error

pytestmark = [
    pytest.mark.parity,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers' own, with numpy 2
    pytest.mark.filterwarnings("ignore:__array_wrap__ must accept:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Should have t:UserWarning"),  # torchsde: diffusers rounds its path's ends
    pytest.mark.filterwarnings("ignore:`algorithm_types=dpmsolver` is deprecated:FutureWarning"),
]

STEPS, SEED, TOLERANCE = 12, 5, 1e-5
WHOLE = 10  # steps at which timesteps even from 999 to 0 are whole, for diffusers interpolates sigmas and we their logs
TRAINED: dict[str, Any] = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
TO_ZERO, TO_NOISE = ending_in_zero(karras_ramp(STEPS, 0.03, 14.6)), karras_ramp(STEPS + 1, 0.03, 14.6)
SDE: dict[str, Any] = {"algorithm_type": "sde-dpmsolver++", "final_sigmas_type": "zero", "euler_at_final": True}


class Replayed:
    """The noise that diffusers draws from a generator of the same seed."""

    def __init__(self, like: Tensor) -> None:
        self._generator, self._like = torch.Generator().manual_seed(SEED), like

    def __call__(self, sigma: Tensor, sigma_next: Tensor) -> Tensor:
        return torch.randn(self._like.shape, generator=self._generator)

    def state(self) -> Tensor:
        return self._generator.get_state()

    def restore(self, state: Tensor) -> None:
        self._generator.set_state(state)


def eps(x: Tensor) -> Tensor:
    """The network."""
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.randn(4, 4, generator=generator) * 0.7 for _ in range(2))
    return torch.einsum("oc,bchw->bohw", second, torch.tanh(torch.einsum("oc,bchw->bohw", first, x)))


def start() -> Tensor:
    return torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1)) * 14.6


def ours(sampler: Sampler, sigmas: Tensor, x: Tensor, noise: Noise | None = None) -> Tensor:
    def denoise(x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
        return x - sigma * eps(x / (1 + sigma**2).sqrt())

    *_, (state, _) = states(sampler, State(x), sigmas, denoise, noise or Replayed(x))
    return state.x


def theirs(scheduler: Any, sigmas: Tensor, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A scheduler in variance-preserving coordinates, along any sigmas."""
    scheduler.set_timesteps(len(sigmas) - 1)
    scheduler.sigmas, scheduler.timesteps = sigmas, torch.arange(len(sigmas) - 1, 0, -1)
    scheduler.set_begin_index(0)
    drawn = {"generator": generator} if generator else {}
    x = x / (1 + sigmas[0] ** 2).sqrt()
    for timestep in scheduler.timesteps:
        x = scheduler.step(eps(x), timestep, x, **drawn).prev_sample
    return x * (1 + sigmas[-1] ** 2).sqrt()


def theirs_on_their_own(scheduler: Any, x: Tensor, **drawn: Any) -> Tensor:
    """A scheduler in our coordinates, which tells by how much to scale what the network sees."""
    for timestep in scheduler.timesteps:
        x = scheduler.step(eps(scheduler.scale_model_input(x, timestep)), timestep, x, **drawn).prev_sample
    return x


def check(name: str, mine: Tensor, other: Tensor, tolerance: float = TOLERANCE) -> None:
    assert Error((mine - other).norm() / other.norm()) < tolerance, name


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(SEED)


@pytest.mark.parametrize("variant", ["bh1", "bh2"])
def test_uni_pc(variant: str) -> None:
    scheduler = diffusers.UniPCMultistepScheduler(**TRAINED, solver_order=3, solver_type=variant)
    sampler = SAMPLERS["uni_pc" if variant == "bh1" else "uni_pc_bh2"]
    check(f"uni_pc {variant}", ours(sampler, TO_NOISE, start()), theirs(scheduler, TO_NOISE, start()))


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("predictor", "corrector"), [(1, 1), (2, 2), (2, 3), (3, 3), (3, 4)])
def test_sa_solver(predictor: int, corrector: int, tau: float) -> None:
    """On the same noise. Theirs always has the authors' weights for few steps.

    Its polynomials are expanded, in float32, which is what most of the error is (up to 2e-5).
    """
    scheduler = diffusers.SASolverScheduler(
        **TRAINED, predictor_order=predictor, corrector_order=corrector, tau_func=lambda timestep: tau
    )
    sampler = SAMPLERS["sa_solver"].having(
        predictor_order=predictor, corrector_order=corrector, eta=tau, simple_order_2=True
    )
    other = theirs(scheduler, TO_NOISE, start(), seeded())
    check(f"sa_solver {predictor} {corrector} tau {tau}", ours(sampler, TO_NOISE, start()), other, 1e-4)


@pytest.mark.parametrize(("name", "rule"), [("dpmpp_2m_sde", "midpoint"), ("dpmpp_2m_sde_heun", "heun")])
def test_dpmpp_2m_sde(name: str, rule: str) -> None:
    scheduler = diffusers.DPMSolverMultistepScheduler(**TRAINED, **SDE, solver_type=rule)
    check(name, ours(SAMPLERS[name], TO_ZERO, start()), theirs(scheduler, TO_ZERO, start(), seeded()))


def test_er_sde_of_first_order() -> None:
    scheduler = diffusers.DPMSolverMultistepScheduler(**TRAINED, **SDE, solver_order=1)
    sampler = SAMPLERS["er_sde"].having(solver_type="Reverse-time SDE", max_stage=1)
    check("er_sde", ours(sampler, TO_ZERO, start()), theirs(scheduler, TO_ZERO, start(), seeded()))


def test_res_multistep() -> None:
    """Its order conditions lead to the weights that diffusers calls heun."""
    ode = {**SDE, "algorithm_type": "dpmsolver++"}
    scheduler = diffusers.DPMSolverMultistepScheduler(**TRAINED, **ode, solver_type="heun")
    check("res_multistep", ours(SAMPLERS["res_multistep"], TO_ZERO, start()), theirs(scheduler, TO_ZERO, start()))


def single_steps(kind: str, sigmas: Tensor, orders: Sequence[int], solvers: Sequence[str], x: Tensor) -> Tensor:
    """diffusers' single-step DPM-Solver along the sigmas of all stages, each with its order and rule."""
    scheduler = diffusers.DPMSolverSinglestepScheduler(
        **TRAINED, algorithm_type=kind, solver_order=3, final_sigmas_type="sigma_min"
    )
    scheduler.set_timesteps(len(sigmas) - 1)
    scheduler.sigmas, scheduler.timesteps = sigmas, torch.arange(len(sigmas) - 1, 0, -1)
    scheduler.order_list = list(orders)
    scheduler.set_begin_index(0)
    x = x / (1 + sigmas[0] ** 2).sqrt()
    for timestep, solver in zip(scheduler.timesteps, solvers, strict=True):
        scheduler.register_to_config(solver_type=solver)
        x = scheduler.step(eps(x), timestep, x).prev_sample
    return x * (1 + sigmas[-1] ** 2).sqrt()


def even_in_log(count: int) -> Tensor:
    return torch.linspace(log(14.6), log(0.03), count).exp()


@pytest.mark.parametrize("name", ["seeds_2", "dpmpp_2s_ancestral", "dpmpp_sde"])
def test_two_stages_without_noise(name: str) -> None:
    stages = even_in_log(2 * STEPS + 1)
    other = single_steps("dpmsolver++", stages, [1, 2] * STEPS, ["midpoint"] * 2 * STEPS, start())
    check(name, ours(SAMPLERS[name].having(eta=0.0), stages[::2], start()), other)


def test_seeds_3_without_noise() -> None:
    stages = even_in_log(3 * STEPS + 1)
    rules = ["midpoint", "heun", "midpoint"] * STEPS
    other = single_steps("dpmsolver++", stages, [1, 2, 3] * STEPS, rules, start())
    check("seeds_3", ours(SAMPLERS["seeds_3"].having(eta=0.0), stages[::3], start()), other)


@pytest.mark.parametrize("evaluations", [9, 10, 11])
def test_dpm_fast(evaluations: int) -> None:
    """In steps of order 3, then what is left; the sigmas of all stages laid out for diffusers."""
    _, own = groups(evaluations)
    ends = even_in_log(len(own) + 1).log().tolist()
    stages, orders, rules = [ends[0]], list[int](), list[str]()
    for k, order in enumerate(own):
        stages += [ends[k] + (ends[k + 1] - ends[k]) * j / order for j in range(1, order + 1)]
        orders += range(1, order + 1)
        rules += ["midpoint", "heun", "midpoint"] if order == 3 else ["midpoint"] * order
    other = single_steps("dpmsolver", torch.tensor(stages).exp(), orders, rules, start())
    check("dpm_fast", ours(SAMPLERS["dpm_fast"], even_in_log(evaluations + 1), start()), other)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("dpm_2", diffusers.KDPM2DiscreteScheduler),
        ("dpm_2_ancestral", diffusers.KDPM2AncestralDiscreteScheduler),
        ("euler_ancestral", diffusers.EulerAncestralDiscreteScheduler),
        ("lms", diffusers.LMSDiscreteScheduler),
    ],
)
def test_k_diffusions(name: str, kind: Any) -> None:
    """Timesteps even from 999 to 0: our "normal", their "linspace". LMS stops before 0, where they extrapolate."""
    scheduler = kind(**TRAINED, timestep_spacing="linspace")
    scheduler.set_timesteps(WHOLE)
    sigmas = SCHEDULES["normal"](Prediction.eps(), WHOLE)
    if name == "lms":
        scheduler.timesteps, sigmas = scheduler.timesteps[:-1], sigmas[:-1]
    drawn = {"generator": seeded()} if "ancestral" in name else {}
    if name == "dpm_2_ancestral":  # they draw noise in the last step too, and multiply it by 0
        scheduler.sigmas_up[-1] = 0
    check(name, ours(SAMPLERS[name], sigmas, start()), theirs_on_their_own(scheduler, start(), **drawn))


def test_dpmpp_sde() -> None:
    scheduler = diffusers.DPMSolverSDEScheduler(**TRAINED, timestep_spacing="linspace")
    scheduler.set_timesteps(WHOLE)
    sigmas = SCHEDULES["normal"](Prediction.eps(), WHOLE)
    scheduler.noise_sampler = Replayed(start())
    check("dpmpp_sde", ours(SAMPLERS["dpmpp_sde"], sigmas, start()), theirs_on_their_own(scheduler, start()))


def test_a_seed_has_the_brownian_path_that_it_has_in_diffusers() -> None:
    """Sigmas differ by roundings, and over 1e-6 of sigma the path moves by 1e-3: another path would differ by 1."""
    scheduler = diffusers.DPMSolverSDEScheduler(**TRAINED, timestep_spacing="linspace", noise_sampler_seed=SEED)
    scheduler.set_timesteps(WHOLE)
    sigmas = SCHEDULES["normal"](Prediction.eps(), WHOLE)
    mine = ours(SAMPLERS["dpmpp_sde"], sigmas, start(), BrownianNoise(start(), sigmas, SEED))
    check("dpmpp_sde, Brownian path", mine, theirs_on_their_own(scheduler, start()), 5e-3)


def test_ipndm() -> None:
    """Their multistep over our sigmas; their network predicts the velocity."""
    scheduler = diffusers.IPNDMScheduler()
    scheduler.set_timesteps(STEPS)
    scheduler.alphas, scheduler.betas = 1 / (1 + TO_NOISE**2).sqrt(), TO_NOISE / (1 + TO_NOISE**2).sqrt()
    scheduler.timesteps = torch.arange(STEPS, 0, -1)
    scheduler.set_begin_index(0)
    x = start() * scheduler.alphas[0]
    for k, timestep in enumerate(scheduler.timesteps):
        velocity = (eps(x) - x * scheduler.betas[k]) / scheduler.alphas[k]
        x = scheduler.step(velocity, timestep, x).prev_sample
    check("ipndm", ours(SAMPLERS["ipndm"], TO_NOISE, start()), x / scheduler.alphas[-1])


def test_ddpm() -> None:
    scheduler = diffusers.DDPMScheduler(**TRAINED, clip_sample=False, timestep_spacing="leading")
    scheduler.set_timesteps(10)
    table = Prediction.eps().sigmas
    sigmas = ending_in_zero(table[scheduler.timesteps])
    generator, x = seeded(), start() / (1 + sigmas[0] ** 2).sqrt()
    for timestep in scheduler.timesteps:
        x = scheduler.step(eps(x), timestep, x, generator=generator).prev_sample
    check("ddpm", ours(SAMPLERS["ddpm"], sigmas, start()), x)


def test_deis_weights_are_integrals_of_polynomials_in_time() -> None:
    """By scipy's quadrature over sigma itself."""
    nodes, end = [3.0, 4.5, 7.0], 2.0
    times = [time_of(sigma) for sigma in nodes]
    weights = lagrange_weights(times, times[0], time_of(end), sigma_speed)
    for k, weight in enumerate(weights):
        others = [time for j, time in enumerate(times) if j != k]

        def basis(sigma: float, k: int = k, others: Sequence[float] = tuple(others)) -> float:
            first, second = ((time_of(sigma) - other) / (times[k] - other) for other in others)
            return first * second

        assert weight == pytest.approx(quad(basis, nodes[0], end, epsabs=1e-12)[0], rel=1e-9)


@pytest.mark.parametrize("kind", ["ER-SDE", "Reverse-time SDE", "ODE"])
def test_er_sde_weights_are_integrals_of_its_kernel(kind: str) -> None:
    """The clean latent's first two Taylor terms, by parts: what the SDE's kernel makes of them, by scipy."""
    scale, sigma, end = noise_scales(1.0)[kind], 3.0, 2.0
    for power, weight in enumerate(taylor_weights(scale, sigma, end), start=1):
        factorial = float(power)

        def inner(at: float, power: int = power) -> float:
            return (at - sigma) ** (power - 1) / scale(at)

        exact = (end - sigma) ** power / factorial + scale(end) * quad(inner, end, sigma, epsabs=1e-13)[0]
        assert weight == pytest.approx(exact, rel=1e-9)


def test_lms_weights_are_scipys() -> None:
    nodes, end = [3.0, 4.5, 7.0, 11.0], 2.0
    cubic = lagrange_weights(nodes, nodes[0], end)
    assert sum(weight * node**3 for weight, node in zip(cubic, nodes, strict=True)) == pytest.approx(
        quad(lambda sigma: sigma**3, nodes[0], end)[0]
    )


def test_exponential_weights_are_scipys() -> None:
    """As SA-Solver has them."""
    nodes, end = [-1.0, -1.4, -2.0], -0.5
    weights = lagrange_weights(nodes, nodes[0], end, lambda at: 2 * exp(2 * (at - end)))
    moment = sum(weight * node**2 for weight, node in zip(weights, nodes, strict=True))
    assert moment == pytest.approx(quad(lambda at: 2 * exp(2 * (at - end)) * at**2, nodes[0], end)[0], rel=1e-12)
