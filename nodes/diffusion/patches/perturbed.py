"""Perturbed-attention guidance: away from what the network makes of it when pixels cannot look at one another.

Ahn et al. 2024 (arXiv:2403.17377): in the bottleneck the attention map becomes the identity, so each pixel keeps its
own value. The estimate that comes of it has lost its structure.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from nodes.diffusion.guidance import Moment
from nodes.diffusion.model import Model
from nodes.diffusion.unet.hooks import NO_HOOKS, Place, Spot

MIDDLE = Place("attn1", "middle", 0)


def perturbed_attention_guidance(model: Model, scale: float) -> Model:
    """With ``scale`` times the difference to the perturbed estimate added: one evaluation of the positive more."""
    perturbed = NO_HOOKS.replacing(MIDDLE, each_for_itself)

    def away(moment: Moment, result: Tensor) -> Tensor:
        return result + scale * (moment.cond - moment.again(0, hooks=perturbed))

    return replace(model, guidance=model.guidance.adding(after=[away])) if scale else model


def each_for_itself(_q: Tensor, _k: Tensor, v: Tensor, _spot: Spot) -> Tensor:
    """Attention whose map is the identity."""
    return v
