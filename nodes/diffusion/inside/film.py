"""Backward diffusion as a film strip: how a sampling's noise becomes a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from nodes.diffusion.inside.forward import Decode
from nodes.diffusion.inside.shrinking import tile
from nodes.diffusion.inside.watching import Seen
from nodes.diffusion.latent import LatentFormat
from nodes.imaging.colours import bar, heat
from nodes.imaging.sheets import batched, sheet

ROWS = (
    "x_t, decoded\n(scaled to the\nvariance of a picture)",
    "the clean picture\nthat the network\npredicts",
    "the noise that\nit predicts,\ndecoded",
    "how far its picture\nis from the result\n(mean over RGB)",
)
GAP = 8  # pixels between the halves of a frame


def film_strip(seen: Sequence[Seen], result: Tensor, latent_format: LatentFormat, decode: Decode) -> Tensor:
    """A sheet for each picture of the batch, its steps from left to right: (B, H, W, 3).

    ``result`` (B, C, h, w) is the finished latent, in the VAE's scale.
    """
    final = decode(result)  # (B, H, W, 3)
    noisy, clean, noise = (
        torch.stack([decode(latent_format.from_network(part(each))) for each in seen])  # (T, B, H, W, 3)
        for part in (unit, denoised, predicted_noise)
    )
    return batched([one_strip(seen, noisy[:, b], clean[:, b], noise[:, b], final[b]) for b in range(len(final))])


def one_strip(seen: Sequence[Seen], noisy: Tensor, clean: Tensor, noise: Tensor, final: Tensor) -> Tensor:
    """Of pictures (T, H, W, 3) and the final one (H, W, 3)."""
    off = (clean - final).abs().mean(-1)  # (T, H, W)
    top, last = off.max().item(), tile(final)
    errors = [
        tile(heat(each, top), f"RMSE {rmse(picture, final):.3f}") for each, picture in zip(off, clean, strict=True)
    ]
    return sheet(
        [
            [*map(tile, noisy), last],
            [*map(tile, clean), last],
            list(map(tile, noise)),
            [*errors, bar(last.picture.shape[0], top)],
        ],
        title="Backward diffusion: noise becomes a picture",
        row_names=ROWS,
        column_names=[*(each.label for each in seen), "the result\nσ 0"],
    )


def film_frames(seen: Sequence[Seen], result: Tensor, latent_format: LatentFormat, decode: Decode) -> Tensor:
    """For an animation: each step's x_t beside the clean picture that was predicted there, and at last the result.

    (T + 1, H, W, 3), of the batch's first latent, full size.
    """
    rows = [(unit(each)[:1], denoised(each)[:1]) for each in seen]
    halves = [decode(torch.cat([latent_format.from_network(row[k]) for row in rows])) for k in range(2)]
    final = decode(result[:1])
    left, right = (torch.cat((half, final)) for half in halves)
    return torch.cat((left, torch.ones_like(left[:, :, :GAP]), right), 2)


def unit(seen: Seen) -> Tensor:
    return seen.unit


def denoised(seen: Seen) -> Tensor:
    return seen.denoised


def predicted_noise(seen: Seen) -> Tensor:
    return seen.noise


def rmse(one: Tensor, other: Tensor) -> float:
    return math.sqrt((one - other).square().mean().item())
