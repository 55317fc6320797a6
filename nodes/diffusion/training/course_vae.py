"""Teaching a VAE."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import torch
from torch import Tensor

from nodes.diffusion import writing
from nodes.diffusion.families.sd15 import SD15
from nodes.diffusion.safetensors_writer import Saved
from nodes.diffusion.training.autoencoder import Autoencoding
from nodes.diffusion.training.course import Course, Trained, autoencoder, ready, unlocked
from nodes.diffusion.training.dataset import Augment, Dataset
from nodes.diffusion.training.latents import check_standardises, encoded, standardise
from nodes.diffusion.training.loop import Training
from nodes.diffusion.training.painting import averaged
from nodes.diffusion.training.runs import on_cores
from nodes.diffusion.vae.handle import Vae, shown
from nodes.diffusion.vae.model import AutoencoderKL

MEASURED = 256
"""Pictures that tell how a VAE's latents are spread."""
SHOWN = 6


def train_vae(vae: Vae, dataset: Dataset, course: Course, kl: float = 2e-3, noise: float | None = None) -> Trained:
    """Teach a VAE a data set; its file has the VAE alone.

    At the end its latents come to unit size, for the scale of SD 1. With ``noise``, a share of their deviation that is
    added to them, only the decoder learns, and they stay. Raises ValueError for a VAE of another kind.
    """
    network = unlocked(autoencoder(vae, dataset))
    if noise is None:
        check_standardises(network)
    few = replace(dataset, examples=dataset.examples[:: -(-len(dataset.examples) // MEASURED)])
    with on_cores(course.workers):
        spread = None if noise is None else noise * latents(network, few, course.seed).std((0, 2, 3))

        def content() -> Saved:
            if noise is None:
                standardise(network, latents(network, few, course.seed), SD15.latent_format)
            return writing.autoencoder(replace(vae, network=ready(network, vae.network)))

        def look(training: Training) -> list[Tensor]:
            with averaged(training):
                return there_and_back(network, dataset)

        task = Autoencoding.of(network, dataset, kl, course.dtype, spread)
        return course.take(task, look, content)


def latents(network: AutoencoderKL, dataset: Dataset, seed: int) -> Tensor:
    """What a VAE makes of a data set, in its own scale: (N, Z, h, w)."""
    return SD15.latent_format.from_network(encoded(network, dataset, SD15.latent_format, seed=seed).mean)


@torch.no_grad()
def there_and_back(network: AutoencoderKL, dataset: Dataset, count: int = SHOWN) -> list[Tensor]:
    """Some pictures of a data set, (H, W, 3) each, and then the same as they come out of a VAE."""
    choices = dataset.choices()
    few = choices[:: max(1, len(choices) // count)][:count]
    still = replace(dataset, augment=Augment())
    pictures = torch.stack([still.picture(choice, Random(n)) for n, choice in enumerate(few)])
    back = network.decode(network.encode(pictures.to(next(network.parameters()))).mean)
    return [*shown(pictures), *shown(back)]
