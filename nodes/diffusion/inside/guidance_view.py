"""Classifier-free guidance as pictures: with the words, without, what they differ in, and what is made of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nodes.diffusion.inside.forward import Decode
from nodes.diffusion.inside.shrinking import tile
from nodes.diffusion.inside.watching import Seen
from nodes.diffusion.latent import LatentFormat
from nodes.imaging.charts import Panel, panels
from nodes.imaging.colours import bar, heat
from nodes.imaging.sheets import batched, sheet

ROWS = (
    "with the words\n(cond)",
    "without them\n(uncond)",
    "their difference\n(mean over RGB;\nRMS: in the latent)",
    "guided:\nuncond + cfg ·\n(cond − uncond)",
)


def guidance_sheet(seen: Sequence[Seen], cfg: float, latent_format: LatentFormat, decode: Decode) -> Tensor:
    """A sheet of clean pictures as predicted, for each of the batch; steps from left to right: (B, H, W, 3)."""

    def decoded(parts: Sequence[Tensor]) -> Tensor:
        return torch.stack([decode(latent_format.from_network(part)) for part in parts])  # (T, B, H, W, 3)

    cond, uncond = decoded([each.cond for each in seen]), decoded([each.uncond for each in seen])
    guided = decoded([each.guided for each in seen])
    return batched([one(seen, cfg, cond[:, b], uncond[:, b], guided[:, b]) for b in range(cond.shape[1])])


def one(seen: Sequence[Seen], cfg: float, cond: Tensor, uncond: Tensor, guided: Tensor) -> Tensor:
    """Of pictures (T, H, W, 3)."""
    apart = (cond - uncond).abs().mean(-1)  # (T, H, W)
    top = apart.max().item()
    tiles = [tile(heat(each, top), f"RMS {norm:.3f}") for each, norm in zip(apart, norms(seen), strict=True)]
    return sheet(
        [
            list(map(tile, cond)),
            list(map(tile, uncond)),
            [*tiles, bar(tiles[0].picture.shape[0], top)],
            list(map(tile, guided)),
        ],
        title=f"Guidance at cfg {cfg:g}: the clean picture, as predicted at each step",
        row_names=ROWS,
        column_names=[each.label for each in seen],
    )


def norms(seen: Sequence[Seen]) -> list[float]:
    """The root mean square of cond - uncond, in the network's scale: its norm over the root of how many numbers."""
    return [(each.cond - each.uncond).square().mean().sqrt().item() for each in seen]


def norm_chart(seen: Sequence[Seen], cfg: float) -> Tensor:
    """How much the words change, step by step: (1, H, W, 3)."""
    steps, sizes = [float(each.step) for each in seen], norms(seen)
    noises = [size / each.sigma for size, each in zip(sizes, seen, strict=True)]
    return panels(
        [
            Panel({"": (steps, sizes)}, "of the clean latents that are predicted", "step", "RMS"),
            Panel({"": (steps, noises)}, "of the noises (the same, over σ)", "step", "RMS"),
        ],
        title=f"How far cond and uncond are apart, at cfg {cfg:g}",
    )
