"""What a U-Net is built of: residual blocks, and changes of resolution. Parameter names match SD checkpoints."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate


def timestep_embedding(timesteps: Tensor, width: int) -> Tensor:
    """Timesteps (B,) as waves (B, width) of many lengths, cosines first; Vaswani et al. 2017, section 3.5."""
    half = width // 2
    frequencies = torch.exp(-math.log(10_000) * torch.arange(half, device=timesteps.device) / half)
    angles = timesteps.float()[:, None] * frequencies
    return torch.cat((angles.cos(), angles.sin()), dim=-1)


class ResBlock(nn.Module):
    """Two convolutions around a shift by the time embedding; He et al. 2015 (arXiv:1512.03385)."""

    def __init__(self, channels: int, emb_channels: int, out_channels: int, groups: int) -> None:
        super().__init__()
        self.in_layers = nn.Sequential(
            nn.GroupNorm(groups, channels), nn.SiLU(), nn.Conv2d(channels, out_channels, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(emb_channels, out_channels))
        # Identity keeps the checkpoint's index 3 for the convolution: dropout sat here in training.
        self.out_layers = nn.Sequential(
            nn.GroupNorm(groups, out_channels),
            nn.SiLU(),
            nn.Identity(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1),
        )
        self.skip_connection = nn.Identity() if channels == out_channels else nn.Conv2d(channels, out_channels, 1)

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        h = self.in_layers(x)  # (B, C, H, W) -> (B, C', H, W)
        h = h + self.emb_layers(emb)[:, :, None, None]  # (B, E) -> (B, C', 1, 1)
        return self.skip_connection(x) + self.out_layers(h)


class Downsample(nn.Module):
    """Half the resolution, by a convolution of stride 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.op = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.op(x)


class Upsample(nn.Module):
    """The resolution of the skip connection that comes next: twice, or one less where a size was odd."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor, size: torch.Size) -> Tensor:
        return self.conv(interpolate(x, size=size, mode="nearest"))
