"""Nodes that change how a model's estimates are made one; see docs/guidance.md."""

from dataclasses import replace
from functools import partial
from typing import Annotated, NamedTuple

from pydantic import Field

from engine.declare import node
from engine.marks import Widget
from nodes.diffusion.guidance import Guidance
from nodes.diffusion.variants import differential, filtered, projected, scaled
from nodes.types import Cond, LatentOperation, Model, Percent

EXPERIMENTAL = {"experimental": True}

patch_node = partial(node, lane="cpu")
UpTo100 = Annotated[float, Field(ge=0.0, le=100.0), Widget(step=0.01)]
Part = Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.01)]
UpTo10 = Annotated[float, Field(ge=0, le=10), Widget(step=0.01)]


class Patched(NamedTuple):
    """A model, as those nodes call it that ComfyUI declares in its newer way."""

    patched_model: Model


def with_guidance(model: Model, guidance: Guidance) -> Model:
    return replace(model, guidance=guidance)


@patch_node("RescaleCFG", category="advanced/model", module="comfy_extras.nodes_model_advanced")
def rescale_cfg(model: Model, multiplier: Part = 0.7) -> Model:
    """Keep contrast and colours as strong as without guidance; for models that predict velocities above all."""
    return with_guidance(model, replace(model.guidance, combine=partial(scaled.rescaled, multiplier=multiplier)))


@patch_node("CFGZeroStar", category="advanced/guidance", module="comfy_extras.nodes_cfg")
def cfg_zero_star(model: Model) -> Patched:
    """Guide away from the negative words only by how much they differ, not by how sure the model is of them."""
    return Patched(with_guidance(model, model.guidance.adding(before=[projected.zero_star])))


@patch_node("CFGNorm", category="advanced/guidance", module="comfy_extras.nodes_cfg", flags=EXPERIMENTAL)
def cfg_norm(model: Model, strength: UpTo100 = 1.0) -> Patched:
    """Let guidance turn the estimate, not enlarge it: no oversaturation."""
    renorm = partial(scaled.renormed, strength=strength)
    return Patched(with_guidance(model, model.guidance.adding(after=[renorm])))


@patch_node(
    "APG", title="Adaptive Projected Guidance", category="sampling/custom_sampling", module="comfy_extras.nodes_apg"
)
def apg(
    model: Model,
    eta: Annotated[
        float,
        Field(ge=-10.0, le=10.0, description="How much of guidance along the estimate to keep: it is what saturates."),
        Widget(step=0.01),
    ] = 1.0,
    norm_threshold: Annotated[
        float, Field(ge=0.0, le=50.0, description="The most that guidance may measure; 0 for any."), Widget(step=0.1)
    ] = 5.0,
    momentum: Annotated[
        float,
        Field(ge=-5.0, le=1.0, description="How much of the guidance before to add; below 0 pushes away from it."),
        Widget(step=0.01),
    ] = 0.0,
) -> Model:
    """Strong guidance without burnt colours."""
    combine = partial(projected.apg, eta=eta, longest=norm_threshold, momentum=momentum, name="apg")
    return with_guidance(model, replace(model.guidance, combine=combine))


@patch_node("Mahiro", category="_for_testing", module="comfy_extras.nodes_mahiro", flags=EXPERIMENTAL)
def mahiro(model: Model) -> Patched:
    """Guide more by where the positive words point to than by how they differ from the negative ones."""
    return Patched(with_guidance(model, model.guidance.adding(after=[scaled.mahiro])))


@patch_node("TCFG", title="Tangential Damping CFG", category="advanced/guidance", module="comfy_extras.nodes_tcfg")
def tcfg(model: Model) -> Patched:
    """Take out of the negative estimate what has nothing to do with the picture."""
    return Patched(with_guidance(model, model.guidance.adding(before=[projected.tangential])))


@patch_node("FreSca", category="_for_testing", module="comfy_extras.nodes_fresca", flags=EXPERIMENTAL)
def fresca(
    model: Model,
    scale_low: Annotated[UpTo10, Field(description="For large forms.")] = 1.0,
    scale_high: Annotated[UpTo10, Field(description="For details.")] = 1.25,
    freq_cutoff: Annotated[int, Field(ge=1, le=10000, description="Where details begin."), Widget(step=1)] = 20,
) -> Model:
    """Guide large forms and details with strengths of their own."""
    change = partial(filtered.frequencies_scaled, low=scale_low, high=scale_high, cutoff=freq_cutoff)
    return with_guidance(model, model.guidance.adding(before=[change]))


@patch_node("Epsilon Scaling", category="model_patches/unet", module="comfy_extras.nodes_eps")
def epsilon_scaling(
    model: Model,
    scaling_factor: Annotated[float, Field(ge=0.5, le=1.5), Widget(step=0.001, display="number")] = 1.005,
) -> Model:
    """Take the noise for a little less than the model says, since errors add up over steps."""
    rescale = partial(scaled.noise_scaled, factor=scaling_factor)
    return with_guidance(model, model.guidance.adding(after=[rescale]))


@patch_node("TemporalScoreRescaling", title="Temporal Score Rescaling", category="advanced/guidance")
def temporal_score_rescaling(
    model: Model,
    tsr_k: Annotated[
        float, Field(ge=0.01, le=100.0, description="Above 1 is smoother, below 1 richer in detail."), Widget(step=0.01)
    ] = 0.95,
    tsr_sigma: Annotated[
        float, Field(ge=0.01, le=100.0, description="How early it begins to count."), Widget(step=0.01)
    ] = 1.0,
) -> Patched:
    """Draw what is likelier or rarer than the model would."""
    rescale = partial(scaled.temperature_scaled, k=tsr_k, spread=tsr_sigma)
    return Patched(with_guidance(model, model.guidance.adding(after=[rescale])))


@patch_node("CFGOverride", title="CFG Override", category="advanced/guidance")
def cfg_override(
    model: Model,
    cfg: Annotated[float, Field(ge=0.0, le=100.0), Widget(step=0.1)] = 1.0,
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
) -> Model:
    """Guide with another scale during a part of the sampling; of several, the last before the sampler counts."""
    scale_at = partial(scaled.overridden, scale=cfg, start=start_percent, end=end_percent)
    return with_guidance(model, replace(model.guidance, scale_at=(*model.guidance.scale_at, scale_at)))


@patch_node(
    "PerpNeg",
    title="Perp-Neg (DEPRECATED by PerpNegGuider)",
    category="_for_testing",
    module="comfy_extras.nodes_perpneg",
    flags={"deprecated": True, **EXPERIMENTAL},
)
def perp_neg(model: Model, empty_conditioning: Cond, neg_scale: UpTo100 = 1.0) -> Model:
    """Away from the negative words only where they do not contradict the positive ones; see PerpNegGuider."""
    combine = partial(projected.perp_neg_beside, name="perp_neg", scale=neg_scale)
    beside = {**model.guidance.beside, "perp_neg": empty_conditioning}
    return with_guidance(model, replace(model.guidance, combine=combine, beside=beside, always_uncond=True))


@patch_node(
    "LatentApplyOperationCFG",
    category="latent/advanced/operations",
    module="comfy_extras.nodes_latent",
    flags=EXPERIMENTAL,
)
def latent_apply_operation_cfg(model: Model, operation: LatentOperation) -> Model:
    """Do something to what guidance adds, in each step."""
    return with_guidance(model, model.guidance.adding(before=[partial(filtered.operated, operation=operation)]))


@patch_node(
    "DifferentialDiffusion",
    title="Differential Diffusion",
    category="_for_testing",
    module="comfy_extras.nodes_differential_diffusion",
    flags=EXPERIMENTAL,
)
def differential_diffusion(
    model: Model, strength: Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.01)] | None = 1.0
) -> Model:
    """Let grey in a noise mask mean less change: darker cells are painted in the last steps only."""
    mask_at = partial(differential.thresholded, strength=1.0 if strength is None else strength)
    return with_guidance(model, replace(model.guidance, mask_at=mask_at))
