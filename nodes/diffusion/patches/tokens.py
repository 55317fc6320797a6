"""Token merging: pixels that are alike look at the others as one; Bolya & Hoffman 2023 (arXiv:2303.17604).

At the level with most pixels, one token of each 2 x 2 is kept as a destination; of the others, those that are most
like one are averaged into it before self-attention, and get its result after that.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from nodes.diffusion.model import Model
from nodes.diffusion.unet.hooks import Spot

STRIDE = 2  # one destination in each square of so many pixels a side


@dataclass(frozen=True, eq=False)
class TokenMerging:
    """Self-attention of ``ratio`` (0 to 1) fewer tokens; at most three quarters of them can go."""

    ratio: float

    def patched(self, model: Model) -> Model:
        """A model with this."""
        if self.ratio == 0:
            return model
        return replace(model, hooks=model.hooks.adding("attn1", self.merge).adding("attn1_out", self.unmerge))

    def merge(self, q: Tensor, k: Tensor, v: Tensor, spot: Spot) -> tuple[Tensor, Tensor, Tensor]:
        """(B, N, C) -> (B, N - r, C), each, by how alike the queries' tokens are."""
        most: tuple[int, int] = spot.notes.setdefault((self, "size"), spot.size)  # that of the first layer in the way
        pixels = math.prod(spot.size)
        if spot.size != most or min(spot.size) < STRIDE or any(each.shape[1] != pixels for each in (q, k, v)):
            return q, k, v
        count = min(int(pixels * self.ratio), pixels - math.prod(side // STRIDE for side in spot.size))
        if count == 0:
            return q, k, v
        merging = spot.notes[self] = matched(q, destinations(spot), count)
        return merging.merged(q), merging.merged(k), merging.merged(v)

    def unmerge(self, out: Tensor, spot: Spot) -> Tensor:
        """(B, N - r, C) -> (B, N, C)."""
        merging: Merging | None = spot.notes.pop(self, None)
        return out if merging is None else merging.unmerged(out)


class Merging(NamedTuple):
    """Which tokens stay by themselves and which go into which destination: places in the whole, and in the latter."""

    alone: Tensor  # (B, S - r)
    gone: Tensor  # (B, r)
    into: Tensor  # (B, r), places among the destinations
    kept: Tensor  # (D,): the destinations, the same in each row

    def merged(self, x: Tensor) -> Tensor:
        """(B, N, C) -> (B, N - r, C): those alone, then the destinations, each the mean of what it is now."""
        into = _wide(self.into, x)
        kept = x[:, self.kept].scatter_reduce(1, into, _taken(x, self.gone), "mean")
        return torch.cat((_taken(x, self.alone), kept), dim=1)

    def unmerged(self, x: Tensor) -> Tensor:
        """(B, N - r, C) -> (B, N, C): each token in its place, with what its destination has if it went into one."""
        alone, kept = torch.split(x, [self.alone.shape[1], len(self.kept)], dim=1)
        whole = x.new_empty(len(x), self.alone.shape[1] + self.gone.shape[1] + len(self.kept), x.shape[2])
        whole[:, self.kept] = kept
        whole.scatter_(1, _wide(self.alone, x), alone)
        return whole.scatter_(1, _wide(self.gone, x), _taken(kept, self.into))


def destinations(spot: Spot) -> Tensor:
    """One place out of each 2 x 2 pixels, drawn anew for each layer and noise level, and the same each time: (D,)."""
    height, width = spot.size
    draw = random.Random(f"{spot.inputs.sigma} {spot.transformer}")  # of its own: nobody else's numbers move
    places = [
        (top + draw.randrange(STRIDE)) * width + left + draw.randrange(STRIDE)
        for top in range(0, height - height % STRIDE, STRIDE)
        for left in range(0, width - width % STRIDE, STRIDE)
    ]
    return torch.tensor(places, device=spot.inputs.x.device)


def matched(tokens: Tensor, kept: Tensor, count: int) -> Merging:
    """Which ``count`` of ``tokens`` (B, N, C) go where: those with the greatest cosine to a destination."""
    others = torch.ones(tokens.shape[1], dtype=torch.bool, device=tokens.device)
    others[kept] = False
    sources = others.nonzero()[:, 0]  # (S,)
    metric = normalize(tokens, dim=-1)
    best, nearest = (metric[:, sources] @ metric[:, kept].transpose(1, 2)).max(-1)  # (B, S)
    order = best.argsort(dim=-1, descending=True, stable=True)
    gone, alone = order[:, :count], order[:, count:]
    return Merging(sources[alone], sources[gone], nearest.gather(1, gone), kept)


def _wide(places: Tensor, x: Tensor) -> Tensor:
    """(B, n) as an index (B, n, C) into ``x``."""
    return places[..., None].expand(-1, -1, x.shape[2])


def _taken(x: Tensor, places: Tensor) -> Tensor:
    """The tokens (B, n, C) at places (B, n)."""
    return x.gather(1, _wide(places, x))
