"""Latents and what a VAE loses, as pictures."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nodes.diffusion.inside.shrinking import shrunk, tile
from nodes.imaging.colours import DIVERGING, bar, diverging, heat
from nodes.imaging.sheets import Tile, sheet


def latent_sheet(samples: Tensor, pictures: Tensor) -> Tensor:
    """Each latent (C, h, w) of a batch, channel by channel, beside its picture (H, W, 3): (B, H', W', 3)."""
    return torch.cat([one_latent(latent, picture) for latent, picture in zip(samples.float(), pictures, strict=True)])


def one_latent(latent: Tensor, picture: Tensor) -> Tensor:
    """Channels share one scale of colours, so that they can be compared."""
    shown, top = shrunk(picture), latent.abs().max().item()
    side = max(shown.shape[:2])
    count, rows, columns = latent.shape
    size = f"{picture.shape[1]} x {picture.shape[0]} pixels,\n3 numbers each\nfrom {columns} x {rows} cells"
    return sheet(
        [
            [
                Tile(shown, size),
                *(Tile(diverging(channel, top), told(channel)) for channel in latent),
                bar(DIVERGING, shown.shape[0], -top, top),
            ]
        ],
        title=f"A latent's {count} channels, and the picture they stand for",
        column_names=["decoded", *(f"channel {n}" for n in range(count))],
        side=side,
    )


def told(channel: Tensor) -> str:
    """Range, mean and standard deviation of (h, w)."""
    low, high, mean, std = (value.item() for value in (channel.min(), channel.max(), *mean_std(channel)))
    return f"{low:.2f} to {high:.2f}\nmean {mean:.2f}\ndeviation {std:.2f}"


def mean_std(channel: Tensor) -> tuple[Tensor, Tensor]:
    return channel.mean(), channel.std(correction=0)


def error_sheet(pictures: Tensor, again: Tensor) -> Tensor:
    """Pictures (B, H, W, 3), as a VAE gives them back, and where these differ: (B, H', W', 3)."""
    return torch.cat([one_error(picture, back) for picture, back in zip(pictures, again, strict=True)])


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
