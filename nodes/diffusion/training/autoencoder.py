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

    With ``noise``, a deviation for each channel, only the decoder learns: from what the encoder says, with so much
    added. So it learns to forgive what a U-Net gets wrong.
    """

    vae: AutoencoderKL
    dataset: Dataset
    choices: Sequence[Choice]
    weights: Tensor  # (N,): how often each choice is drawn
    kl: float = 1e-3
    dtype: torch.dtype = torch.bfloat16
    noise: Tensor | None = None  # (Z,)

    @classmethod
    def of(
        cls,
        vae: AutoencoderKL,
        dataset: Dataset,
        kl: float = 1e-3,
        dtype: torch.dtype = torch.bfloat16,
        noise: Tensor | None = None,
    ) -> Self:
        """On all that may be drawn from a data set."""
        choices = dataset.choices()
        return cls(vae, dataset, choices, dataset.weights(choices), kl, dtype, noise)

    def groups(self) -> Sequence[Group]:
        if self.noise is None:
            return [Group(list(self.vae.parameters()))]
        return [Group([*self.vae.decoder.parameters(), *self.vae.post_quant_conv.parameters()])]

    def loss(self, draw: Draw, count: int, step: int) -> Tensor:
        """L1 of pixels, of their differences to their neighbours and of 4x4 blocks, squared error, and divergence."""
        device = next(self.vae.parameters()).device
        pictures = self._drawn(draw, count).contiguous(memory_format=torch.channels_last).to(device)
        with torch.autocast(device.type, self.dtype, enabled=self.dtype != torch.float32):
            with torch.set_grad_enabled(torch.is_grad_enabled() and self.noise is None):
                encoded = self.vae.encode(pictures)
                mean, logvar = encoded.mean.float(), encoded.logvar.float().clamp(-20, 4)
            normal = draw.normal(*mean.shape).to(device)
            if self.noise is not None:
                painted = self.vae.decode(mean + self.noise.to(device)[:, None, None] * normal)
                return rebuilt(painted.float(), pictures)
            painted = self.vae.decode(mean + (logvar / 2).exp() * normal)
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
