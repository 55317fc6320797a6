"""Tiny models for the tests of the nodes that show what happens inside."""

from __future__ import annotations

from typing import Any

import torch

from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.vae.config import VAEConfig
from nodes.diffusion.vae.handle import Vae
from nodes.diffusion.vae.model import AutoencoderKL
from tests.support.calls import MODEL, WORDS


def autoencoder() -> AutoencoderKL:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return AutoencoderKL(VAEConfig(widths=(8, 16), blocks=1, groups=4)).eval()


VAE = Vae(Lazy(autoencoder, Residency(), torch.float32, torch.device("cpu")), downscale=2)

SETTINGS: dict[str, Any] = {
    "model": MODEL,
    "steps": 5,
    "cfg": 4.0,
    "sampler_name": "dpmpp_2m",
    "scheduler": "karras",
    "positive": WORDS[0],
    "negative": WORDS[1],
    "latent_image": {"samples": torch.zeros(2, 4, 4, 4)},
}
"""What KSampler and the nodes that film it take, but for the seed."""
