"""Nodes that denoise."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.marks import Choices, Widget
from nodes.diffusion.ladder import Frugal
from nodes.diffusion.preview import preview_jpeg
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.sampling import StepReport, sample_guided, sample_latent
from nodes.diffusion.sigmas import SCHEDULES
from nodes.diffusion.stepper import Stepper
from nodes.memory import holding, ladder
from nodes.types import Cond, Guider, Latent, Model, Noise, Sampler, Seed, Sigmas

PREVIEW_EVERY_S = 0.25

Steps = Annotated[int, Field(ge=1, le=10_000, description="The number of steps of the denoising."), Widget(default=20)]
Cfg = Annotated[
    float,
    Field(ge=0.0, le=100.0, description="How strongly to follow the words; too high looks burnt."),
    Widget(default=8.0, step=0.1, round=0.01),
]
SamplerName = Annotated[str, Choices(lambda: list(SAMPLERS)), Field(description="The algorithm that takes the steps.")]
SchedulerName = Annotated[
    str, Choices(lambda: list(SCHEDULES)), Field(description="How noise is removed step by step.")
]
Switch = Literal["enable", "disable"]


def report_to(ctx: Context, model: Model, latest: list[Any]) -> Callable[[StepReport], None]:
    """Tell a running node's progress after each step, and show how it looks a few times a second, if that is wanted.

    Pictures are made from the latent by a matrix (``latent2rgb``), also for who asks for ``taesd``: that needs a model.
    ``latest`` gets what the sampling holds.
    """
    shown_at = 0.0

    def report(step: StepReport) -> None:
        nonlocal shown_at
        latest[:] = [step.x, step.denoised, step.past]
        now = time.monotonic()
        if ctx.wants_previews and (now - shown_at >= PREVIEW_EVERY_S or step.step + 1 == step.total):
            shown_at = now
            ctx.preview("image/jpeg", preview_jpeg(step.denoised, model.latent_format))
        ctx.progress(step.step + 1, step.total)

    return report


sampler_node = partial(node, category="sampling", lane="sampling")


def shared(ctx: Context, model: Model) -> Model:
    """The model for this node's sampling: by turns with those of other jobs on its device, and careful with memory."""
    sampling = ctx.service(Stepper).sampling(model, ctx.job.urgency, ctx.check)
    return model.through(Frugal(sampling.network, ladder(ctx, model.unet)))


def sampled(
    ctx: Context, guider: Guider, sampler: Sampler, sigmas: Sigmas, latent: Latent, noise: Noise
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What nodes for custom sampling do: the latent, and the last estimate of the clean one."""
    latest: list[Any] = []
    with holding(ctx, "sampling", latent, *guider.lists, latest):
        result = sample_guided(
            replace(guider, model=shared(ctx, guider.model)),
            latent,
            sampler,
            sigmas,
            seed=noise.seed,
            add_noise=not noise.silent,
            on_step=report_to(ctx, guider.model, latest),
            store=ctx.stored,
        )
    return result.latent, result.denoised


@sampler_node("KSampler")
def ksampler(
    ctx: Context,
    model: Model,
    seed: Seed,
    steps: Steps,
    cfg: Cfg,
    sampler_name: SamplerName,
    scheduler: SchedulerName,
    positive: Cond,
    negative: Cond,
    latent_image: Latent,
    denoise: Annotated[
        float,
        Field(ge=0.0, le=1.0, description="1 repaints all; less keeps that much more of the input."),
        Widget(step=0.01),
    ] = 1.0,
) -> Latent:
    """Denoise a latent, guided towards the positive words and away from the negative ones."""
    latest: list[Any] = []
    with holding(ctx, "sampling", latent_image, positive, negative, latest):
        return sample_latent(
            shared(ctx, model),
            latent_image,
            positive,
            negative,
            seed=seed,
            steps=steps,
            cfg=cfg,
            sampler_name=sampler_name,
            scheduler=scheduler,
            denoise_fraction=denoise,
            on_step=report_to(ctx, model, latest),
            store=ctx.stored,
        )


@sampler_node("KSamplerAdvanced", title="KSampler (Advanced)")
def ksampler_advanced(
    ctx: Context,
    model: Model,
    add_noise: Switch,
    noise_seed: Seed,
    steps: Steps,
    cfg: Cfg,
    sampler_name: SamplerName,
    scheduler: SchedulerName,
    positive: Cond,
    negative: Cond,
    latent_image: Latent,
    start_at_step: Annotated[int, Field(ge=0, le=10_000)] = 0,
    end_at_step: Annotated[int, Field(ge=0, le=10_000)] = 10_000,
    return_with_leftover_noise: Literal["disable", "enable"] = "disable",
) -> Latent:
    """Denoise a part of a schedule's steps; several of these in a row share one sampling."""
    latest: list[Any] = []
    with holding(ctx, "sampling", latent_image, positive, negative, latest):
        return sample_latent(
            shared(ctx, model),
            latent_image,
            positive,
            negative,
            seed=noise_seed,
            steps=steps,
            cfg=cfg,
            sampler_name=sampler_name,
            scheduler=scheduler,
            add_noise=add_noise == "enable",
            start_at_step=start_at_step,
            end_at_step=end_at_step,
            leftover_noise=return_with_leftover_noise == "enable",
            on_step=report_to(ctx, model, latest),
            store=ctx.stored,
        )
