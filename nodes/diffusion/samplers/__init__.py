"""The samplers by name, in ComfyUI's order."""

from nodes.diffusion.noise import BrownianNoise, DeviceBrownianNoise, GaussianNoise
from nodes.diffusion.samplers.cfg_pp import (
    dpmpp_2m_cfg_pp,
    dpmpp_2s_ancestral_cfg_pp,
    euler_ancestral_cfg_pp,
    euler_cfg_pp,
    gradient_estimation_cfg_pp,
    res_multistep_cfg_pp,
)
from nodes.diffusion.samplers.ddpm import ddpm
from nodes.diffusion.samplers.deis import deis
from nodes.diffusion.samplers.dpm import dpm_2, dpm_2_ancestral
from nodes.diffusion.samplers.dpm_adaptive import dpm_adaptive
from nodes.diffusion.samplers.dpm_solver import dpm_fast
from nodes.diffusion.samplers.dpmpp import dpmpp_2m, dpmpp_2s_ancestral
from nodes.diffusion.samplers.dpmpp_sde import dpmpp_2m_sde, dpmpp_3m_sde, dpmpp_sde
from nodes.diffusion.samplers.er_sde import er_sde
from nodes.diffusion.samplers.euler import euler, euler_ancestral, gradient_estimation
from nodes.diffusion.samplers.heun import heun, heunpp2
from nodes.diffusion.samplers.lcm import lcm
from nodes.diffusion.samplers.lms import ipndm, ipndm_v, lms
from nodes.diffusion.samplers.res import res_multistep
from nodes.diffusion.samplers.sa_solver import sa_solver, stochastic_between
from nodes.diffusion.samplers.seeds import exp_heun_2_x0, seeds_2, seeds_3
from nodes.diffusion.samplers.step import Eval, Noise, Sampler, State, Step
from nodes.diffusion.samplers.uni_pc import uni_pc

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
    "dpm_fast": Sampler(dpm_fast, GaussianNoise),
    "dpm_adaptive": Sampler(dpm_adaptive, GaussianNoise),
    "dpmpp_2s_ancestral": Sampler(dpmpp_2s_ancestral, GaussianNoise),
    "dpmpp_2s_ancestral_cfg_pp": Sampler(dpmpp_2s_ancestral_cfg_pp, GaussianNoise),
    "dpmpp_sde": Sampler(dpmpp_sde, BrownianNoise),
    "dpmpp_sde_gpu": Sampler(dpmpp_sde, DeviceBrownianNoise),
    "dpmpp_2m": Sampler(dpmpp_2m, GaussianNoise),
    "dpmpp_2m_cfg_pp": Sampler(dpmpp_2m_cfg_pp, GaussianNoise),
    "dpmpp_2m_sde": Sampler(dpmpp_2m_sde, BrownianNoise),
    "dpmpp_2m_sde_gpu": Sampler(dpmpp_2m_sde, DeviceBrownianNoise),
    "dpmpp_2m_sde_heun": Sampler(dpmpp_2m_sde, BrownianNoise).having(solver_type="heun"),
    "dpmpp_2m_sde_heun_gpu": Sampler(dpmpp_2m_sde, DeviceBrownianNoise).having(solver_type="heun"),
    "dpmpp_3m_sde": Sampler(dpmpp_3m_sde, BrownianNoise),
    "dpmpp_3m_sde_gpu": Sampler(dpmpp_3m_sde, DeviceBrownianNoise),
    "ddpm": Sampler(ddpm, GaussianNoise),
    "lcm": Sampler(lcm, GaussianNoise),
    "ipndm": Sampler(ipndm, GaussianNoise),
    "ipndm_v": Sampler(ipndm_v, GaussianNoise),
    "deis": Sampler(deis, GaussianNoise),
    "res_multistep": Sampler(res_multistep, GaussianNoise),
    "res_multistep_cfg_pp": Sampler(res_multistep_cfg_pp, GaussianNoise),
    "res_multistep_ancestral": Sampler(res_multistep, GaussianNoise).having(eta=1.0),
    "res_multistep_ancestral_cfg_pp": Sampler(res_multistep_cfg_pp, GaussianNoise).having(eta=1.0),
    "gradient_estimation": Sampler(gradient_estimation, GaussianNoise),
    "gradient_estimation_cfg_pp": Sampler(gradient_estimation_cfg_pp, GaussianNoise),
    "er_sde": Sampler(er_sde, GaussianNoise),
    "seeds_2": Sampler(seeds_2, GaussianNoise),
    "seeds_3": Sampler(seeds_3, GaussianNoise),
    "exp_heun_2_x0": Sampler(exp_heun_2_x0, GaussianNoise),
    "exp_heun_2_x0_sde": Sampler(exp_heun_2_x0, GaussianNoise).having(eta=1.0),
    "sa_solver": Sampler(sa_solver, GaussianNoise, of_model=stochastic_between),
    "sa_solver_pece": Sampler(sa_solver, GaussianNoise, of_model=stochastic_between).having(use_pece=True),
    "ddim": Sampler(euler, GaussianNoise, fresh_inpaint_noise=True),
    "uni_pc": Sampler(uni_pc, GaussianNoise, discard_penultimate=True),
    "uni_pc_bh2": Sampler(uni_pc, GaussianNoise, discard_penultimate=True).having(variant="bh2"),
}


def sampler_named(name: str) -> Sampler:
    """The sampler of that name; ValueError if there is none."""
    if name not in SAMPLERS:
        raise ValueError(f"unknown sampler {name!r}; known are {', '.join(SAMPLERS)}")
    return SAMPLERS[name]
