"""Nodes that show how noise becomes a picture: forward diffusion, backward diffusion, guidance."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field
from torch import Tensor

from engine.context import Context
from engine.declare import node
from engine.marks import Widget
from nodes.diffusion.inside import film, forward, guidance_view
from nodes.diffusion.inside.schedule_chart import schedule_chart
from nodes.diffusion.inside.watching import Watch
from nodes.diffusion.sampling import sample_latent
from nodes.diffusion.vae import handle, thrift
from nodes.latents import there
from nodes.memory import holding, ladder
from nodes.sampling import Cfg, SamplerName, SchedulerName, Steps, report_to, shared
from nodes.types import Cond, Image, Latent, Model, Seed, Vae

inside = partial(node, category="inside", module="wireloom")

Denoise = Annotated[
    float,
    Field(ge=0.0, le=1.0, description="1 repaints all; less keeps that much more of the input."),
    Widget(step=0.01),
]
ShowSteps = Annotated[
    str,
    Field(description="The steps to show: how many (6), or which of them, from 0, below 0 from the end (0, 2, 5, -1)."),
]


class Diffused(NamedTuple):
    """The strip, the chart, the noisy pictures one by one, and their latents: x_t in the VAE's scale."""

    strip: Image
    schedule: Image
    frames: Image
    noised: Latent


@inside("ForwardDiffusion", title="Forward Diffusion")
def forward_diffusion(
    ctx: Context,
    model: Annotated[Model, Field(description="Whose noise schedule it is.")],
    vae: Annotated[Vae, Field(description="Encodes the picture, and decodes what the noise leaves of it.")],
    timesteps: Annotated[
        str, Field(description="From 0, almost clean, to 999, almost only noise, with commas between them.")
    ] = "0, 40, 160, 400, 999",
    noise_seed: Seed = 0,
    image: Annotated[Image | None, Field(description="The picture; or give a latent.")] = None,
    latent: Annotated[Latent | None, Field(description="The latent, in a picture's stead.")] = None,
) -> Diffused:
    """Add noise to a picture's latent, as much as belongs to each timestep, and show what is left to see."""
    if (image is None) == (latent is None):
        given = "neither" if image is None else "both"
        raise ValueError(f"forward diffusion takes an image or a latent; {given} came")
    latent = latent if image is None else {"samples": encoded(ctx, there(vae), image)}
    assert latent is not None
    found = forward.forward(model, latent, timesteps, noise_seed)
    pictures = decoding(ctx, vae)(found.noised)
    chart = schedule_chart(model.prediction, found.levels)
    return Diffused(forward.strip(found, pictures), chart, pictures, {"samples": found.noised})


class Filmed(NamedTuple):
    """KSampler's latent, the film strip (one for each picture), and frames for an animation."""

    latent: Latent
    film: Image
    frames: Image


@inside("DenoisingFilm", title="Denoising Film", lane="sampling")
def denoising_film(
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
    vae: Annotated[Vae, Field(description="Decodes what is shown.")],
    denoise: Denoise = 1.0,
    show_steps: ShowSteps = "0, 2, 5, 10, -1",
    frames: Annotated[
        Literal["every step", "shown steps"], Field(description="Which steps the animation has a frame of.")
    ] = "every step",
) -> Filmed:
    """A KSampler that shows its steps: the noisy latent, the clean picture and the noise predicted from it."""
    watch, settings = Watch(show_steps), (seed, steps, cfg, sampler_name, scheduler, denoise)
    latent = watched(ctx, watch, model, watch.watching(model), latent_image, positive, negative, *settings)
    decode, result, shown = decoding(ctx, vae), latent["samples"], watch.of_chosen()
    strip = film.film_strip(shown, result, model.latent_format, decode)
    filmed = watch.seen if frames == "every step" else shown
    return Filmed(latent, strip, film.film_frames(filmed, result, model.latent_format, decode))


class Guided(NamedTuple):
    """The latent, the sheet (one for each picture), and the chart of how far cond and uncond are apart."""

    latent: Latent
    sheet: Image
    chart: Image


@inside("GuidanceView", title="Guidance View", lane="sampling")
def guidance_of(
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
    vae: Annotated[Vae, Field(description="Decodes what is shown.")],
    denoise: Denoise = 1.0,
    show_steps: ShowSteps = "0, 2, 5, 10, -1",
) -> Guided:
    """A KSampler that shows its guidance: the clean picture as predicted with the words, without them, and guided."""
    watch, settings = Watch(show_steps), (seed, steps, cfg, sampler_name, scheduler, denoise)
    observed = watch.watching(model, uncond=True)
    latent = watched(ctx, watch, model, observed, latent_image, positive, negative, *settings)
    sheet = guidance_view.guidance_sheet(watch.of_chosen(), cfg, model.latent_format, decoding(ctx, vae))
    return Guided(latent, sheet, guidance_view.norm_chart(watch.seen, cfg))


def watched(
    ctx: Context,
    watch: Watch,
    model: Model,
    observed: Model,
    latent: Latent,
    positive: Cond,
    negative: Cond,
    seed: int,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    denoise: float,
) -> dict[str, Any]:
    """What KSampler does, with every step seen. Not resumed after a crash, since what was seen is not stored.

    Raises ValueError where there is no step to take.
    """
    latest: list[Any] = []
    with holding(ctx, "sampling", latent, positive, negative, latest, watch.seen):
        result = sample_latent(
            shared(ctx, observed),
            latent,
            positive,
            negative,
            seed=seed,
            steps=steps,
            cfg=cfg,
            sampler_name=sampler_name,
            scheduler=scheduler,
            denoise_fraction=denoise,
            on_step=watch.stepping(model, report_to(ctx, model, latest)),
        )
    if not watch.seen:
        raise ValueError(f"there is nothing to show: at denoise {denoise:g} no step is taken")
    return result


def encoded(ctx: Context, vae: handle.Vae, image: Tensor) -> Tensor:
    """The latent of pictures (B, H, W, C), in tiles if memory does not suffice."""
    return ladder(ctx, vae.network).descend(thrift.encoding(vae, image, lambda *_: ctx.check()))


def decoding(ctx: Context, vae: Vae) -> Callable[[Tensor], Tensor]:
    """What makes pictures (B, H, W, 3) of latents in the VAE's scale, in tiles if memory does not suffice."""
    decoder = there(vae)
    return lambda latent: ladder(ctx, decoder.network).descend(thrift.decoding(decoder, latent, lambda *_: ctx.check()))
