"""What a VAE's latents look like: their scale, their channels, and roughly their colours."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from torch import Tensor

RGB: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True)
class LatentFormat:
    """The latent space between a VAE and a network.

    Links between nodes carry the VAE's own latents; networks see them shifted and scaled to unit variance.
    """

    scale: float | tuple[float, ...]  # for all channels, or for each
    shift: float | tuple[float, ...] = 0.0
    channels: int = 4
    downscale: int = 8  # pixels per cell, on each axis
    preview: tuple[RGB, ...] = ()  # one row a channel: its part of red, green and blue in [-1, 1]
    preview_bias: RGB = (0.0, 0.0, 0.0)

    def to_network(self, latent: Tensor) -> Tensor:
        """A VAE's latent, as the network sees it."""
        return (latent - channelwise(self.shift, latent)) * channelwise(self.scale, latent)

    def from_network(self, latent: Tensor) -> Tensor:
        """The inverse of ``to_network``."""
        return latent / channelwise(self.scale, latent) + channelwise(self.shift, latent)


def channelwise(values: float | tuple[float, ...], latent: Tensor) -> Tensor | float:
    """A number, or one for each channel, to compute with ``latent`` (B, C, ...)."""
    if isinstance(values, float):
        return values
    return latent.new_tensor(values).reshape(-1, *[1] * (latent.ndim - 2))


SD15 = LatentFormat(
    scale=0.18215,
    preview=(
        (0.3512, 0.2297, 0.3227),
        (0.3250, 0.4974, 0.2350),
        (-0.2829, 0.1762, 0.2721),
        (-0.2120, -0.2616, -0.7177),
    ),
)

SDXL = LatentFormat(
    scale=0.13025,
    preview=(
        (0.3651, 0.4232, 0.4341),
        (-0.2533, -0.0042, 0.1068),
        (0.1076, 0.1111, -0.0362),
        (-0.3165, -0.2492, -0.2188),
    ),
    preview_bias=(0.1084, -0.0175, -0.0011),
)

PLAYGROUND_STD = (8.4927, 5.9022, 6.5498, 5.2299)
PLAYGROUND = replace(
    SDXL,
    scale=tuple(0.5 / std for std in PLAYGROUND_STD),
    shift=(-1.6574, 1.886, -1.383, 2.5155),
)
"""Playground 2.5: SDXL's, each channel brought to a standard deviation of a half."""
