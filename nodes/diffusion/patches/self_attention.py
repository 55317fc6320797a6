"""Self-attention guidance: away from what the network makes of a latent that is blurred where it looks most.

Hong et al. 2023 (arXiv:2210.00939), algorithm 2. What the bottleneck's self-attention looks at most is where structure
is. There the estimate is blurred, and noised again with the noise that was found; the network's answer to that says
what it makes up without the structure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from nodes.diffusion.attention import split_heads
from nodes.diffusion.guidance import Moment
from nodes.diffusion.model import Model
from nodes.diffusion.unet.hooks import NO_HOOKS, Place, Spot

WATCHED = Place("attn1", "middle", 0, layer=0)
KERNEL = 9  # cells of the blur, as in the authors' code
LOOKED_AT = 1.0  # psi: a token that gets more than the mean of all attention
NEGATIVE = 1  # its place among the conditioning lists


def self_attention_guidance(model: Model, scale: float, blur_sigma: float) -> Model:
    """With ``scale`` times the guidance added; ``blur_sigma`` is in cells.

    Costs two evaluations of the negative words more: one to see where it looks, one of what is blurred there.
    """

    def away(moment: Moment, result: Tensor) -> Tensor:
        watch = Watch(moment.x.shape)
        denoised = moment.again(NEGATIVE, hooks=NO_HOOKS.replacing(WATCHED, watch))
        looked_at = watch.mask()
        if looked_at is None:
            return result
        degraded = torch.where(looked_at, blurred(denoised, blur_sigma), denoised)
        # The noise stays what it was: x - denoised. In terms of it, the guidance is s * (eps(x) - eps(degraded x)).
        answer = moment.again(NEGATIVE, x=degraded + (moment.x - denoised))
        return result + scale * (degraded - answer)

    return replace(model, guidance=model.guidance.adding(after=[away])) if scale else model


@dataclass
class Watch:
    """Attention that notes how much each token is looked at, in one evaluation of latents of ``shape`` (B, C, h, w)."""

    shape: torch.Size
    seen: dict[int, Tensor] = field(default_factory=dict)
    """By row of the batch, (1, h', w'): a row that is computed again, since memory ran out, is there once."""

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, spot: Spot) -> Tensor:
        """Attention with its map written out, (B, heads, N, N)."""
        q, k, v = (split_heads(each, spot.heads) for each in (q, k, v))
        weights = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1)
        if spot.inputs.x.shape[-2:] == self.shape[-2:] and weights.shape[-1] == math.prod(spot.size):
            # Areas of the latent, and tiles of another patch, say nothing about the rest.
            received = weights.float().mean(1).sum(1)  # over heads, then over who looks: (B, N), 1 on average
            maps = torch.unflatten(received, 1, (1, *spot.size))
            self.seen |= {spot.inputs.first + row: one for row, one in enumerate(maps)}
        return (weights @ v).transpose(1, 2).flatten(2)

    def mask(self) -> Tensor | None:
        """Where it is looked at most, (B, 1, h, w) of booleans; None if nothing looked at the latent as a whole."""
        if not self.seen:
            return None
        rows = torch.stack([self.seen[row] for row in sorted(self.seen)])
        # Several items of words: what they look at together.
        items = torch.unflatten(rows, 0, (-1, self.shape[0])).mean(0)
        return interpolate((items > LOOKED_AT).float(), self.shape[-2:], mode="nearest") > 0


def blurred(x: Tensor, sigma: float, size: int = KERNEL) -> Tensor:
    """``x`` (B, C, h, w) under a Gaussian of ``size`` cells a side, mirrored at its edges."""
    if sigma == 0:
        return x
    half = min(size // 2, *(side - 1 for side in x.shape[-2:]))  # a mirror shows no more than there is
    at = torch.arange(-half, half + 1, device=x.device, dtype=x.dtype)
    line = (-(at**2) / (2 * sigma**2)).exp()
    line = line / line.sum()
    channels = x.shape[1]
    mirrored = pad(x, (half,) * 4, mode="reflect")
    across = conv2d(mirrored, line.expand(channels, 1, 1, -1), groups=channels)
    return conv2d(across, line[:, None].expand(channels, 1, -1, 1), groups=channels)
