"""Sums, products and mixtures of latents. Where there are two, the second is fitted to the first's size and batch."""

from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.latents import Latent, fitted
from nodes.diffusion.resizing import match_batch


def pair(first: Latent, second: Latent) -> tuple[Tensor, Tensor]:
    """Both samples (B, C, h, w). Raises ValueError if they have not as many channels."""
    a: Tensor = first["samples"]
    return a, match_batch(fitted(second["samples"], a), len(a)).to(a)


def add(first: Latent, second: Latent) -> dict[str, Any]:
    """The sum."""
    a, b = pair(first, second)
    return {**first, "samples": a + b}


def subtract(first: Latent, second: Latent) -> dict[str, Any]:
    """The difference."""
    a, b = pair(first, second)
    return {**first, "samples": a - b}


def multiply(latent: Latent, factor: float) -> dict[str, Any]:
    """Each value times ``factor``."""
    return {**latent, "samples": latent["samples"] * factor}


def blend(first: Latent, second: Latent, share: float) -> dict[str, Any]:
    """``first * share + second * (1 - share)``."""
    a, b = pair(first, second)
    return {**first, "samples": a * share + b * (1 - share)}


def interpolate(first: Latent, second: Latent, ratio: float) -> dict[str, Any]:
    """Between two latents, cell by cell: directions and lengths of the channel vectors are mixed separately.

    A ratio of 1 is the first alone, 0 the second. Where the directions cancel each other out, the result is 0.
    """
    a, b = pair(first, second)
    directions = unit(a) * ratio + unit(b) * (1 - ratio)
    lengths = a.norm(dim=1, keepdim=True) * ratio + b.norm(dim=1, keepdim=True) * (1 - ratio)
    return {**first, "samples": unit(directions) * lengths}


def unit(vectors: Tensor) -> Tensor:
    """Channel vectors (B, C, h, w) at length 1; those of length 0 stay."""
    return torch.nan_to_num(vectors / vectors.norm(dim=1, keepdim=True))
