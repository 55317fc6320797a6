"""Nodes that make schedules, and that cut and change them."""

from functools import partial
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from engine.declare import node
from engine.marks import Choices, Widget
from nodes.diffusion import sigma_edits
from nodes.diffusion.gits import gits as gits_schedule
from nodes.diffusion.ramps import ending_in_zero, karras_ramp, laplace_ramp, polyexponential_ramp, vp_ramp
from nodes.diffusion.sigmas import SCHEDULES, denoising_sigmas
from nodes.diffusion.sigmas import beta as beta_schedule
from nodes.diffusion.timetables import TURBO_TIMESTEPS, align_your_steps, sd_turbo
from nodes.types import Model, Sigmas

CUSTOM = "comfy_extras.nodes_custom_sampler"

FINE = Widget(step=0.01, round=False)
Steps = Annotated[int, Field(ge=1, le=10_000)]
SigmaMax = Annotated[float, Field(ge=0.0, le=5000.0, description="Where the schedule begins."), FINE]
SigmaMin = Annotated[float, Field(ge=0.0, le=5000.0, description="The last noise level above 0."), FINE]
Rho = Annotated[
    float, Field(ge=0.0, le=100.0, description="The higher, the more of the steps have little noise."), FINE
]
Denoise = Annotated[
    float, Field(ge=0.0, le=1.0, description="What part of the noise to go through."), Widget(step=0.01)
]

schedule_node = partial(node, category="sampling/custom_sampling/schedulers", module=CUSTOM, lane="cpu")
sigmas_node = partial(node, category="sampling/custom_sampling/sigmas", module=CUSTOM, lane="cpu")

SIGMA_MAX, SIGMA_MIN = 14.614642, 0.0291675
"""Stable Diffusion's."""


class Split(NamedTuple):
    high_sigmas: Sigmas
    low_sigmas: Sigmas


@schedule_node("BasicScheduler")
def basic(
    model: Model,
    scheduler: Annotated[str, Choices(lambda: list(SCHEDULES))],
    steps: Steps = 20,
    denoise: Denoise = 1.0,
) -> Sigmas:
    """A model's schedule by name, or its last steps."""
    return denoising_sigmas(model.prediction, scheduler, steps, denoise_fraction=denoise)


@schedule_node("KarrasScheduler")
def karras(
    steps: Steps = 20, sigma_max: SigmaMax = SIGMA_MAX, sigma_min: SigmaMin = SIGMA_MIN, rho: Rho = 7.0
) -> Sigmas:
    """Even in a root of the noise level: many steps where there is little noise."""
    return ending_in_zero(karras_ramp(steps, sigma_min, sigma_max, rho))


@schedule_node("ExponentialScheduler")
def exponential(steps: Steps = 20, sigma_max: SigmaMax = SIGMA_MAX, sigma_min: SigmaMin = SIGMA_MIN) -> Sigmas:
    """Each noise level the same share of the one before."""
    return ending_in_zero(polyexponential_ramp(steps, sigma_min, sigma_max))


@schedule_node("PolyexponentialScheduler")
def polyexponential(
    steps: Steps = 20,
    sigma_max: SigmaMax = SIGMA_MAX,
    sigma_min: SigmaMin = SIGMA_MIN,
    rho: Annotated[
        float, Field(ge=0.0, le=100.0, description="1 is exponential; more spends more steps on little noise."), FINE
    ] = 1.0,
) -> Sigmas:
    """The noise level's logarithm falls as a power of the steps that are left."""
    return ending_in_zero(polyexponential_ramp(steps, sigma_min, sigma_max, rho))


@schedule_node("LaplaceScheduler")
def laplace(
    steps: Steps = 20,
    sigma_max: SigmaMax = SIGMA_MAX,
    sigma_min: SigmaMin = SIGMA_MIN,
    mu: Annotated[
        float,
        Field(ge=-10.0, le=10.0, description="The logarithm of the level with most steps around it."),
        Widget(step=0.1, round=False),
    ] = 0.0,
    beta: Annotated[
        float,
        Field(ge=0.0, le=10.0, description="How far the steps spread from there."),
        Widget(step=0.1, round=False),
    ] = 0.5,
) -> Sigmas:
    """Most steps around one noise level. It does not end in 0: the last level's noise stays."""
    return laplace_ramp(steps, sigma_min, sigma_max, mu, beta)


@schedule_node("VPScheduler")
def variance_preserving(
    steps: Steps = 20,
    beta_d: Annotated[float, Field(ge=0.0, le=5000.0), FINE] = 19.9,
    beta_min: Annotated[float, Field(ge=0.0, le=5000.0), FINE] = 0.1,
    eps_s: Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.0001, round=False)] = 0.001,
) -> Sigmas:
    """Even in the time of a variance preserving diffusion whose beta rises by beta_d from beta_min."""
    return ending_in_zero(vp_ramp(steps, beta_d, beta_min, eps_s))


@schedule_node("BetaSamplingScheduler")
def beta_sampling(
    model: Model,
    steps: Steps = 20,
    alpha: Annotated[float, Field(ge=0.0, le=50.0), FINE] = 0.6,
    beta: Annotated[float, Field(ge=0.0, le=50.0), FINE] = 0.6,
) -> Sigmas:
    """Timesteps as a Beta distribution has them: below 1, dense at both ends."""
    return beta_schedule(model.prediction, steps, alpha, beta)


@schedule_node("SDTurboScheduler")
def turbo(
    model: Model,
    steps: Annotated[int, Field(ge=1, le=TURBO_TIMESTEPS)] = 1,
    denoise: Annotated[float, Field(ge=0, le=1.0), Widget(step=0.01)] = 1.0,
) -> Sigmas:
    """The timesteps that SD-Turbo and SDXL-Turbo were distilled for."""
    return sd_turbo(model.prediction, steps, denoise)


@schedule_node("AlignYourStepsScheduler", module="comfy_extras.nodes_align_your_steps")
def align(
    model_type: Annotated[Literal["SD1", "SDXL", "SVD"], Widget(multiselect=False)] = "SD1",
    steps: Steps = 10,
    denoise: Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.01)] = 1.0,
) -> Sigmas:
    """Noise levels that were optimised for a kind of model, best with ten steps."""
    return align_your_steps(model_type, steps, denoise)


@schedule_node("GITSScheduler", module="comfy_extras.nodes_gits")
def gits(
    coeff: Annotated[
        float,
        Field(ge=0.8, le=1.5, description="The higher, the more of the steps have little noise."),
        Widget(step=0.05),
    ] = 1.2,
    steps: Annotated[int, Field(ge=2, le=1000)] = 10,
    denoise: Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.01)] = 1.0,
) -> Sigmas:
    """Noise levels between which a model's way to the picture is nearly straight, best with few steps."""
    return gits_schedule(coeff, steps, denoise)


@sigmas_node("SplitSigmas")
def split(sigmas: Sigmas, step: Annotated[int, Field(ge=0, le=10_000)] = 0) -> Split:
    """Two schedules for two samplings in a row, the second from a step on."""
    return Split(*sigma_edits.split(sigmas, step))


@sigmas_node("SplitSigmasDenoise")
def split_denoise(sigmas: Sigmas, denoise: Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.01)] = 1.0) -> Split:
    """Two schedules for two samplings in a row, the second a part of the steps."""
    return Split(*sigma_edits.split_denoise(sigmas, denoise))


@sigmas_node("FlipSigmas")
def flip(sigmas: Sigmas) -> Sigmas:
    """A schedule backwards: from a picture to the noise that it came from."""
    return sigma_edits.flipped(sigmas)


@sigmas_node("SetFirstSigma")
def set_first(
    sigmas: Sigmas, sigma: Annotated[float, Field(ge=0.0, le=20_000.0), Widget(step=0.001, round=False)] = 136.0
) -> Sigmas:
    """A schedule with another first noise level."""
    return sigma_edits.beginning_at(sigmas, sigma)


@sigmas_node("ExtendIntermediateSigmas")
def extend(
    sigmas: Sigmas,
    steps: Annotated[int, Field(ge=1, le=100, description="Steps for each one.")] = 2,
    start_at_sigma: Annotated[float, Field(ge=-1.0, le=20_000.0, description="-1 is from the beginning."), FINE] = -1.0,
    end_at_sigma: Annotated[float, Field(ge=0.0, le=20_000.0), FINE] = 12.0,
    spacing: Literal["linear", "cosine", "sine"] = "linear",
) -> Sigmas:
    """More steps where the noise level is between two others."""
    return sigma_edits.extended(sigmas, steps, start_at_sigma, end_at_sigma, spacing)


class SigmaValue(NamedTuple):
    sigma_value: float


@sigmas_node("SamplingPercentToSigma")
def percent_to_sigma(
    model: Model,
    sampling_percent: Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.0001)] = 0.0,
    return_actual_sigma: Annotated[
        bool, Field(description="At 0 and 1 the model's own first and last level, not one above all and 0.")
    ] = False,
) -> SigmaValue:
    """The noise level at a percent of the sampling."""
    prediction = model.prediction
    if return_actual_sigma and sampling_percent in (0, 1):
        return SigmaValue(prediction.sigma_max if sampling_percent == 0 else prediction.sigma_min)
    return SigmaValue(prediction.percent_to_sigma(sampling_percent))
