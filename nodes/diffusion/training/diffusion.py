"""Learning to denoise: a U-Net, and with it the text encoder that tells it what to paint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from nodes.diffusion.inputs import Inputs
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.text.tokenizer import END, LENGTH, START, tokenize
from nodes.diffusion.training.dataset import Choice, Dataset
from nodes.diffusion.training.loop import Draw, Group
from nodes.diffusion.training.muon import large_matrices

UNSAID = 0.08
"""How often a caption is left out, so that there is something to guide away from; Ho & Salimans 2022
(arXiv:2207.12598)."""
STRANGE = 0.06
"""How often a word is put into a caption that means nothing, so that unknown ones are passed over."""
STRANGER = tokenize("!")[0]
TEXT_FACTOR = 1.5
"""How much faster than the U-Net the text encoder moves."""
MUON_FACTOR = 2.0
"""How much faster a matrix moves by Muon than by AdamW; not tuned."""

CPU = torch.device("cpu")


class Told(NamedTuple):
    """What a network is told of B pictures."""

    context: Tensor  # (B, T, D): the words
    vector: Tensor | None = None  # (B, V): what some are told beside the words


Text: TypeAlias = Callable[[Tensor], Tensor]
"""Token ids (B, T) -> context (B, T, D)."""
Teller: TypeAlias = Callable[[Sequence[str]], Told]
"""Captions -> what a network is told, by text encoders that stay as they are."""


class Latents(NamedTuple):
    """What there is to learn, encoded once: ``mean`` and ``deviation`` (N, C, h, w) in network scale."""

    choices: Sequence[Choice]
    weights: Tensor  # (N,)
    mean: Tensor
    deviation: Tensor


class Noised(NamedTuple):
    """Latents on their way to noise, and what the network should say of them."""

    x: Tensor  # (B, C, h, w), scaled as the network takes it
    timesteps: Tensor  # (B,)
    target: Tensor  # (B, C, h, w)
    weight: Tensor  # (B,)


@dataclass(frozen=True)
class Denoising:
    """The loss of Ho et al. 2020 (arXiv:2006.11239), weighted by a cap on the signal-to-noise ratio.

    The weight of an error is ``gamma`` times its effect on the clean latent, but 1 at most: for predicted noise that is
    min-SNR of Hang et al. 2023 (arXiv:2303.09556); for v it differs where noise prevails, which is where it is decided
    what a picture shows, and is left whole there. ``noisy`` below 1 draws such timesteps more often:
    ``t = 1000 * u ** noisy``, u evenly in [0, 1).

    Words come from ``text``, which may learn, or, if there is one, from ``teller``, which does not. Behind a text's end
    stands the token ``padding``. Random numbers are drawn on the CPU, and networks compute on ``device``.
    """

    unet: Callable[[Inputs], Tensor]
    text: Text | None
    learned: Sequence[Group]
    prediction: Prediction
    dataset: Dataset
    latents: Latents
    gamma: float = 5.0
    noisy: float = 0.7
    dtype: torch.dtype = torch.bfloat16
    teller: Teller | None = None
    padding: int = END
    device: torch.device = CPU

    def groups(self) -> Sequence[Group]:
        return self.learned

    def loss(self, draw: Draw, count: int, step: int) -> Tensor:
        """The weighted squared error of what is predicted, a scalar."""
        picked = torch.multinomial(self.latents.weights, count, replacement=True, generator=draw.noise)
        choices = [self.latents.choices[n] for n in picked.tolist()]
        tell = self._telling(choices, draw)
        mean = self.latents.mean[picked]
        noised = self._noised(mean + self.latents.deviation[picked] * draw.normal(*mean.shape), draw)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            told = tell()
            output = self.unet(Inputs(noised.x, noised.timesteps, told.context, told.vector))
        error = (output.float() - noised.target).square().mean((1, 2, 3))
        return (noised.weight * error).mean()

    def _noised(self, clean: Tensor, draw: Draw) -> Noised:
        """At timesteps spread evenly over the batch, then bent."""
        count, levels = len(clean), len(self.prediction.sigmas)
        even = (torch.randperm(count, generator=draw.noise) + draw.uniform(count)) / count
        timesteps = (even**self.noisy * levels).long().clamp(max=levels - 1)
        sigma = self.prediction.sigmas[timesteps]
        x = clean + sigma[:, None, None, None] * draw.normal(*clean.shape)
        given = self.prediction.network_input(x, sigma).contiguous(memory_format=torch.channels_last)
        weight = (self.gamma * self.prediction.reach(sigma).square()).clamp(max=1)
        made = Noised(given, timesteps.float(), self.prediction.target(x, sigma, clean), weight)
        return Noised(*(each.to(self.device) for each in made))

    def _telling(self, choices: Sequence[Choice], draw: Draw) -> Callable[[], Told]:
        """What tells the network of pictures: captions are drawn now, encoders that learn compute when it is called."""
        if self.teller is not None:
            told = self.teller([self._words(choice, draw) for choice in choices])
            return lambda: told
        ids = torch.tensor([self._caption(choice, draw) for choice in choices]).to(self.device)
        text = self.text
        if text is None:
            raise ValueError("a network that learns to denoise needs words, of a text encoder or of a teller")
        return lambda: Told(text(ids))

    def _words(self, choice: Choice, draw: Draw) -> str:
        """A caption, or none."""
        return "" if draw.rng.random() < UNSAID else self.dataset.caption(choice, draw.rng)

    def _caption(self, choice: Choice, draw: Draw) -> list[int]:
        """Its tokens, as many as a text has."""
        rng = draw.rng
        ids = tokenize(self._words(choice, draw))
        if rng.random() < STRANGE:
            ids.insert(rng.randint(0, min(len(ids), 4)), STRANGER)
        return padded(ids, self.padding)


def both(unet: nn.Module, text: nn.Module | None = None, *, muon: bool = False) -> Sequence[Group]:
    """All weights of a U-Net and, if it learns too, its text encoder; the large matrices by Muon if asked for."""
    return *moved(unet, 1.0, muon), *(moved(text, TEXT_FACTOR, muon) if text is not None else ())


def moved(network: nn.Module, factor: float, muon: bool) -> Sequence[Group]:
    """All weights of one network."""
    weights = list(network.parameters())
    if not muon:
        return (Group(weights, factor),)
    large = large_matrices(network)
    chosen = {id(weight) for weight in large}
    return Group([w for w in weights if id(w) not in chosen], factor), Group(large, factor * MUON_FACTOR, matrices=True)


def padded(ids: Sequence[int], padding: int = END) -> list[int]:
    """Tokens between a text's start and end, what is too long cut off: ``LENGTH`` of them."""
    ids = [START, *ids[: LENGTH - 2], END]
    return [*ids, *[padding] * (LENGTH - len(ids))]
