"""The average of weights over the steps, which is what is used in the end: it errs less than the last ones."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Average:
    """Exponential moving average (Polyak & Juditsky 1992; in diffusion since Ho et al. 2020, arXiv:2006.11239).

    The first steps count for less, so that the random start is soon forgotten.
    """

    def __init__(self, weights: Sequence[Tensor], decay: float) -> None:
        self.weights = [each.detach().clone() for each in weights]
        self._decay = decay

    @torch.no_grad()
    def follow(self, weights: Sequence[Tensor], step: int) -> None:
        """After the ``step``-th step, counted from 1."""
        decay = min(self._decay, step / (step + 10))
        torch._foreach_lerp_(self.weights, [each.detach() for each in weights], 1 - decay)
