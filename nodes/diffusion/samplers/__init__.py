"""The samplers by name, in ComfyUI's order."""

from nodes.diffusion.noise import BrownianNoise, DeviceBrownianNoise, GaussianNoise
from nodes.diffusion.samplers.ddpm import ddpm
from nodes.diffusion.samplers.dpm import dpm_2, dpm_2_ancestral
from nodes.diffusion.samplers.dpmpp import dpmpp_2m, dpmpp_2s_ancestral
from nodes.diffusion.samplers.dpmpp_sde import dpmpp_2m_sde, dpmpp_2m_sde_heun, dpmpp_3m_sde, dpmpp_sde
from nodes.diffusion.samplers.euler import (
    euler,
    euler_ancestral,
    euler_ancestral_cfg_pp,
    euler_cfg_pp,
    gradient_estimation,
)
from nodes.diffusion.samplers.heun import heun, heunpp2
from nodes.diffusion.samplers.lcm import lcm
from nodes.diffusion.samplers.lms import ipndm, lms
from nodes.diffusion.samplers.step import Eval, Noise, Sampler, State, Step

__all__ = ["SAMPLERS", "Eval", "Noise", "Sampler", "State", "Step", "sampler_named"]

SAMPLERS: dict[str, Sampler] = {
    "euler": Sampler(euler, GaussianNoise),
    "euler_cfg_pp": Sampler(euler_cfg_pp, GaussianNoise),
    "euler_ancestral": Sampler(euler_ancestral, GaussianNoise),
    "euler_ancestral_cfg_pp": Sampler(euler_ancestral_cfg_pp, GaussianNoise),
    "heun": Sampler(heun, GaussianNoise),
    "heunpp2": Sampler(heunpp2, GaussianNoise),
    "dpm_2": Sampler(dpm_2, GaussianNoise, discard_penultimate=True),
    "dpm_2_ancestral": Sampler(dpm_2_ancestral, GaussianNoise, discard_penultimate=True),
    "lms": Sampler(lms, GaussianNoise),
    "dpmpp_2s_ancestral": Sampler(dpmpp_2s_ancestral, GaussianNoise),
    "dpmpp_sde": Sampler(dpmpp_sde, BrownianNoise),
    "dpmpp_sde_gpu": Sampler(dpmpp_sde, DeviceBrownianNoise),
    "dpmpp_2m": Sampler(dpmpp_2m, GaussianNoise),
    "dpmpp_2m_sde": Sampler(dpmpp_2m_sde, BrownianNoise),
    "dpmpp_2m_sde_gpu": Sampler(dpmpp_2m_sde, DeviceBrownianNoise),
    "dpmpp_2m_sde_heun": Sampler(dpmpp_2m_sde_heun, BrownianNoise),
    "dpmpp_2m_sde_heun_gpu": Sampler(dpmpp_2m_sde_heun, DeviceBrownianNoise),
    "dpmpp_3m_sde": Sampler(dpmpp_3m_sde, BrownianNoise),
    "dpmpp_3m_sde_gpu": Sampler(dpmpp_3m_sde, DeviceBrownianNoise),
    "ddpm": Sampler(ddpm, GaussianNoise),
    "lcm": Sampler(lcm, GaussianNoise),
    "ipndm": Sampler(ipndm, GaussianNoise),
    "gradient_estimation": Sampler(gradient_estimation, GaussianNoise),
    "ddim": Sampler(euler, GaussianNoise, fresh_inpaint_noise=True),
}


def sampler_named(name: str) -> Sampler:
    """The sampler of that name; ValueError if there is none."""
    if name not in SAMPLERS:
        raise ValueError(f"unknown sampler {name!r}; known are {', '.join(SAMPLERS)}")
    return SAMPLERS[name]
