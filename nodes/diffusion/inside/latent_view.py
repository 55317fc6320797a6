"""Latents and what a VAE loses, as pictures."""

from __future__ import annotations

import math

from torch import Tensor

from nodes.diffusion.inside.shrinking import shrunk, tile
from nodes.imaging.colours import bar, diverging, heat
from nodes.imaging.sheets import Tile, batched, sheet


def latent_sheet(samples: Tensor, pictures: Tensor) -> Tensor:
    """Each latent (C, h, w) of a batch, channel by channel, beside its picture (H, W, 3): (B, H', W', 3)."""
    return batched([one_latent(latent, picture) for latent, picture in zip(samples.float(), pictures, strict=True)])


def one_latent(latent: Tensor, picture: Tensor) -> Tensor:
    """Each channel has a scale of colours of its own, around 0: one with far outliers would turn the others pale."""
    shown = shrunk(picture)
    count, rows, columns = latent.shape
    size = f"{picture.shape[1]} x {picture.shape[0]} pixels,\n3 numbers each\nfrom {columns} x {rows} cells"
    return sheet(
        [
            [
                Tile(shown, size),
                *(Tile(diverging(channel, most(channel)), told(channel)) for channel in latent),
            ]
        ],
        title=f"A latent's {count} channels: blue below 0, white at 0, red above",
        column_names=["decoded", *(f"channel {n}" for n in range(count))],
        side=max(shown.shape[:2]),
    )


def told(channel: Tensor) -> str:
    """Range, mean and standard deviation of (h, w)."""
    low, high, mean, std = (value.item() for value in (channel.min(), channel.max(), *mean_std(channel)))
    return f"{low:.2f} to {high:.2f}\nmean {mean:.2f}\ndeviation {std:.2f}\ncolours ±{most(channel):.2f}"


def most(channel: Tensor) -> float:
    return channel.abs().max().item()


def mean_std(channel: Tensor) -> tuple[Tensor, Tensor]:
    return channel.mean(), channel.std(correction=0)


def error_sheet(pictures: Tensor, again: Tensor) -> Tensor:
    """Pictures (B, H, W, 3), as a VAE gives them back, and where these differ: (B, H', W', 3)."""
    return batched([one_error(picture, back) for picture, back in zip(pictures, again, strict=True)])


def one_error(picture: Tensor, back: Tensor) -> Tensor:
    off = (picture - back).abs().mean(-1)
    top = off.max().item()
    return sheet(
        [
            [
                tile(picture),
                tile(back),
                tile(heat(off, top), f"PSNR {psnr(picture, back):.1f} dB\nmean {off.mean():.4f}, at most {top:.3f}"),
                bar(shrunk(picture).shape[0], top),
            ]
        ],
        title="What the VAE keeps of a picture",
        column_names=["the picture", "encoded and decoded", "absolute error (mean over RGB)"],
    )


def psnr(one: Tensor, other: Tensor) -> float:
    """Peak signal-to-noise ratio of pictures in [0, 1], in decibels; infinite for equal ones."""
    error = (one - other).square().mean().item()
    return -10 * math.log10(error) if error else math.inf
