"""Learning to encode pictures as latents, and to decode them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from nodes.diffusion.training.dataset import Choice, Dataset
from nodes.diffusion.training.loop import Draw, Group
from nodes.diffusion.vae.model import AutoencoderKL, Gaussian


@dataclass(frozen=True)
class Autoencoding:
    """Kingma & Welling 2014 (arXiv:1312.6114), with losses that look at colours, edges and coarse tones.

    ``kl`` weighs how near latents are to standard normal noise. As it grows the encoder is less sure of each latent,
    the decoder learns to forgive small errors, and what could not be predicted from words leaves the latents.
    """

    vae: AutoencoderKL
    dataset: Dataset
    choices: Sequence[Choice]
    weights: Tensor  # (N,): how often each choice is drawn
    kl: float = 1e-3
    dtype: torch.dtype = torch.bfloat16

    @classmethod
    def of(cls, vae: AutoencoderKL, dataset: Dataset, kl: float = 1e-3, dtype: torch.dtype = torch.bfloat16) -> Self:
        """On all that may be drawn from a data set."""
        choices = dataset.choices()
        return cls(vae, dataset, choices, dataset.weights(choices), kl, dtype)

    def groups(self) -> Sequence[Group]:
        return [Group(list(self.vae.parameters()))]

    def loss(self, draw: Draw, count: int, step: int) -> Tensor:
        """L1 of pixels, of their differences to their neighbours and of 4x4 blocks, squared error, and divergence."""
        pictures = self._drawn(draw, count).contiguous(memory_format=torch.channels_last)
        with torch.autocast(pictures.device.type, self.dtype, enabled=self.dtype != torch.float32):
            encoded = self.vae.encode(pictures)
            mean, logvar = encoded.mean.float(), encoded.logvar.float().clamp(-20, 4)
            latent = mean + (logvar / 2).exp() * draw.normal(*mean.shape)
            painted = self.vae.decode(latent)
        return rebuilt(painted.float(), pictures) + self.kl * divergence(Gaussian(mean, logvar))

    def _drawn(self, draw: Draw, count: int) -> Tensor:
        """(B, 3, H, W) in [-1, 1]."""
        picked = torch.multinomial(self.weights, count, replacement=True, generator=draw.noise)
        return torch.stack([self.dataset.picture(self.choices[n], draw.rng) for n in picked.tolist()])


def rebuilt(painted: Tensor, pictures: Tensor) -> Tensor:
    """How far a picture is from what it should be, a scalar."""
    error = painted - pictures
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return error.abs().mean() + 0.7 * edges + 0.5 * avg_pool2d(error, 4).abs().mean() + 2 * error.square().mean()


def divergence(encoded: Gaussian) -> Tensor:
    """Kullback-Leibler divergence from standard normal, mean per latent element."""
    return 0.5 * (encoded.mean.square() + encoded.logvar.exp() - 1 - encoded.logvar).mean()
