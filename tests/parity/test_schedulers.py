"""Trajectories beside diffusers' schedulers, an independent implementation of the same papers.

The network is a fixed random two-layer function of the scaled latent and the timestep. Tolerance 1e-5 relative: both
sides compute in float32, but diffusers steps DDIM and DPM-Solver++ in variance-preserving coordinates, so roundings
differ at every step (measured: below 1e-6); a wrong coefficient would show as 1e-2 or more.
"""

from typing import Any

import diffusers
import pytest
import torch
from torch import Tensor

from nodes.diffusion.prediction import Prediction
from nodes.diffusion.samplers import SAMPLERS, State
from nodes.diffusion.sampling import states
from nodes.diffusion.sigmas import SCHEDULES
from tests.support.parity import Error

pytestmark = [
    pytest.mark.parity,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers' own, with numpy 2
]

STEPS = 10
TOLERANCE = 1e-5
PREDICTION = Prediction.eps()
TRAINED: dict[str, Any] = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def network() -> Any:
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.randn(4, 4, generator=generator) * 0.7 for _ in range(2))

    def eps(x: Tensor, timestep: float) -> Tensor:
        hidden = torch.tanh(torch.einsum("oc,bchw->bohw", first, x) + timestep / 1000)
        return torch.einsum("oc,bchw->bohw", second, hidden)

    return eps


def start() -> Tensor:
    return torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))


def ours(name: str, sigmas: Tensor, x: Tensor) -> Tensor:
    eps, sampler = network(), SAMPLERS[name]

    def denoise(x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
        timestep = PREDICTION.timestep(sigma)
        return PREDICTION.denoised(x, sigma, eps(PREDICTION.network_input(x, sigma), timestep.item()))

    *_, (state, _) = states(sampler, State(x), sigmas, denoise, sampler.noise(x, sigmas, 0))
    return state.x


def theirs(scheduler: Any, x: Tensor) -> Tensor:
    eps = network()
    for timestep in scheduler.timesteps:
        scaled = scheduler.scale_model_input(x, timestep)
        # diffusers may visit timesteps between whole ones; networks of ours are told the nearest
        x = scheduler.step(eps(scaled, float(timestep.round())), timestep, x).prev_sample
    return x


def relative_error(a: Tensor, b: Tensor) -> Error:
    return Error((a - b).norm() / b.norm())


@pytest.mark.parametrize(
    ("name", "kind"), [("euler", diffusers.EulerDiscreteScheduler), ("heun", diffusers.HeunDiscreteScheduler)]
)
def test_euler_and_heun_follow_diffusers(name: str, kind: Any) -> None:
    """Timesteps even from 999 to 0, both ends included: our "normal", their "linspace"."""
    scheduler = kind(**TRAINED, timestep_spacing="linspace")
    scheduler.set_timesteps(STEPS)
    sigmas = SCHEDULES["normal"](PREDICTION, STEPS)
    torch.testing.assert_close(scheduler.sigmas.unique().flip(0), sigmas, rtol=1e-5, atol=1e-6)
    x = start() * sigmas[0]
    assert relative_error(ours(name, sigmas, x), theirs(scheduler, x)) < TOLERANCE


def test_dpmpp_2m_follows_diffusers() -> None:
    """On Karras' sigmas; diffusers works in variance-preserving coordinates and its last step is first order too."""
    scheduler = diffusers.DPMSolverMultistepScheduler(
        **TRAINED, use_karras_sigmas=True, final_sigmas_type="zero", euler_at_final=True
    )
    scheduler.set_timesteps(STEPS)
    sigmas = scheduler.sigmas
    x = start()
    assert relative_error(ours("dpmpp_2m", sigmas, x * (1 + sigmas[0] ** 2).sqrt()), theirs(scheduler, x)) < TOLERANCE


def test_ddim_follows_diffusers() -> None:
    """DDIM with eta 0 is Euler's method in sigma. The start is the same point in both coordinates."""
    scheduler = diffusers.DDIMScheduler(
        **TRAINED, timestep_spacing="leading", steps_offset=1, set_alpha_to_one=True, clip_sample=False
    )
    scheduler.set_timesteps(STEPS)
    sigmas = SCHEDULES["ddim_uniform"](PREDICTION, STEPS)
    assert scheduler.timesteps.tolist() == PREDICTION.timestep(sigmas[:-1]).tolist()
    x = start()
    assert relative_error(ours("ddim", sigmas, x * (1 + sigmas[0] ** 2).sqrt()), theirs(scheduler, x)) < TOLERANCE
