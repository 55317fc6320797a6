"""Walks between two noises, two latents or two prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nodes.diffusion.conditioning import Conditioning, average, with_fields
from nodes.diffusion.noise import StartNoise

PARALLEL = 1e-4
"""Radians between vectors below which the way between them is straight."""


def ratios(frames: int) -> list[float]:
    """How far along each frame is: from 0 to 1."""
    return [k / (frames - 1) for k in range(frames)]


def there_and_back(frames: Tensor) -> Tensor:
    """Frames (N, ...) and the same the other way, without the last and the first: (2 N - 2, ...)."""
    return torch.cat((frames, frames[1:-1].flip(0)))


def spherical(first: Tensor, second: Tensor, ratio: float) -> Tensor:
    """Between two batches (B, ...), item by item along the arc; Shoemake 1985, White 2016 (arXiv:1609.04468).

    Noise of unit variance stays so: straight on, the middle would have half of it. Where two are nearly parallel or
    opposite, or one is 0, there is no one arc, and it goes straight.
    """
    if ratio in (0, 1):
        return second if ratio else first
    one, other = (each.double().flatten(1) for each in (first, second))
    cosine = torch.cosine_similarity(one, other, dim=1).clamp(-1, 1)
    angle = cosine.acos()
    straight = (angle.sin().abs() < PARALLEL) | (one.norm(dim=1) * other.norm(dim=1) == 0)
    sine = torch.where(straight, torch.ones_like(angle), angle.sin())
    shares = [
        torch.where(straight, torch.full_like(angle, part), (part * angle).sin() / sine) for part in (1 - ratio, ratio)
    ]
    mixed = shares[0][:, None] * one + shares[1][:, None] * other
    return mixed.reshape(first.shape).to(first.dtype)


@dataclass(frozen=True)
class NoiseBetween:
    """What a sampling begins with: noise on the arc between those of two seeds."""

    first: int
    second: int
    ratio: float

    def like(self, samples: Tensor, batch_index: Sequence[int] | None = None) -> Tensor:
        """For latents (B, C, h, w), float32, on the CPU."""
        ends = [StartNoise(seed).like(samples, batch_index) for seed in (self.first, self.second)]
        return spherical(ends[0], ends[1], self.ratio)


def latents_between(first: Tensor, second: Tensor, frames: int) -> Tensor:
    """(B, C, h, w) each -> (frames * B, C, h, w). Raises ValueError for latents of different shapes."""
    if first.shape != second.shape:
        raise ValueError(f"a walk goes between latents of one shape, not {list(first.shape)} and {list(second.shape)}")
    return torch.cat([spherical(first, second, ratio) for ratio in ratios(frames)])


def words_between(first: Conditioning, second: Conditioning, ratio: float) -> list[list[object]]:
    """The first at 0, the second at 1, in between the averages of their numbers; see ``conditioning.average``.

    Of the two the longer one's fields (areas, masks ...) count. Raises ValueError for empty ones, or other widths.
    """
    if not first or not second:
        raise ValueError("a walk goes between two conditionings, but one of them is empty")
    one, other = first[0][0], second[0][0]
    if one.shape[-1] != other.shape[-1]:
        raise ValueError(
            f"a walk goes between words of one text encoder, not {one.shape[-1]} and {other.shape[-1]} wide"
        )
    if ratio in (0, 1):
        return with_fields(second if ratio else first)
    if one.shape[1] > other.shape[1]:
        return average(first, second, 1 - ratio)
    return average(second, first, ratio)
