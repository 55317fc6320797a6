"""TAESD, the tiny autoencoder: nearly the same latents and pictures in a hundredth of the time, with less detail.

Bohan 2023 (https://github.com/madebyollin/taesd, MIT). Parameter names match its two files: layers by number. It works
on latents as the diffusion network sees them, and on pictures in [0, 1].
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn

from nodes.diffusion.header import Header
from nodes.diffusion.tensors import TensorFile, open_tensors

WIDTH = 64  # channels of every layer
HALVINGS = 3
BLOCKS = 3  # at each resolution but the picture's own
LARGEST = 3.0  # latents beyond this do not occur, and are bent back


class Sure(NamedTuple):
    """What a plain encoder says of each latent cell: where it lies."""

    mean: Tensor


class TinyAutoencoder(nn.Module):
    """Both halves, for latents in the VAE's own scale; ``scale`` leads to the network's."""

    def __init__(self, scale: float, channels: int = 4) -> None:
        super().__init__()
        self.scale = scale
        self.encoder, self.decoder = nn.Sequential(*encoder(channels)), nn.Sequential(*decoder(channels))

    def encode(self, image: Tensor) -> Sure:
        """Image (B, 3, H, W) in [-1, 1], sides multiples of 8 -> latent (B, Z, H/8, W/8), unscaled."""
        return Sure(self.encoder((image + 1) / 2) / self.scale)

    def decode(self, latent: Tensor) -> Tensor:
        """Latent (B, Z, h, w), unscaled -> image (B, 3, 8h, 8w) around [-1, 1]."""
        return self.decoder(latent * self.scale) * 2 - 1


class Block(nn.Module):
    """Three convolutions and a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(conv(channels), nn.ReLU(), conv(channels), nn.ReLU(), conv(channels))
        self.fuse = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.fuse(self.conv(x) + x)


class SoftClamp(nn.Module):
    """Into (-3, 3), smoothly."""

    def forward(self, x: Tensor) -> Tensor:
        return (x / LARGEST).tanh() * LARGEST


def conv(channels: int, out_channels: int = WIDTH, stride: int = 1, *, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(channels, out_channels, 3, padding=1, stride=stride, bias=bias)


def encoder(channels: int) -> Iterator[nn.Module]:
    """Picture in [0, 1] -> latent: its layers in order."""
    yield conv(3)
    yield Block(WIDTH)
    for _ in range(HALVINGS):
        yield conv(WIDTH, stride=2, bias=False)
        yield from (Block(WIDTH) for _ in range(BLOCKS))
    yield conv(WIDTH, channels)


def decoder(channels: int) -> Iterator[nn.Module]:
    """Latent -> picture around [0, 1]: its layers in order."""
    yield SoftClamp()
    yield conv(channels)
    yield nn.ReLU()
    for _ in range(HALVINGS):
        yield from (Block(WIDTH) for _ in range(BLOCKS))
        yield nn.Upsample(scale_factor=2)
        yield conv(WIDTH, bias=False)
    yield Block(WIDTH)
    yield conv(WIDTH, 3)


class TwoFiles:
    """The encoder's and the decoder's file as one ``TensorFile``, their tensors below ``encoder.`` and ``decoder.``."""

    def __init__(self, encoder: Path, decoder: Path) -> None:
        """Raises FileNotFoundError, CorruptCheckpoint."""
        self._files: dict[str, TensorFile] = {"encoder.": open_tensors(encoder), "decoder.": open_tensors(decoder)}
        parts = self._files.items()
        self.path = decoder
        self.header = Header(
            {start + name: shape for start, file in parts for name, shape in file.header.shapes.items()}
        )
        self.stamp: tuple[Hashable, ...] = tuple(file.stamp for file in self._files.values())

    def read(self, prefix: str) -> dict[str, Tensor]:
        """Both files' tensors; see ``TensorFile``."""
        return {
            (start + name).removeprefix(prefix): tensor
            for start, file in self._files.items()
            for name, tensor in file.read("").items()
            if (start + name).startswith(prefix)
        }
