"""Which trials there are: three jobs each, and a process killed at a random instant while one of them runs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["worker", "server"]
KINDS: tuple[Kind, ...] = ("worker", "server")
JOBS = 3
SEEDS = 2
"""Of each sampler, so that not every job needs a picture to compare with of its own."""


@dataclass(frozen=True)
class Drawing:
    """A picture that can be drawn again, pixel by pixel."""

    sampler: str
    seed: int
    steps: int

    def workflow(self, prefix: str) -> dict[str, Any]:
        """Text to image with the bundled model, in API format."""
        sampling = {"seed": self.seed, "steps": self.steps, "cfg": 4.0, "sampler_name": self.sampler, "denoise": 1.0}
        links = {"model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "latent_image": ["4", 0]}
        nodes: dict[str, tuple[str, dict[str, Any]]] = {
            "1": ("CheckpointLoaderSimple", {"ckpt_name": "wireloom-mini.safetensors"}),
            "2": ("CLIPTextEncode", {"text": "a rocket on a blue background", "clip": ["1", 1]}),
            "3": ("CLIPTextEncode", {"text": "", "clip": ["1", 1]}),
            "4": ("EmptyLatentImage", {"width": 128, "height": 128, "batch_size": 1}),
            "5": ("KSampler", {**sampling, "scheduler": "normal", **links}),
            "6": ("VAEDecode", {"samples": ["5", 0], "vae": ["1", 2]}),
            "7": ("SaveImage", {"images": ["6", 0], "filename_prefix": prefix}),
        }
        return {node_id: {"class_type": kind, "inputs": inputs} for node_id, (kind, inputs) in nodes.items()}


@dataclass(frozen=True)
class Trial:
    """``kind`` is killed once the job number ``victim`` has run for ``share`` of the time that it takes undisturbed."""

    number: int
    kind: Kind
    jobs: tuple[Drawing, ...]
    victim: int
    share: float

    @property
    def hit(self) -> Drawing:
        """What the victim draws."""
        return self.jobs[self.victim]


def drawn(kills: int, seed: int, samplers: Sequence[str], steps: int, other_steps: int) -> list[Trial]:
    """So many trials: every sampler's turn comes with each kind of kill, and chance says when and beside what."""
    chance = random.Random(seed)

    def drawing(sampler: str, steps: int, taken: Sequence[Drawing]) -> Drawing:
        """One that the trial does not have yet: it would be remembered, or finish with the other."""
        while (made := Drawing(sampler, 1 + chance.randrange(SEEDS), steps)) in taken:
            sampler = chance.choice(samplers)
        return made

    trials = []
    for number in range(kills):
        victim = chance.randrange(JOBS)
        jobs = [drawing(samplers[number // len(KINDS) % len(samplers)], steps, ())]
        while len(jobs) < JOBS:
            jobs.append(drawing(chance.choice(samplers), other_steps, jobs))
        jobs[0], jobs[victim] = jobs[victim], jobs[0]
        trials.append(Trial(number, KINDS[number % len(KINDS)], tuple(jobs), victim, chance.random()))
    return trials
