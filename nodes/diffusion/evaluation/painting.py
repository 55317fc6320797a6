"""Having a checkpoint paint what it is asked, many pictures at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.evaluation.cases import Case
from nodes.diffusion.model import Model
from nodes.diffusion.samplers import sampler_named
from nodes.diffusion.sampling import StepReport, sample_latent
from nodes.diffusion.sigmas import schedule
from nodes.diffusion.text.clip import Clip
from nodes.diffusion.vae.handle import Vae

MOST_STEPS, MOST_CFG = 10_000, 100
OnStep = Callable[[int], None]
"""Hears after each step how many pictures it took further."""


@dataclass(frozen=True)
class Manner:
    """How pictures are sampled; ``at_once`` go through the network together."""

    steps: int = 20
    cfg: float = 4.0
    sampler: str = "ddim"
    scheduler: str = "ddim_uniform"
    side: int = 128  # pixels
    at_once: int = 32

    def __post_init__(self) -> None:
        """Raises ValueError for samplers and schedules that there are not, and numbers that KSampler does not take."""
        if not 0 <= self.cfg <= MOST_CFG or not 0 < self.steps <= MOST_STEPS:
            raise ValueError(
                f"{self.steps} steps at cfg {self.cfg:g} are out of bounds: 1 to {MOST_STEPS}, at 0 to {MOST_CFG}"
            )
        sampler_named(self.sampler)
        schedule(self.scheduler)


class Painter(NamedTuple):
    """All it takes to paint."""

    model: Model
    clip: Clip
    vae: Vae
    manner: Manner = Manner()

    @classmethod
    def of(cls, loader: Loader, path: Path, manner: Manner) -> Painter:
        """Of a checkpoint. Raises as ``Loader.checkpoint`` does; ValueError for one without text encoder or VAE."""
        checkpoint = loader.checkpoint(path)
        if checkpoint.clip is None or checkpoint.vae is None:
            raise ValueError(f"{path.name} has no {'text encoder' if checkpoint.clip is None else 'VAE'} to paint with")
        if manner.side % checkpoint.vae.downscale:
            raise ValueError(f"{manner.side} pixels a side are not a multiple of {checkpoint.vae.downscale}")
        return cls(checkpoint.model, checkpoint.clip, checkpoint.vae, manner)

    def paint(self, cases: Sequence[Case], on_step: OnStep = lambda count: None) -> Iterator[tuple[Case, Tensor]]:
        """Each case with its picture (H, W, 3) in [0, 1], in the order of their seeds.

        The same as a KSampler makes with this seed, but for rounding (and but for samplers that add noise on the way).
        """
        for seed, alike in groupby(sorted(cases, key=lambda case: case.seed), key=lambda case: case.seed):
            together = list(alike)
            for start in range(0, len(together), self.manner.at_once):
                part = together[start : start + self.manner.at_once]
                yield from zip(part, self._painted(part, seed, on_step), strict=True)

    def seconds_a_step(self, prompt: str) -> float:
        """How long a step takes for one picture: a sampling's fastest, whom others on the machine disturbed least."""
        times = [time.perf_counter()]
        self._sampled([prompt], 0, lambda step: times.append(time.perf_counter()))
        return min(after - before for before, after in pairwise(times))

    def _painted(self, cases: Sequence[Case], seed: int, on_step: OnStep) -> Tensor:
        """(B, H, W, 3)."""
        latents = self._sampled([case.prompt for case in cases], seed, lambda step: on_step(len(cases)))
        return self.vae.decode(latents)

    def _sampled(self, prompts: Sequence[str], seed: int, on_step: Callable[[StepReport], None]) -> Tensor:
        """A latent for each prompt, all from the same noise."""
        texts = [self.clip.encode(prompt) for prompt in prompts]
        contexts, pooled = (torch.cat(parts) for parts in zip(*texts, strict=True))
        nothing, pooled_nothing = self.clip.encode("")
        side = self.manner.side // self.vae.downscale
        samples = torch.zeros(len(prompts), self.model.latent_format.channels, side, side)
        latent: Tensor = sample_latent(
            self.model,
            {"samples": samples, "batch_index": [0] * len(prompts)},
            [[contexts, {"pooled_output": pooled}]],
            [[nothing, {"pooled_output": pooled_nothing}]],
            seed=seed,
            steps=self.manner.steps,
            cfg=self.manner.cfg,
            sampler_name=self.manner.sampler,
            scheduler=self.manner.scheduler,
            on_step=on_step,
        )["samples"]
        return latent
