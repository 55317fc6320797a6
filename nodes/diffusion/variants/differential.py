"""Differential diffusion: a grey mask says from which noise level on a cell is painted."""

import torch
from torch import Tensor

from nodes.diffusion.prediction import Prediction


def thresholded(
    mask: Tensor, sigma: Tensor, *, sigmas: Tensor, prediction: Prediction, strength: float = 1.0
) -> Tensor:
    """``mask`` at a level: 1 where it is at least the part of the schedule's timesteps that is left, else 0.

    Levin & Fried 2023 (arXiv:2306.00950). ``strength`` mixes that with the mask itself.
    """
    end = sigmas[-1].clamp(min=prediction.sigma_min)
    now, top, bottom = (prediction.timestep(level).item() for level in (sigma, sigmas[0], end))
    left = (now - bottom) / (top - bottom) if top != bottom else 0.0
    return torch.lerp(mask, (mask >= left).to(mask), strength)
