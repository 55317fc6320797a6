"""FreeU: on the way up, more of the backbone and less of what skips it; Si et al. 2023 (arXiv:2309.11497).

The backbone denoises, the skip connections bring back detail, and a trained U-Net leans too much on the latter. So on
the two deepest stages half of the backbone's channels are raised by b, and the lowest frequencies of the skips by s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.model import Model
from nodes.diffusion.unet.hooks import Spot

LOW = 1  # frequencies from -LOW up to LOW, without LOW itself, are low; the paper's r_thresh

Raise: TypeAlias = Callable[[Tensor, float], Tensor]


class Factors(NamedTuple):
    """Of one stage: for the backbone's first half of channels, and for the skip's low frequencies."""

    backbone: float
    skip: float


def freeu(model: Model, first: Factors, second: Factors, raised: Raise) -> Model:
    """With the factors of the deepest stage, 4 times as wide as the network's first, and of the next, 2 times as wide.

    ``raised`` is ``evenly`` for the paper's first version and ``by_structure`` for its second.
    """
    stages = {4: first, 2: second}

    def balance(h: Tensor, skip: Tensor, spot: Spot) -> tuple[Tensor, Tensor]:
        width, rest = divmod(h.shape[1], spot.model_channels)
        factors = stages.get(width) if rest == 0 else None
        if factors is None:
            return h, skip
        return raised(h, factors.backbone), low_frequencies_scaled(skip, factors.skip)

    return replace(model, hooks=model.hooks.adding("output_block", balance))


def evenly(h: Tensor, factor: float) -> Tensor:
    """The first half of the channels of ``h`` (B, C, h, w) times ``factor``."""
    return _first_half_times(h, factor)


def by_structure(h: Tensor, factor: float) -> Tensor:
    """The same, but more where the features' mean over channels is high, and not at all where it is lowest."""
    mean = h.float().mean(1, keepdim=True)  # (B, 1, h, w)
    low, high = mean.amin((2, 3), keepdim=True), mean.amax((2, 3), keepdim=True)
    structure = ((mean - low) / (high - low)).nan_to_num(0.0)  # features that are the same everywhere have none
    return _first_half_times(h, ((factor - 1) * structure + 1).to(h))


def low_frequencies_scaled(x: Tensor, factor: float) -> Tensor:
    """``x`` (B, C, h, w) with its lowest spatial frequencies times ``factor``; computed in float32."""
    frequencies = torch.fft.fftshift(torch.fft.fft2(x.float()), dim=(-2, -1))
    row, column = (side // 2 for side in x.shape[-2:])
    rows, columns = (slice(max(0, middle - LOW), middle + LOW) for middle in (row, column))
    frequencies[..., rows, columns] *= factor
    return torch.fft.ifft2(torch.fft.ifftshift(frequencies, dim=(-2, -1))).real.to(x.dtype)


def _first_half_times(h: Tensor, factor: float | Tensor) -> Tensor:
    half = h.shape[1] // 2
    return torch.cat((h[:, :half] * factor, h[:, half:]), dim=1)
