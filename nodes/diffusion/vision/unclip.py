"""Stable unCLIP: what a picture shows, told to a U-Net as a vector beside the words; Ramesh et al. 2022
(arXiv:2204.06125) on Stable Diffusion 2.1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nodes.diffusion.conditioning import Conditioning
from nodes.diffusion.extras import Wish
from nodes.diffusion.unet.blocks import timestep_embedding
from nodes.diffusion.vision.network import ClipVisionOutput

FIELD = "unclip_conditioning"
STEPS = 1000
MOST = 0.999  # of a step's variance
SEED = 0


class Shown(NamedTuple):
    """A picture, how much it counts, and how much noise blurs what it shows: from 0 to 1."""

    output: ClipVisionOutput
    strength: float
    noise: float


def shown(conditioning: Conditioning, picture: Shown) -> list[list[Any]]:
    """Items with one more picture; with no strength the conditioning as it is."""
    if picture.strength == 0:
        return [list(item) for item in conditioning]
    return [[context, {**fields, FIELD: [*fields.get(FIELD, ()), picture]}] for context, fields in conditioning]


@dataclass(frozen=True, eq=False)
class Unclip:
    """The spread of image embeddings in training, (D,) each: noise is added to what is normed by it."""

    mean: Tensor
    std: Tensor

    def vector(self, wish: Wish) -> Tensor:
        """An item's pictures as (1, 2·D): embedding and level of noise, summed by strength; zeros for none.

        Raises ValueError for embeddings of another width.
        """
        pictures: list[Shown] = wish.fields.get(FIELD, [])
        width = len(self.mean)
        total, count = torch.zeros(1, 2 * width), 0
        for picture in pictures:
            for embedding in picture.output.image_embeds:
                if len(embedding) != width:
                    raise ValueError(f"this unCLIP model takes pictures as {width} numbers, not {len(embedding)}")
                total += picture.strength * self.blurred(embedding[None], picture.noise)
                count += 1
        return self.blurred(total[:, :width], 0.0) if count > 1 else total

    def blurred(self, embedding: Tensor, amount: float) -> Tensor:
        """An embedding (1, D) with so much noise, and how much that is as waves: (1, 2·D)."""
        level = round(amount * (STEPS - 1))
        kept = kept_variance(level)
        noise = torch.randn(embedding.shape, generator=torch.Generator().manual_seed(SEED))
        mixed = kept**0.5 * (embedding - self.mean) / self.std + (1 - kept) ** 0.5 * noise
        waves = timestep_embedding(torch.tensor([float(level)]), len(self.mean))
        return torch.cat((mixed * self.std + self.mean, waves), 1)


def kept_variance(level: int) -> float:
    """How much of the signal's variance is left after step ``level``; the cosine schedule of Nichol & Dhariwal 2021
    (arXiv:2102.09672)."""

    def at(step: int) -> float:
        return math.cos((step / STEPS + 0.008) / 1.008 * math.pi / 2) ** 2

    return math.prod(1 - min(1 - at(step + 1) / at(step), MOST) for step in range(level + 1))
