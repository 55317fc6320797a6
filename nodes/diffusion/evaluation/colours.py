"""Which colour a picture's background has."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nodes.diffusion.training.dataset import Background

BORDER = 5 / 128
"""How much of a picture's side is looked at, on each edge."""
TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
"""From linear sRGB, by the white of D65; IEC 61966-2-1."""
KNEE = 6 / 29


def ground(pictures: Tensor) -> Tensor:
    """The median of the border of pictures (B, H, W, 3), channel by channel: (B, 3)."""
    height, width = pictures.shape[1:3]
    inside = torch.zeros(height, width, dtype=torch.bool)
    edge = max(1, round(BORDER * min(height, width)))
    inside[edge:-edge, edge:-edge] = True
    return pictures[:, ~inside].median(dim=1).values


def nearest(colours: Tensor, backgrounds: Sequence[Background]) -> list[int]:
    """For each colour (B, 3) in [0, 1] the place of the background that looks most like it."""
    known = torch.tensor([background.colour for background in backgrounds])
    return torch.cdist(lab(colours), lab(known)).argmin(dim=1).tolist()


def lab(colours: Tensor) -> Tensor:
    """sRGB (..., 3) in [0, 1] -> CIELAB under D65, where distances are about as large as they look; CIE 015:2018."""
    linear = torch.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055).clamp(min=0) ** 2.4)
    matrix = torch.tensor(TO_XYZ, dtype=colours.dtype)
    xyz = linear @ matrix.T / matrix.sum(dim=1)
    bent = torch.where(xyz > KNEE**3, xyz.clamp(min=0) ** (1 / 3), xyz / (3 * KNEE**2) + 4 / 29)
    x, y, z = bent.unbind(-1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), dim=-1)
