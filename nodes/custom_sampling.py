"""Nodes that denoise with a sampler, a schedule, a guider and noise chosen one by one."""

from functools import partial
from typing import Annotated, NamedTuple

from engine.context import Context
from engine.declare import node
from engine.marks import Widget
from nodes.diffusion.adding_noise import with_noise
from nodes.diffusion.denoiser import Guider as AnyGuider
from nodes.diffusion.noise import StartNoise
from nodes.diffusion.rules import Cfg as CfgRule
from nodes.sampling import Cfg, sampled
from nodes.types import Cond, Guider, Latent, Model, Noise, Sampler, Seed, Sigmas

MODULE = "comfy_extras.nodes_custom_sampler"

custom_node = partial(node, category="sampling/custom_sampling", lane="sampling", module=MODULE)
noise_node = partial(node, category="sampling/custom_sampling/noise", lane="cpu", module=MODULE)


class Outputs(NamedTuple):
    """The latent, and the last estimate of the clean one."""

    output: Latent
    denoised_output: Latent


@custom_node("SamplerCustom")
def sampler_custom(
    ctx: Context,
    model: Model,
    add_noise: Annotated[bool, Widget(default=True)],
    noise_seed: Seed,
    cfg: Cfg,
    positive: Cond,
    negative: Cond,
    sampler: Sampler,
    sigmas: Sigmas,
    latent_image: Latent,
) -> Outputs:
    """Denoise a latent along any schedule, guided towards the positive words and away from the negative ones.

    ``denoised_output`` is the last estimate of the finished latent, of use where the schedule ends before 0.
    """
    guider = AnyGuider(model, (positive, negative), CfgRule(cfg))
    noise = StartNoise(noise_seed, silent=not add_noise)
    return Outputs(*sampled(ctx, guider, sampler, sigmas, latent_image, noise))


@custom_node("SamplerCustomAdvanced")
def sampler_custom_advanced(
    ctx: Context, noise: Noise, guider: Guider, sampler: Sampler, sigmas: Sigmas, latent_image: Latent
) -> Outputs:
    """Denoise a latent along any schedule, under any guider, from any noise.

    ``denoised_output`` is the last estimate of the finished latent, of use where the schedule ends before 0.
    """
    return Outputs(*sampled(ctx, guider, sampler, sigmas, latent_image, noise))


@noise_node("RandomNoise")
def random_noise(noise_seed: Seed) -> Noise:
    """Noise by a seed."""
    return StartNoise(noise_seed)


@noise_node("DisableNoise")
def disable_noise() -> Noise:
    """No noise: go on with a latent that has some left."""
    return StartNoise(silent=True)


@node("AddNoise", category="_for_testing/custom_sampling/noise", lane="cpu", module=MODULE)
def add_noise(model: Model, noise: Noise, sigmas: Sigmas, latent_image: Latent) -> Latent:
    """Put as much noise on a latent as a schedule would take away."""
    return with_noise(model, latent_image, noise, sigmas)
