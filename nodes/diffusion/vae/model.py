"""The KL autoencoder: pictures to latents and back; Kingma & Welling 2014 (arXiv:1312.6114), Rombach et al. 2022.

A latent is 8 times smaller a side, has 4 channels, and is what diffusion works on.
"""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.functional import silu

from nodes.diffusion.vae.blocks import EPS, Downsample, Level, Middle, Upsample
from nodes.diffusion.vae.config import VAEConfig


class Gaussian(NamedTuple):
    """What an encoder says of each latent cell: where it lies, and how sure it is."""

    mean: Tensor
    logvar: Tensor


class Encoder(nn.Module):
    """Image (B, 3, H, W) in [-1, 1] -> moments (B, 2·Z, H/8, W/8)."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        widths, groups = config.widths, config.groups
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        self.down = nn.ModuleList()
        for n, width in enumerate(widths):
            level = Level(widths[max(n - 1, 0)], width, config.blocks, groups)
            if n < len(widths) - 1:
                level.downsample = Downsample(width)
            self.down.append(level)
        self.mid = Middle(widths[-1], groups)
        self.norm_out = nn.GroupNorm(groups, widths[-1], eps=EPS)
        self.conv_out = nn.Conv2d(widths[-1], 2 * config.latent_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        for level in self.down:
            x = level(x)
        return self.conv_out(silu(self.norm_out(self.mid(x))))


class Decoder(nn.Module):
    """Latent (B, Z, h, w) -> image (B, 3, 8h, 8w) around [-1, 1]."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        widths, groups = config.widths, config.groups
        self.conv_in = nn.Conv2d(config.latent_channels, widths[-1], 3, padding=1)
        self.mid = Middle(widths[-1], groups)
        self.up = nn.ModuleList()
        for n, width in enumerate(widths):
            level = Level(widths[min(n + 1, len(widths) - 1)], width, config.blocks + 1, groups)
            if n > 0:
                level.upsample = Upsample(width)
            self.up.append(level)
        self.norm_out = nn.GroupNorm(groups, widths[0], eps=EPS)
        self.conv_out = nn.Conv2d(widths[0], 3, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.mid(self.conv_in(z))
        for level in reversed(self.up):
            x = level(x)
        return self.conv_out(silu(self.norm_out(x)))


class AutoencoderKL(nn.Module):
    """Encoder and decoder. Parameter names match SD checkpoints."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.config = config
        z = config.latent_channels
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.quant_conv = nn.Conv2d(2 * z, 2 * z, 1) if config.quantised else nn.Identity()
        self.post_quant_conv = nn.Conv2d(z, z, 1) if config.quantised else nn.Identity()

    def encode(self, image: Tensor) -> Gaussian:
        """Image (B, 3, H, W) in [-1, 1], sides multiples of 8 -> a Gaussian over latents (B, Z, H/8, W/8)."""
        return Gaussian(*self.quant_conv(self.encoder(image)).chunk(2, dim=1))

    def decode(self, latent: Tensor) -> Tensor:
        """Latent (B, Z, h, w), unscaled -> image (B, 3, 8h, 8w) around [-1, 1]."""
        return self.decoder(self.post_quant_conv(latent))
