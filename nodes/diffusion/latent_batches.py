"""Latents in batches of another size, and which noise each of a batch is given."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import torch

from nodes.diffusion import latents, noise_masks
from nodes.diffusion.latents import Latent

Single = dict[str, Any]


def rebatch(batches: Sequence[Latent], size: int) -> list[dict[str, Any]]:
    """All latents of a list in batches of ``size``, in their order; the last of each kind may be smaller.

    Latents of another height or width begin a new batch. Each keeps its noise mask and its draw of noise; those that
    have none yet are numbered by their place in the list, so that no two get the same.
    """
    rebatched = []
    for _, alike in groupby(singles(batches), key=lambda one: one["samples"].shape):
        group = list(alike)
        rebatched += [together(group[i : i + size]) for i in range(0, len(group), size)]
    return rebatched


def singles(batches: Sequence[Latent]) -> list[Single]:
    """Every latent of every batch by itself."""
    found: list[Single] = []
    for batch in batches:
        numbered = {**batch, "batch_index": batch.get("batch_index") or numbers(len(found), batch)}
        found += [latents.from_batch(numbered, i, 1) for i in range(len(batch["samples"]))]
    return found


def numbers(first: int, batch: Latent) -> list[int]:
    return list(range(first, first + len(batch["samples"])))


def together(group: Sequence[Single]) -> dict[str, Any]:
    """Latents of one size as a batch; what else they carry is the first one's."""
    samples = torch.cat([one["samples"] for one in group])
    batch_index = [one["batch_index"][0] for one in group]
    return {**group[0], **noise_masks.joined(group), "samples": samples, "batch_index": batch_index}


def with_seed_behavior(latent: Latent, behavior: str) -> dict[str, Any]:
    """``fixed`` gives all of a batch the first one's noise, ``random`` each its own."""
    if behavior == "random":
        return {key: value for key, value in latent.items() if key != "batch_index"}
    if behavior != "fixed":
        raise ValueError(f"unknown seed behavior {behavior!r}; known are random, fixed")
    first = latents.indices(latent)[0]
    return {**latent, "batch_index": [first] * len(latent["samples"])}
