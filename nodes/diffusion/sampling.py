"""Sampling one latent: from noise, along a schedule, to a picture's latent."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor

from nodes.diffusion.conditioning import Conditioning
from nodes.diffusion.denoiser import Denoise, Denoiser, DiffusionModel, Guider
from nodes.diffusion.guidance import Memory
from nodes.diffusion.keeping import KeepUnmasked, keeping
from nodes.diffusion.latent import LatentFormat
from nodes.diffusion.noise import StartNoise
from nodes.diffusion.resizing import match_batch
from nodes.diffusion.resuming import Bookmark, Reached, Store
from nodes.diffusion.rules import Cfg
from nodes.diffusion.samplers import Noise, Sampler, State, Step, sampler_named
from nodes.diffusion.sigmas import between_steps, denoising_sigmas, walkable


@dataclass(frozen=True)
class StepReport:
    """What a finished step had before it: for progress and previews."""

    step: int  # of the schedule, from 0: the last one that is done or begun
    total: int
    denoised: Tensor  # (B, C, h, w), network scale
    x: Tensor  # (B, C, h, w) at the step's first sigma
    past: tuple[Tensor, ...] = ()  # what the sampler remembers for the next one


@dataclass(frozen=True)
class Sampled:
    """A latent after sampling, and the last step's estimate of the clean one; they differ if noise is left over."""

    latent: dict[str, Any]
    denoised: dict[str, Any]


OnStep = Callable[[StepReport], None]


class Start(Protocol):
    """What a sampling begins with; ``noise.StartNoise`` is one."""

    def like(self, samples: Tensor, batch_index: Sequence[int] | None = None) -> Tensor:
        """Noise for latents (B, C, h, w), float32, on the CPU."""


def sample_latent(
    model: DiffusionModel,
    latent: Mapping[str, Any],
    positive: Conditioning,
    negative: Conditioning,
    *,
    seed: int,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    denoise_fraction: float = 1.0,
    add_noise: bool = True,
    start_at_step: int | None = None,
    end_at_step: int | None = None,
    leftover_noise: bool = False,
    on_step: OnStep | None = None,
    store: Store | None = None,
) -> dict[str, Any]:
    """Denoise ``latent`` (ComfyUI's dict, VAE scale) with classifier-free guidance; returns a new dict on the CPU.

    ``on_step`` may raise to cancel. With a ``store`` it goes on where it was when its process died, to the same bytes.
    Raises ValueError for a sampler or scheduler that does not exist.
    """
    sampler = sampler_named(sampler_name)
    sigmas = denoising_sigmas(
        model.prediction,
        scheduler,
        steps,
        denoise_fraction=denoise_fraction,
        discard_penultimate=sampler.discard_penultimate,
    )
    sigmas = between_steps(sigmas, start_at_step, end_at_step, leftover_noise=leftover_noise)
    guider = Guider(model, (positive, negative), Cfg(cfg))
    return sample_guided(
        guider, latent, sampler, sigmas, seed=seed, add_noise=add_noise, on_step=on_step, store=store
    ).latent


def sample_guided(
    guider: Guider[Any],
    latent: Mapping[str, Any],
    sampler: Sampler,
    sigmas: Tensor,
    *,
    seed: int,
    add_noise: bool = True,
    on_step: OnStep | None = None,
    store: Store | None = None,
    start: Start | None = None,
) -> Sampled:
    """Denoise ``latent`` along any schedule under any guider; ``start`` and the rest as in ``sample_along`` and
    ``sample_latent``."""
    denoiser = Denoiser(guider, latent["samples"].shape[-2:])
    return sample_along(
        guider.model,
        latent,
        denoiser,
        sampler,
        sigmas,
        seed=seed,
        add_noise=add_noise,
        on_step=on_step,
        store=store,
        memory=denoiser.memory,
        start=start,
    )


@torch.no_grad()
def sample_along(
    model: DiffusionModel,
    latent: Mapping[str, Any],
    denoise: Denoise,
    sampler: Sampler,
    sigmas: Tensor,
    *,
    seed: int,
    add_noise: bool = True,
    on_step: OnStep | None = None,
    store: Store | None = None,
    memory: Memory | None = None,
    start: Start | None = None,
) -> Sampled:
    """Denoise ``latent`` along any schedule with any denoiser; with fewer than two sigmas there is nothing to do.

    ``start`` makes the noise to begin with, if that is not the seed's.
    ``memory`` is what the denoiser remembers between evaluations; it is stored and brought back with the steps.
    What is found in ``store`` must come from the same call: only its sampler, seed, sigmas and shape are compared.
    Raises ValueError for sigmas that are no schedule, as ``sigmas.walkable`` does.
    """
    sigmas = walkable(sigmas)
    if len(sigmas) < 2:
        return Sampled(dict(latent), dict(latent))
    samples = fitting_channels(latent["samples"], model.latent_format.channels)
    draw = partial((start or StartNoise(seed, silent=not add_noise)).like, batch_index=latent.get("batch_index"))
    clean = to_network(samples.float(), model.latent_format).to(model.device)
    sampler = sampler.settled(model.prediction)
    noise, sigmas = draw(samples).to(model.device), sigmas.to(model.device)

    if (mask := latent.get("noise_mask")) is not None:
        kept_noise = StartNoise(seed + 1).like if sampler.fresh_inpaint_noise else draw
        rule = model.guidance.mask_at
        mask_at = partial(rule, sigmas=sigmas, prediction=model.prediction) if rule else None
        denoise = KeepUnmasked(denoise, keeping(clean, mask, kept_noise), mask_at)

    first = State(noised(clean, noise, sigmas[0], model.prediction.sigma_max))
    source = sampler.noise(first.x, sigmas, seed)
    bookmark = Bookmark(store, sampler, sigmas, seed, memory=memory) if store else None
    reached = (bookmark and bookmark.restore(first, source)) or Reached(first, clean)
    for state, report in states(sampler, reached.state, sigmas, denoise, source):
        reached = Reached(state, report.denoised)
        if bookmark:
            bookmark.reach(reached, source)
        if on_step is not None:
            on_step(report)

    def delivered(samples: Tensor) -> dict[str, Any]:
        return {**latent, "samples": model.latent_format.from_network(samples).cpu()}

    return Sampled(delivered(reached.state.x), delivered(reached.denoised))


def states(
    sampler: Sampler, state: State, sigmas: Tensor, denoise: Denoise, noise: Noise
) -> Iterator[tuple[State, StepReport]]:
    """Step by step from ``state`` to the end of ``sigmas``.

    The caller may stop after any step. Whoever stores the state, ``noise.state()`` and the sigmas can go on from
    there later, with the same bytes.
    """
    total = len(sigmas) - 1
    while state.i < total:
        before = state
        state, denoised = advanced(sampler.step(state, sigmas, noise), denoise)
        yield state, StepReport(max(before.i, state.i - 1), total, denoised, before.x, state.past)


def advanced(step: Step, denoise: Denoise) -> tuple[State, Tensor]:
    """Run one step; its state, and what its first evaluation found."""
    request = next(step)
    answer = denoise(*request)
    first = answer[0] if request.uncond else answer
    while True:
        try:
            request = step.send(answer)
        except StopIteration as end:
            return end.value, first
        answer = denoise(*request)


def noised(clean: Tensor, noise: Tensor, sigma: Tensor, sigma_max: float) -> Tensor:
    """Where sampling starts. From the very top the latent's own unit variance is taken for noise as well."""
    top = sigma > sigma_max or torch.isclose(sigma, sigma.new_tensor(sigma_max), rtol=1e-5, atol=0.0)
    return clean + noise * (1 + sigma**2).sqrt() if top else clean + noise * sigma


def to_network(samples: Tensor, latent_format: LatentFormat) -> Tensor:
    """VAE scale to network scale; an empty latent stays zero, whatever the format's shift."""
    return latent_format.to_network(samples) if samples.any() else samples


def fitting_channels(samples: Tensor, channels: int) -> Tensor:
    """An empty latent (B, C, h, w) made for another kind of model, given this one's channels."""
    if samples.shape[1] == channels or samples.any():
        return samples
    return match_batch(samples.transpose(0, 1), channels).transpose(0, 1)
