"""From a network that learns to a file with what it learned."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

import torch
from torch import Tensor, nn

from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.safetensors_writer import Saved
from nodes.diffusion.training.dataset import Dataset
from nodes.diffusion.training.loop import Pace, Task, Training
from nodes.diffusion.training.painting import become_average
from nodes.diffusion.training.runs import run, write
from nodes.diffusion.vae.handle import Vae
from nodes.diffusion.vae.model import AutoencoderKL

N = TypeVar("N", bound=nn.Module)

STATE = "state.pt"

Look: TypeAlias = Callable[[], list[Tensor]]
"""What has been learned so far, as pictures (H, W, 3); it takes a while."""


class Trained(NamedTuple):
    """What came out: a file, and the loss of each step."""

    file: Path
    losses: list[float]


@dataclass(frozen=True)
class Course:
    """Where and how something is learned. ``on_step`` and ``on_part`` may raise to stop it.

    ``workers`` compute side by side; another number of them comes to other last digits, and so to other weights.
    """

    folder: Path
    pace: Pace
    seed: int = 0
    workers: int = 1
    dtype: torch.dtype = torch.bfloat16
    on_step: Callable[[Training, Look], None] = lambda training, look: None
    on_part: Callable[[int, int], None] = lambda done, total: None
    """Hears how many pictures are encoded, before the first step."""

    def take(self, task: Task, look: Callable[[Training], list[Tensor]], content: Callable[[], Saved]) -> Trained:
        """Learn ``task`` to its end. ``content`` is the file's, made once the weights have become their average.

        A training that is at its end already leaves its file as it is. Raises as ``runs.run`` does.
        """
        with closing(Training(task, self.pace, self.seed, self.workers)) as training:
            moved = run(training, self.folder / STATE, lambda at: self.on_step(at, lambda: look(at)))
            file = self.folder / f"{training.step}.safetensors"
            if moved or not file.exists():
                become_average(training)
                write(content(), file)
            return Trained(file, training.losses)


def unlocked(network: N) -> N:
    """A copy that may learn, in float32."""
    copied = copy.deepcopy(network).float().requires_grad_(True)
    return copied.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def ready(network: N, place: Lazy[N]) -> Lazy[N]:
    """A network that is there, as handles have it."""
    return Lazy(lambda: network, Residency(), torch.float32, place.device, origin=place.origin)


def autoencoder(vae: Vae, dataset: Dataset) -> AutoencoderKL:
    """The network of a VAE that a data set's pictures can go through. Raises ValueError."""
    network = vae.network.get()
    if not isinstance(network, AutoencoderKL):
        raise ValueError(f"training needs Stable Diffusion's own kind of VAE, not {vae.network.origin.part}")
    if dataset.size % vae.downscale:
        raise ValueError(
            f"this VAE makes one latent cell of {vae.downscale} pixels a side, and pictures of {dataset.size} are no "
            f"whole number of them"
        )
    return network
