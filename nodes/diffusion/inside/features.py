"""Feature maps of a U-Net's blocks at one step of a sampling, and what of them fits into a picture."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from nodes.diffusion.inside.anatomy import Key
from nodes.diffusion.inside.rows import Rows, key_of, watched_row
from nodes.diffusion.model import Model
from nodes.diffusion.sampling import StepReport
from nodes.diffusion.unet.hooks import Point, Spot

POINTS: tuple[Point, ...] = ("input_block", "middle_block", "output_block_after")
COLOURS = 3


class FeatureWatch:
    """Keeps what blocks give at the first evaluation of one step; see ``rows`` for the row."""

    def __init__(self, step: int, keys: Collection[Key]) -> None:
        """``step`` is counted from 0."""
        self.step, self.keys = step, keys
        self.sigma: float | None = None
        self._now = 0
        self._rows = Rows[Key]()

    def patched(self, model: Model) -> Model:
        """The model, watched."""
        hooks = model.hooks
        for point in POINTS:
            hooks = hooks.adding(point, self)
        return replace(model, hooks=hooks)

    def on_step(self, report: StepReport) -> None:
        """A step is done."""
        self._now = report.step + 1

    def __call__(self, h: Tensor, spot: Spot) -> Tensor:
        """Keeps the features of the row, which go on as they are."""
        row, key = watched_row(spot.inputs), key_of(spot)
        if self._now == self.step and row is not None and key in self.keys:
            self.sigma = spot.inputs.sigma if self.sigma is None else self.sigma
            if spot.inputs.sigma == self.sigma:
                self._rows.keep(key, spot.inputs.first + row, h[row].detach().float().cpu())
        return h

    def features(self) -> dict[Key, Tensor]:
        """(C, h, w) by block. Raises ValueError if the sampling did not come to the step."""
        found = self._rows.taken()
        if not found and self.keys:
            raise ValueError(f"step {self.step} is not one of this sampling's: they are 0 to {self._now - 1}")
        return {key: found[key] for key in self.keys if key in found}


class Projection(NamedTuple):
    """Features in three colours."""

    picture: Tensor
    """(h, w, 3) in [0, 1]: the first three principal components, each from its least to its most."""
    share: float
    """How much of the variance they hold together, 0 to 1."""


def projected(features: Tensor) -> Projection:
    """(C, h, w) by principal components over its pixels; Pearson 1901, Hotelling 1933."""
    channels, height, width = features.shape
    x = features.flatten(1).double()
    x = x - x.mean(1, keepdim=True)
    small = channels <= height * width
    variances, vectors = torch.linalg.eigh(x @ x.T if small else x.T @ x)  # ascending
    top = vectors[:, -COLOURS:].flip(-1).T  # (3, C), or (3, HW): the components themselves, but for their length
    components = top @ x if small else top
    components = torch.cat((components, components.new_zeros(COLOURS - len(components), height * width)))
    # Eigenvectors have no sign: the farthest pixel is made bright.
    farthest = components.gather(1, components.abs().argmax(1, keepdim=True))
    components = components * torch.where(farthest < 0, -1.0, 1.0)
    low, high = components.amin(1, keepdim=True), components.amax(1, keepdim=True)
    tiny = 1e-9 * x.abs().max().clamp(min=1e-30)
    shown = torch.where(high - low > tiny, (components - low) / (high - low).clamp(min=1e-30), 0.5)
    total = variances.clamp(min=0).sum()
    share = (variances[-COLOURS:].sum() / total).item() if total > 0 else 1.0
    return Projection(torch.unflatten(shown.T.float(), 0, (height, width)), share)


def most_active(features: Tensor, count: int) -> list[int]:
    """The channels of (C, h, w) that vary most over the pixels, at most so many, the most active first."""
    variances = features.flatten(1).float().var(1, correction=0)
    return [int(channel) for channel in variances.topk(min(count, len(variances))).indices]
