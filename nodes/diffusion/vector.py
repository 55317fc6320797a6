"""What SDXL is told beside the words, as one vector: Podell et al. 2023, section 2.2 (arXiv:2307.01952)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.extras import Wish
from nodes.diffusion.unet.blocks import timestep_embedding

CELL = 8  # pixels
WAVES = 256  # numbers that tell one number
LIKED, DISLIKED = 6.0, 2.5
"""Aesthetic scores where none is asked for, of the positive and of the negative list."""


def sdxl_vector(wish: Wish) -> Tensor:
    """Pooled text, then the size, the crop and the target size: (1, P + 6·256). Raises ValueError without a text."""
    fields = wish.fields
    height, width = sizes(wish)
    crop = (fields.get("crop_h", 0), fields.get("crop_w", 0))
    target = (fields.get("target_height", height), fields.get("target_width", width))
    return told(fields, height, width, *crop, *target)


def refiner_vector(wish: Wish) -> Tensor:
    """Pooled text, then the size, the crop and how beautiful: (1, P + 5·256). Raises ValueError without a text."""
    fields = wish.fields
    crop = (fields.get("crop_h", 0), fields.get("crop_w", 0))
    return told(fields, *sizes(wish), *crop, fields.get("aesthetic_score", DISLIKED if wish.list == 1 else LIKED))


def sizes(wish: Wish) -> tuple[float, float]:
    """Height and width in pixels: those of the latent, unless others are asked for."""
    return wish.fields.get("height", wish.height * CELL), wish.fields.get("width", wish.width * CELL)


def told(fields: Mapping[str, Any], *numbers: float) -> Tensor:
    """The pooled text and the numbers, each as waves."""
    pooled: Tensor | None = fields.get("pooled_output")
    if pooled is None:
        raise ValueError("SDXL needs a conditioning with a pooled text, as SDXL's text encoders give it; this has none")
    waves = timestep_embedding(torch.tensor(numbers, dtype=torch.float32, device=pooled.device), WAVES)
    return torch.cat((pooled.float(), waves.flatten()[None].expand(len(pooled), -1)), dim=1)
