"""What nodes do to ComfyUI's latent dicts. Every function makes a new dict and keeps the keys it does not know."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nodes.diffusion import masks, noise_masks
from nodes.diffusion.resizing import match_batch, resize

CELL = 8  # pixels
SMALLEST = 64  # pixels a side of what is resized
LEAST_CELLS = 8  # that a crop leaves on each side

Latent = Mapping[str, Any]


def upscale(latent: Latent, width: int, height: int, method: str, crop: str) -> dict[str, Any]:
    """Resized to ``width`` x ``height`` pixels, at least 64; a 0 keeps the aspect, two keep everything."""
    if width == 0 and height == 0:
        return dict(latent)
    own_height, own_width = latent["samples"].shape[-2:]
    if width == 0:
        height = max(SMALLEST, height)
        width = round(own_width * height / own_height)
    elif height == 0:
        width = max(SMALLEST, width)
        height = round(own_height * width / own_width)
    cells = [max(SMALLEST, side) // CELL for side in (width, height)]
    return {**latent, "samples": resize(latent["samples"], cells[0], cells[1], method, crop)}


def upscale_by(latent: Latent, factor: float, method: str) -> dict[str, Any]:
    """Resized by a factor, to whole cells."""
    height, width = (max(1, round(side * factor)) for side in latent["samples"].shape[-2:])
    return {**latent, "samples": resize(latent["samples"], width, height, method)}


def from_batch(latent: Latent, index: int, length: int) -> dict[str, Any]:
    """``length`` latents from ``index`` on, as far as there are; each keeps its noise."""
    samples = latent["samples"]
    index = min(len(samples) - 1, index)
    part = slice(index, index + min(len(samples) - index, length))
    taken = {**latent, "samples": samples[part].clone(), "batch_index": indices(latent)[part]}
    if (mask := latent.get("noise_mask")) is not None:
        taken["noise_mask"] = (mask if len(mask) == 1 else match_batch(mask, len(samples))[part]).clone()
    return taken


def repeat(latent: Latent, amount: int) -> dict[str, Any]:
    """The batch ``amount`` times over; repetitions get noise of their own."""
    samples = latent["samples"]
    repeated = {**latent, "samples": samples.repeat(amount, 1, 1, 1)}
    if (mask := latent.get("noise_mask")) is not None and len(mask) > 1:
        repeated["noise_mask"] = match_batch(mask, len(samples)).repeat(amount, *[1] * (mask.ndim - 1))
    if "batch_index" in latent:
        own = latent["batch_index"]
        offset = max(own) - min(own) + 1
        repeated["batch_index"] = [i + offset * k for k in range(amount) for i in own]
    return repeated


def join(first: Latent, second: Latent) -> dict[str, Any]:
    """Both batches in one, the second resized to the first; each keeps its noise mask and its draws of noise."""
    second = {**second, "samples": fitted(second["samples"], first["samples"])}
    samples = torch.cat((first["samples"], second["samples"]))
    masked = noise_masks.joined((first, second))
    return {**first, **masked, "samples": samples, "batch_index": indices(first) + indices(second)}


def with_noise_mask(latent: Latent, mask: Tensor) -> dict[str, Any]:
    """Only what ``mask`` ((B,) H, W) selects is to be denoised."""
    return {**latent, "noise_mask": mask.reshape(-1, 1, *mask.shape[-2:])}


def crop(latent: Latent, width: int, height: int, x: int, y: int) -> dict[str, Any]:
    """A rectangle, in pixels, and of the noise mask too; it starts early enough for at least 8 cells to remain."""
    samples = latent["samples"]
    x, y = (
        max(0, min(at // CELL, side - LEAST_CELLS)) for at, side in ((x, samples.shape[-1]), (y, samples.shape[-2]))
    )

    def cut(values: Tensor, cell: int = 1) -> Tensor:
        rows, columns = slice(y * cell, (y + height // CELL) * cell), slice(x * cell, (x + width // CELL) * cell)
        return values[..., rows, columns].clone()

    masked = noise_masks.changed(latent, lambda mask: cut(mask, CELL), sized=True)
    return {**latent, **masked, "samples": cut(samples)}


def composite(destination: Latent, source: Latent, x: int, y: int, feather: int) -> dict[str, Any]:
    """``source`` over ``destination`` at (x, y) pixels, fading over ``feather`` pixels at its edges inside."""
    below = destination["samples"]
    fits(source["samples"], below)
    x, y, reach = x // CELL, y // CELL, feather // CELL
    above = source["samples"][..., : max(0, below.shape[-2] - y), : max(0, below.shape[-1] - x)]
    height, width = above.shape[-2:]
    rows = fade(height, reach, at_start=y > 0, at_end=y + height < below.shape[-2])
    columns = fade(width, reach, at_start=x > 0, at_end=x + width < below.shape[-1])
    weight = (rows[:, None] * columns).to(below)
    result = below.clone()
    place = (..., slice(y, y + height), slice(x, x + width))
    result[place] = torch.lerp(result[place], match_batch(above, len(below)), weight)
    return {**destination, "samples": result}


def composite_masked(
    destination: Latent, source: Latent, x: int, y: int, mask: Tensor | None = None, *, resize_source: bool = False
) -> dict[str, Any]:
    """``source`` over ``destination`` at (x, y) pixels where ``mask`` is 1; without a mask everywhere.

    ``resize_source`` stretches the source to the destination's size first. A place outside is no error.
    """
    below, above = destination["samples"], source["samples"]
    fits(above, below)
    if resize_source:
        above = resize(above, below.shape[-1], below.shape[-2], "bilinear")
    return {**destination, "samples": masks.paste(below, above, x // CELL, y // CELL, mask)}


def fade(size: int, reach: int, *, at_start: bool, at_end: bool) -> Tensor:
    """Ones (size,) that rise from 1/reach over ``reach`` cells at the chosen ends."""
    line, steps = torch.ones(size), min(size, reach)
    slope = torch.arange(1, steps + 1) / max(reach, 1)
    if at_start:
        line[:steps] *= slope
    if at_end:
        line[size - steps :] *= slope.flip(0)
    return line


def fits(samples: Tensor, like: Tensor) -> None:
    """Raises ValueError if the one has not as many channels as the other: then they are of different models."""
    if samples.shape[1] != like.shape[1]:
        raise ValueError(f"a latent of {samples.shape[1]} channels does not fit one of {like.shape[1]}")


def fitted(samples: Tensor, like: Tensor) -> Tensor:
    """``samples`` resized, bilinear and cropped in the middle, to the size of ``like``. Raises as ``fits`` does."""
    fits(samples, like)
    if samples.shape[-2:] == like.shape[-2:]:
        return samples
    return resize(samples, like.shape[-1], like.shape[-2], "bilinear", "center")


def indices(latent: Latent) -> list[int]:
    """Which draws of noise a batch stands for."""
    return list(latent.get("batch_index") or range(len(latent["samples"])))
