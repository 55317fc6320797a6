"""Small U-Nets with random weights, and what to give them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.inputs import Inputs
from nodes.diffusion.latent import SD15
from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.model import Model
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet

WORDS = 12  # how wide a word is
THREE_LEVELS = UNetConfig(
    levels=(Level(16, 1, 1), Level(32, 1, 2), Level(64, 1, 0)),
    middle_depth=1,
    model_channels=16,
    context_dim=WORDS,
    head_channels=8,
    groups=8,
)
"""Input blocks 0 to 5 (2 and 4 halve), output blocks 0 to 5; transformers of 1 layer at full size, of 2 at half."""


def seeded(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def random_unet(config: UNetConfig = THREE_LEVELS) -> UNet:
    """All weights random, so that whatever is mixed up shows."""
    unet = UNet(config).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    for name, parameter in unet.named_parameters():
        spread = 0.2 if parameter.ndim == 1 else parameter[0].numel() ** -0.5
        parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread)
        if parameter.ndim == 1 and name.endswith("weight"):
            parameter.add_(1)
    return unet


def given(rows: int = 2, size: tuple[int, int] = (8, 12), **others: Any) -> Inputs:
    """Latents, timesteps and words."""
    x, context = seeded(rows, 4, *size, seed=1), seeded(rows, 5, WORDS, seed=2)
    return Inputs(x, torch.linspace(7, 981, rows), context, **{"lists": tuple(range(rows)), **others})


def model_of(unet: UNet) -> Model:
    """The U-Net as nodes hold it."""
    lazy = Lazy(lambda: unet, Residency(), torch.float32, torch.device("cpu"))
    return Model(lazy, Prediction.eps(), SD15, unet.config.in_channels)


def words(seed: int, **fields: Any) -> list[list[Any]]:
    """A conditioning of five random words."""
    return [[seeded(1, 5, WORDS, seed=seed), fields]]
