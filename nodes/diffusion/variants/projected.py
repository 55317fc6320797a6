"""Guidance by directions: which part of one estimate lies along another. Products are of whole latents."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from nodes.diffusion.guidance import Moment

TINY = 1e-8  # keeps the projection onto nothing from 0 / 0


def product(a: Tensor, b: Tensor) -> Tensor:
    """The dot product of each latent of (B, C, h, w) with its like: (B, 1, 1, 1)."""
    return (a * b).sum((1, 2, 3), keepdim=True)


def along(a: Tensor, b: Tensor) -> Tensor:
    """The part of each latent of ``a`` that is parallel to ``b``."""
    return product(a, b) / product(b, b).clamp(min=TINY) * b


def zero_star(moment: Moment) -> Moment:
    """The unconditional noise scaled to come nearest to the conditional one.

    CFG-Zero*, Fan et al. 2025 (arXiv:2503.18886), without its zero-init.
    """
    cond, uncond = moment.x - moment.cond, moment.x - moment.uncond
    scale = product(cond, uncond) / (product(uncond, uncond) + TINY)
    return replace(moment, uncond=moment.x - scale * uncond)


def tangential(moment: Moment) -> Moment:
    """The unconditional noise without what is at right angles to the direction that both estimates have in common.

    TCFG, Kwon et al. 2025 (arXiv:2503.18137). That direction, the first singular vector of both as rows, is a sum of
    them, weighted by the first eigenvector of their 2 x 2 products, whose angle has a closed form.
    """
    cond, uncond = moment.x - moment.cond, moment.x - moment.uncond
    angle = torch.atan2(2 * product(cond, uncond), product(cond, cond) - product(uncond, uncond)) / 2
    common = angle.cos() * cond + angle.sin() * uncond
    return replace(moment, uncond=moment.x - along(uncond, common))


def apg(moment: Moment, eta: float, longest: float, momentum: float, name: str) -> Tensor:
    """Adaptive projected guidance; Sadat et al. 2024 (arXiv:2410.02416).

    The guidance is averaged over evaluations by ``momentum`` (negative: away from the last), made at most ``longest``
    long (0: as it is), and its part along ``cond``, which is what saturates, multiplied by ``eta``. ``name`` is where
    the average is remembered; a sampling begins without one.
    """
    change = moment.cond - moment.uncond
    if momentum:
        if name in moment.memory:
            change = change + momentum * moment.memory[name]
        moment.memory[name] = change
    if longest > 0:
        length = product(change, change).sqrt()
        change = change * (longest / length.clamp(min=TINY)).clamp(max=1)
    parallel = along(change, moment.cond)
    return moment.cond + (moment.cfg - 1) * (change - parallel + eta * parallel)


def perp_neg(cond: Tensor, negative: Tensor, empty: Tensor, cfg: float, scale: float) -> Tensor:
    """Away from the negative words only as far as they are not in the way of the positive ones.

    Perp-Neg, Armandpour et al. 2023 (arXiv:2304.04968), its ``w`` being ``scale``. As in ComfyUI, the
    product is that of the whole batch.
    """
    towards, away = cond - empty, negative - empty
    shared = (towards * away).sum() / (towards * towards).sum().clamp(min=TINY)
    perpendicular = away - shared * towards
    return empty + cfg * (towards - scale * perpendicular)


def perp_neg_beside(moment: Moment, name: str, scale: float) -> Tensor:
    """``perp_neg`` where the negative words are in the negative list, and the empty ones stand ``beside``."""
    return perp_neg(moment.cond, moment.uncond, moment.beside[name], moment.cfg, scale)
