"""What a VAE's latents look like: their scale, their channels, and roughly their colours."""

from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

RGB: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True)
class LatentFormat:
    """The latent space between a VAE and a network.

    Links between nodes carry the VAE's own latents; networks see them shifted and scaled to unit variance.
    """

    scale: float
    shift: float = 0.0
    channels: int = 4
    downscale: int = 8  # pixels per cell, on each axis
    preview: tuple[RGB, ...] = ()  # one row a channel: its part of red, green and blue in [-1, 1]
    preview_bias: RGB = (0.0, 0.0, 0.0)

    def to_network(self, latent: Tensor) -> Tensor:
        """A VAE's latent, as the network sees it."""
        return (latent - self.shift) * self.scale

    def from_network(self, latent: Tensor) -> Tensor:
        """The inverse of ``to_network``."""
        return latent / self.scale + self.shift


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
