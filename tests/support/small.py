"""A whole SD1-shaped checkpoint of tiny networks, and what tests of weights need beside it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nodes.diffusion.text.clip import ClipConfig, ClipText
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet
from nodes.diffusion.vae.config import VAEConfig
from nodes.diffusion.vae.model import AutoencoderKL

UNET, VAE, TEXT = "model.diffusion_model.", "first_stage_model.", "cond_stage_model.transformer.text_model."

UNET_CONFIG = UNetConfig(
    levels=(Level(32, 1, 1), Level(64, 1, 0)), middle_depth=1, model_channels=32, context_dim=64, groups=8
)
VAE_CONFIG = VAEConfig(widths=(16, 16), blocks=1, groups=4)
TEXT_CONFIG = ClipConfig(vocabulary=49408, positions=77, width=64, layers=2, heads=1, inner=96)


def checkpoint(seed: int = 0) -> dict[str, Tensor]:
    """Random weights by name, norms and biases too, in float16 as files have them."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        parts: dict[str, nn.Module] = {
            UNET: UNet(UNET_CONFIG),
            VAE: AutoencoderKL(VAE_CONFIG),
            TEXT: ClipText(TEXT_CONFIG),
        }
        weights = {prefix + n: t for prefix, part in parts.items() for n, t in part.state_dict().items()}
        return {name: (tensor + 0.02 * torch.randn(tensor.shape)).half() for name, tensor in weights.items()}


def numbers(*shape: int, seed: int = 0, std: float = 0.1) -> Tensor:
    """Normal numbers that are the same each time."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * std
