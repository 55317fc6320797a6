"""Guidance with another scale, or that corrects how large the result is, which high scales exaggerate."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from nodes.diffusion.guidance import Moment, guided
from nodes.diffusion.prediction import Prediction

TINY = 1e-8


def velocity(x: Tensor, sigma: Tensor, denoised: Tensor) -> Tensor:
    """What a v-predicting network would have said; Salimans & Ho 2022, appendix D (arXiv:2202.00512)."""
    variance = sigma**2 + 1
    return (x / variance - denoised) * variance.sqrt() / sigma


def rescaled(moment: Moment, multiplier: float) -> Tensor:
    """CFG whose result varies as much as ``cond`` (1), or a mixture with plain CFG (0), computed on velocities.

    Lin et al. 2023, section 3.4 (arXiv:2305.08891).
    """
    x, sigma = moment.x, moment.sigma
    cond, uncond = (velocity(x, sigma, estimate) for estimate in (moment.cond, moment.uncond))
    plain = guided(cond, uncond, moment.cfg)
    spread, wanted = (each.std((1, 2, 3), keepdim=True) for each in (plain, cond))
    mixed = torch.lerp(plain, plain * (wanted / spread.clamp(min=TINY)), multiplier)
    variance = sigma**2 + 1
    return x / variance - mixed * sigma / variance.sqrt()


def renormed(moment: Moment, result: Tensor, strength: float) -> Tensor:
    """In each cell no longer than ``cond`` is there, times ``strength``.

    The per-token CFG renorm of BAGEL, Deng et al. 2025 (arXiv:2505.14683), on a cell's channels.
    """
    wanted, length = (each.norm(dim=1, keepdim=True) for each in (moment.cond, result))
    return result * ((wanted / (length + TINY)).clamp(max=1) * strength)


def noise_scaled(moment: Moment, result: Tensor, factor: float) -> Tensor:
    """The noise in the estimate divided by ``factor``, against exposure bias.

    Epsilon scaling, Ning et al. 2023 (arXiv:2308.15321).
    """
    return moment.x - (moment.x - result) / factor


def temperature_scaled(moment: Moment, result: Tensor, k: float, spread: float) -> Tensor:
    """As if data that vary by ``spread`` varied by ``spread / sqrt(k)``: above 1 smoother, below 1 richer in detail.

    Temporal score rescaling, Xu et al. 2025 (arXiv:2510.01184): exact for normal data; great sigmas change nothing.
    """
    variance = moment.sigma**2
    return moment.x - (moment.x - result) * ((spread**2 + variance) / (spread**2 / k + variance))


def overridden(cfg: float, sigma: float, prediction: Prediction, *, scale: float, start: float, end: float) -> float:
    """``scale`` between two percents of the way, else ``cfg``; Kynkäänniemi et al. 2024 (arXiv:2404.07724)."""
    active = prediction.percent_to_sigma(end) <= sigma <= prediction.percent_to_sigma(start)
    return scale if active else cfg


def mahiro(moment: Moment, result: Tensor) -> Tensor:
    """From ``cond`` times the scale (0) to the guided result (1): as near to it as ``uncond`` is like their mean.

    Mahiro, by yoinked. Likeness is (1 + cosine) / 2 of signed square roots, cell by cell, averaged over a latent.
    """
    if not moment.has_uncond:
        return result
    leap = moment.cond * moment.cfg
    one, other = signed_root(moment.uncond * moment.cfg), signed_root((leap + result) / 2)
    alike = (1 + cosine_similarity(one, other, dim=1).mean((1, 2))) / 2
    return torch.lerp(leap, result, alike.reshape(-1, 1, 1, 1))


def signed_root(x: Tensor) -> Tensor:
    return x.abs().sqrt() * x.sign()
