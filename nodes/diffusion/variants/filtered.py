"""Guidance that changes the difference between ``cond`` and ``uncond`` itself, before it is scaled up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from nodes.diffusion.guidance import Moment


def operated(moment: Moment, operation: Callable[[Tensor], Tensor]) -> Moment:
    """Any function of (B, C, h, w) on the difference; on ``cond`` itself where there is nothing to differ from."""
    if not moment.has_uncond:
        return replace(moment, cond=operation(moment.cond))
    return replace(moment, cond=moment.uncond + operation(moment.cond - moment.uncond))


def frequencies_scaled(moment: Moment, low: float, high: float, cutoff: int) -> Moment:
    """The difference with its low spatial frequencies times ``low`` and the others times ``high``.

    FreSca, Huang et al. 2025 (arXiv:2504.02154). Frequencies below ``cutoff`` are low, in waves per
    latent; those of both axes have to be.
    """
    if not moment.has_uncond:
        return moment
    change = moment.cond - moment.uncond
    waves = [torch.fft.fftfreq(size, 1 / size, device=change.device).round() for size in change.shape[-2:]]
    is_low = [(-cutoff <= wave) & (wave < cutoff) for wave in waves]
    scale = torch.where(is_low[0][:, None] & is_low[1], low, high)
    filtered = torch.fft.ifft2(torch.fft.fft2(change) * scale).real
    return replace(moment, cond=moment.uncond + filtered)
