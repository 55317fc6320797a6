"""Latents turned, mirrored, put side by side and cut. Their noise masks go along."""

from typing import Any

import torch
from torch import Tensor

from nodes.diffusion import noise_masks
from nodes.diffusion.latents import CELL, Latent
from nodes.diffusion.resizing import match_batch

AXES = {"x": -1, "y": -2, "t": -3}
PLANE = 4  # axes of an image's latent (B, C, h, w); a film's has one for time before h


def rotate(latent: Latent, quarters: int) -> dict[str, Any]:
    """Turned clockwise by quarters of a circle."""

    def turned(values: Tensor) -> Tensor:
        return torch.rot90(values, quarters, (-1, -2))

    return {**latent, **noise_masks.changed(latent, turned), "samples": turned(latent["samples"])}


def flip(latent: Latent, axis: str) -> dict[str, Any]:
    """Mirrored: along ``y`` what was above is below, along ``x`` left is right."""

    def mirrored(values: Tensor) -> Tensor:
        return values.flip(AXES[axis])

    return {**latent, **noise_masks.changed(latent, mirrored), "samples": mirrored(latent["samples"])}


def concat(first: Latent, second: Latent, axis: str) -> dict[str, Any]:
    """The second behind the first along ``x``, ``y`` or ``t``, before it along ``-x``, ``-y`` or ``-t``.

    Raises ValueError if they differ along another axis.
    """
    along = axis_of(first, axis.removeprefix("-"))
    a, b = first["samples"], second["samples"]
    if a.ndim != b.ndim or unlike(a, b, along):
        raise ValueError(f"a latent {tuple(b.shape)} cannot be put beside {tuple(a.shape)} along {axis}: sides differ")
    second = {**second, "samples": match_batch(b, len(a)).to(a)}
    ordered = (second, first) if axis.startswith("-") else (first, second)
    masked = noise_masks.joined(ordered, along) if axis.removeprefix("-") != "t" else {}
    return {**first, **masked, "samples": torch.cat([one["samples"] for one in ordered], along)}


def unlike(a: Tensor, b: Tensor, along: int) -> bool:
    """Whether two latents differ on an axis that is neither the batch nor the one along which they are joined."""
    axes = [axis for axis in range(1 - a.ndim, 0) if axis != along]
    return any(a.shape[axis] != b.shape[axis] for axis in axes)


def cut(latent: Latent, axis: str, index: int, amount: int) -> dict[str, Any]:
    """``amount`` cells from ``index`` on, as far as there are; a negative index counts from the end."""
    along = axis_of(latent, axis)
    size = latent["samples"].shape[along]
    start = max(0, size + index) if index < 0 else min(index, size - 1)
    amount = min(amount, size - start)
    taken = {**latent, "samples": latent["samples"].narrow(along, start, amount).clone()}
    if axis == "t":
        return taken
    mask = noise_masks.changed(latent, lambda m: m.narrow(along, start * CELL, amount * CELL).clone(), sized=True)
    return taken | mask


def axis_of(latent: Latent, axis: str) -> int:
    """An axis by its name, counted from the end. Raises ValueError for one that the latent does not have."""
    if axis == "t" and latent["samples"].ndim == PLANE:
        raise ValueError("a latent of pictures (B, C, h, w) has no axis t, which is the time in films")
    return AXES[axis]
