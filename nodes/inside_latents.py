"""Nodes that show what latents and VAEs hold, and walk between latents, noises and prompts."""

from functools import partial
from typing import Annotated, NamedTuple

import torch
from pydantic import Field

from engine.context import Context
from engine.marks import Widget
from nodes.diffusion.denoiser import Guider
from nodes.diffusion.inside import latent_view, walks
from nodes.diffusion.rules import Cfg as CfgRule
from nodes.diffusion.samplers import sampler_named
from nodes.diffusion.sampling import Start, StepReport, sample_guided
from nodes.diffusion.sigmas import denoising_sigmas
from nodes.diffusion.vae.handle import centre_cropped
from nodes.inside_film import decoding, encoded, inside
from nodes.latents import there
from nodes.memory import holding
from nodes.sampling import Cfg, SamplerName, SchedulerName, Steps, shared
from nodes.types import Cond, Image, Latent, Model, Seed, Vae

Frames = Annotated[
    int, Field(ge=2, le=1000, description="How many pictures, both ends among them."), Widget(default=12)
]
Back = Annotated[bool, Field(description="Append the way back, so that an animation has no jump where it begins anew.")]


@inside("LatentView", title="Latent View")
def view_latent(ctx: Context, samples: Latent, vae: Vae) -> Image:
    """Show a latent's channels, blue below zero and red above, beside the picture that it stands for."""
    return latent_view.latent_sheet(samples["samples"], decoding(ctx, vae)(samples["samples"]))


class Errors(NamedTuple):
    """The sheet (one for each picture), and the pictures as they came back."""

    sheet: Image
    reconstruction: Image


@inside("VAEErrorMap", title="VAE Error Map")
def map_vae_error(ctx: Context, image: Image, vae: Vae) -> Errors:
    """Encode and decode a picture, and show where the result differs; its sides are cut to whole cells."""
    coder = there(vae)
    again = decoding(ctx, coder)(encoded(ctx, coder, image))
    return Errors(latent_view.error_sheet(centre_cropped(image, coder.downscale)[..., :3], again), again)


@inside("LatentWalk", title="Latent Walk")
def walk_latents(
    ctx: Context, samples_from: Latent, samples_to: Latent, vae: Vae, frames: Frames, there_and_back: Back = True
) -> Image:
    """Decode latents on the arc between two: what lies between two pictures, as the VAE sees it."""
    between = walks.latents_between(samples_from["samples"], samples_to["samples"], frames)
    return finished(decoding(ctx, vae)(between), there_and_back)


@inside("NoiseWalk", title="Noise Walk", lane="sampling")
def walk_noise(
    ctx: Context,
    model: Model,
    seed_from: Seed,
    seed_to: Annotated[int, Field(ge=0, le=2**64 - 1), Widget(default=1, control_after_generate=True)],
    steps: Steps,
    cfg: Cfg,
    sampler_name: SamplerName,
    scheduler: SchedulerName,
    positive: Cond,
    negative: Cond,
    latent_image: Latent,
    vae: Vae,
    frames: Frames,
    there_and_back: Back = True,
) -> Image:
    """Draw a picture from each noise on the arc between those of two seeds: how one picture turns into another.

    What stochastic samplers add on the way is the first seed's throughout.
    """
    walk = Walk(ctx, model, latent_image, vae, seed_from, steps, sampler_name, scheduler, frames)
    drawn = [
        walk.frame(k, positive, negative, cfg, walks.NoiseBetween(seed_from, seed_to, ratio))
        for k, ratio in enumerate(walks.ratios(frames))
    ]
    return finished(torch.cat(drawn), there_and_back)


@inside("PromptWalk", title="Prompt Walk", lane="sampling")
def walk_prompts(
    ctx: Context,
    model: Model,
    seed: Seed,
    steps: Steps,
    cfg: Cfg,
    sampler_name: SamplerName,
    scheduler: SchedulerName,
    positive_from: Cond,
    positive_to: Cond,
    negative: Cond,
    latent_image: Latent,
    vae: Vae,
    frames: Frames,
    there_and_back: Back = True,
) -> Image:
    """Draw a picture from the same noise for words between two prompts: how one thing turns into another."""
    walk = Walk(ctx, model, latent_image, vae, seed, steps, sampler_name, scheduler, frames)
    drawn = [
        walk.frame(k, walks.words_between(positive_from, positive_to, ratio), negative, cfg)
        for k, ratio in enumerate(walks.ratios(frames))
    ]
    return finished(torch.cat(drawn), there_and_back)


class Walk(NamedTuple):
    """What the frames of a walk have in common."""

    ctx: Context
    model: Model
    latent: Latent
    vae: Vae
    seed: int
    steps: int
    sampler_name: str
    scheduler: str
    frames: int

    def frame(self, k: int, positive: Cond, negative: Cond, cfg: float, start: Start | None = None) -> Image:
        """The picture that KSampler would make."""
        sampler = sampler_named(self.sampler_name)
        prediction, last = self.model.prediction, sampler.discard_penultimate
        sigmas = denoising_sigmas(prediction, self.scheduler, self.steps, discard_penultimate=last)
        with holding(self.ctx, "sampling", self.latent, positive, negative):
            guider = Guider(shared(self.ctx, self.model), (positive, negative), CfgRule(cfg))
            found = sample_guided(
                guider, self.latent, sampler, sigmas, seed=self.seed, start=start, on_step=partial(self._tell, k)
            )
        picture: Image = decoding(self.ctx, self.vae)(found.latent["samples"])
        return picture

    def _tell(self, k: int, step: StepReport) -> None:
        self.ctx.progress(k * step.total + step.step + 1, self.frames * step.total)


def finished(frames: Image, there_and_back: bool) -> Image:
    return walks.there_and_back(frames) if there_and_back else frames
