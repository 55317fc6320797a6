"""Which colour a picture's background has."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nodes.diffusion.training.dataset import Background

BORDER = 5 / 128
"""How much of a picture's side is looked at, on each edge."""
TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
"""From linear sRGB to about what the eye's three kinds of cones feel."""
TO_OKLAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


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
    return torch.cdist(oklab(colours), oklab(known)).argmin(dim=1).tolist()


def oklab(colours: Tensor) -> Tensor:
    """sRGB (..., 3) in [0, 1] -> Oklab, where distances are about as large as they look; Ottosson 2020.

    CIELAB takes a strong blue for purple, and RGB a pale orange for gray.
    """
    linear = torch.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    cones = linear @ torch.tensor(TO_CONES).T
    return cones.clamp(min=0) ** (1 / 3) @ torch.tensor(TO_OKLAB).T
