"""Guidance: two denoised estimates, with and without the prompt, into one."""

import math

from torch import Tensor


def guided(cond: Tensor, uncond: Tensor, cfg: float) -> Tensor:
    """Classifier-free guidance; Ho & Salimans 2022 (arXiv:2207.12598). 0 is uncond, 1 is cond, more exaggerates."""
    return uncond + cfg * (cond - uncond)


def needs_uncond(cfg: float) -> bool:
    """Whether the unconditional estimate matters at this scale; at 1 it cancels out, and half the work with it."""
    return not math.isclose(cfg, 1.0)
