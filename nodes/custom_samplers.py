"""Nodes that choose a sampler and set its parameters."""

from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from engine.declare import node
from engine.lanes import INLINE
from engine.marks import Choices, Widget
from nodes.diffusion import samplers
from nodes.diffusion.noise import GaussianNoise
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.samplers.cfg_pp import euler_cfg_pp_alternative
from nodes.diffusion.samplers.lcm import lcm_upscale
from nodes.diffusion.samplers.sa_solver import sa_solver, stochastic_between
from nodes.types import Model, Percent, Sampler

CUSTOM = "comfy_extras.nodes_custom_sampler"
ADVANCED = "comfy_extras.nodes_advanced_samplers"

FINE = Widget(step=0.01, round=False)
Eta = Annotated[float, Field(ge=0.0, le=100.0, description="How much noise is added: 0 is none, 1 the full."), FINE]
NoiseFactor = Annotated[float, Field(ge=0.0, le=100.0, description="By which the added noise is multiplied."), FINE]
Share = Annotated[float, Field(ge=0.0, le=100.0), FINE]
Device = Literal["gpu", "cpu"]

sampler_node = partial(node, category="sampling/custom_sampling/samplers", module=CUSTOM, lane=INLINE)


def on_device(name: str, device: Device) -> Sampler:
    """The sampler whose noise is drawn there."""
    return SAMPLERS[f"{name}_gpu" if device == "gpu" else name]


@sampler_node("KSamplerSelect")
def select(sampler_name: Annotated[str, Choices(lambda: list(SAMPLERS))]) -> Sampler:
    """A sampler by name, with its usual parameters."""
    return SAMPLERS[sampler_name]


@sampler_node("SamplerEulerAncestral")
def euler_ancestral(eta: Eta = 1.0, s_noise: NoiseFactor = 1.0) -> Sampler:
    """Euler's method with fresh noise after each step."""
    return SAMPLERS["euler_ancestral"].having(eta=eta, s_noise=s_noise)


@sampler_node("SamplerEulerAncestralCFGPP", title="SamplerEulerAncestralCFG++")
def euler_ancestral_cfg_pp(
    eta: Annotated[float, Field(ge=0.0, le=1.0), FINE] = 1.0,
    s_noise: Annotated[float, Field(ge=0.0, le=10.0), FINE] = 1.0,
) -> Sampler:
    """Euler's method with fresh noise after each step, guided by CFG++; wants a guidance scale of about 1."""
    return SAMPLERS["euler_ancestral_cfg_pp"].having(eta=eta, s_noise=s_noise)


@sampler_node("SamplerLMS")
def lms(order: Annotated[int, Field(ge=1, le=100)] = 4) -> Sampler:
    """Linear multistep; the order is how many steps it looks back, and above 4 it is seldom stable."""
    return SAMPLERS["lms"].having(order=order)


@sampler_node("SamplerDPMPP_3M_SDE")
def dpmpp_3m_sde(eta: Eta = 1.0, s_noise: NoiseFactor = 1.0, noise_device: Device = "gpu") -> Sampler:
    """DPM-Solver++ with noise, looking back two steps."""
    return on_device("dpmpp_3m_sde", noise_device).having(eta=eta, s_noise=s_noise)


@sampler_node("SamplerDPMPP_2M_SDE")
def dpmpp_2m_sde(
    solver_type: Literal["midpoint", "heun"] = "midpoint",
    eta: Eta = 1.0,
    s_noise: NoiseFactor = 1.0,
    noise_device: Device = "gpu",
) -> Sampler:
    """DPM-Solver++ with noise, looking back one step."""
    sampler = on_device("dpmpp_2m_sde", noise_device)
    return sampler.having(solver_type=solver_type, eta=eta, s_noise=s_noise)


@sampler_node("SamplerDPMPP_SDE")
def dpmpp_sde(eta: Eta = 1.0, s_noise: NoiseFactor = 1.0, r: Share = 0.5, noise_device: Device = "gpu") -> Sampler:
    """DPM-Solver++ with noise, in two stages, the second at the share r of the step."""
    if r == 0:
        raise ValueError("r must be above 0: it is where the second stage is")
    return on_device("dpmpp_sde", noise_device).having(eta=eta, s_noise=s_noise, r=r)


@sampler_node("SamplerDPMPP_2S_Ancestral")
def dpmpp_2s_ancestral(eta: Eta = 1.0, s_noise: NoiseFactor = 1.0) -> Sampler:
    """DPM-Solver++ in two stages, with fresh noise after each step."""
    return SAMPLERS["dpmpp_2s_ancestral"].having(eta=eta, s_noise=s_noise)


@sampler_node("SamplerDPMAdaptative")
def dpm_adaptive(
    order: Annotated[int, Field(ge=2, le=3)] = 3,
    rtol: Share = 0.05,
    atol: Share = 0.0078,
    h_init: Share = 0.05,
    pcoeff: Share = 0.0,
    icoeff: Share = 1.0,
    dcoeff: Share = 0.0,
    accept_safety: Share = 0.81,
    eta: Share = 0.0,
    s_noise: NoiseFactor = 1.0,
) -> Sampler:
    """DPM-Solver that chooses its steps: as many as its tolerance needs, however many the schedule has."""
    return SAMPLERS["dpm_adaptive"].having(
        order=order,
        rtol=rtol,
        atol=atol,
        h_init=h_init,
        pcoeff=pcoeff,
        icoeff=icoeff,
        dcoeff=dcoeff,
        accept_safety=accept_safety,
        eta=eta,
        s_noise=s_noise,
    )


@sampler_node("SamplerER_SDE")
def er_sde(
    solver_type: Annotated[
        Literal["ER-SDE", "Reverse-time SDE", "ODE"], Field(description="How the noise is scaled; an ODE has none.")
    ] = "ER-SDE",
    max_stage: Annotated[int, Field(ge=1, le=3)] = 3,
    eta: Annotated[
        float, Field(ge=0.0, le=100.0, description="How much noise a reverse-time SDE has; 0 makes it the ODE."), FINE
    ] = 1.0,
    s_noise: NoiseFactor = 1.0,
) -> Sampler:
    """Extended reverse-time SDE solver."""
    return SAMPLERS["er_sde"].having(solver_type=solver_type, max_stage=max_stage, eta=eta, s_noise=s_noise)


@sampler_node("SamplerSASolver")
def stochastic_adams(
    model: Model,
    eta: Annotated[float, Field(ge=0.0, le=10.0), FINE] = 1.0,
    sde_start_percent: Percent = 0.2,
    sde_end_percent: Percent = 0.8,
    s_noise: NoiseFactor = 1.0,
    predictor_order: Annotated[int, Field(ge=1, le=6)] = 3,
    corrector_order: Annotated[int, Field(ge=0, le=6, description="0 corrects nothing.")] = 4,
    use_pece: Annotated[bool, Field(description="Evaluate the corrected latent as well: twice the work.")] = False,
    simple_order_2: Annotated[bool, Field(description="Weights for few steps where the order is 2.")] = False,
) -> Sampler:
    """Stochastic Adams solver, with noise between two percents of the sampling."""
    return samplers.Sampler(sa_solver, GaussianNoise).having(
        **stochastic_between(model.prediction, sde_start_percent, sde_end_percent),
        eta=eta,
        s_noise=s_noise,
        predictor_order=predictor_order,
        corrector_order=corrector_order,
        use_pece=use_pece,
        simple_order_2=simple_order_2,
    )


@node("SamplerLCMUpscale", category="sampling/custom_sampling/samplers", module=ADVANCED, lane=INLINE)
def lcm_resizing(
    scale_ratio: Annotated[
        float,
        Field(ge=0.1, le=20.0, description="How many times as high and wide the latent becomes."),
        Widget(step=0.01),
    ] = 1.0,
    scale_steps: Annotated[
        int,
        Field(ge=-1, le=1000, description="After how many steps it has its size; -1 is all but the last."),
        Widget(step=1),
    ] = -1,
    upscale_method: Annotated[
        Literal["bislerp", "nearest-exact", "bilinear", "area", "bicubic"], Widget(multiselect=False)
    ] = "bislerp",
) -> Sampler:
    """LCM on a latent that is resized from step to step, so that the last steps draw details of the final size."""
    return samplers.Sampler(lcm_upscale, GaussianNoise, resizes=True).having(
        scale_ratio=scale_ratio, scale_steps=scale_steps, upscale_method=upscale_method
    )


@node(
    "SamplerEulerCFGpp",
    title="SamplerEulerCFG++",
    category="_for_testing",
    module=ADVANCED,
    lane=INLINE,
    flags={"experimental": True},
)
def euler_cfg_pp(
    version: Annotated[Literal["regular", "alternative"], Widget(multiselect=False)] = "regular",
) -> Sampler:
    """Euler's method, guided by CFG++; wants a guidance scale of about 1."""
    if version == "regular":
        return SAMPLERS["euler_cfg_pp"]
    return samplers.Sampler(euler_cfg_pp_alternative, GaussianNoise)
