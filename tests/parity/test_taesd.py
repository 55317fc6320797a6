"""The tiny autoencoder against diffusers' AutoencoderTiny, with the same weights under diffusers' names.

Tolerance: float32 on both sides, so errors are those of another order of additions.
"""

import pytest
import torch
from diffusers import AutoencoderTiny
from torch import Tensor

from nodes.diffusion.vae.taesd import TinyAutoencoder
from tests.support.parity import relative_error
from tests.support.unets import seeded

pytestmark = pytest.mark.parity

TOLERANCE = 1e-5
SCALE = 0.18215


def random_tiny() -> TinyAutoencoder:
    """All weights random, so that a mixed-up pair shows."""
    tiny = TinyAutoencoder(SCALE).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    for parameter in tiny.parameters():
        spread = 0.2 if parameter.ndim == 1 else parameter[0].numel() ** -0.5
        parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread)
    return tiny


def diffusers_tiny(weights: dict[str, Tensor]) -> AutoencoderTiny:
    """Its layers have the same numbers, but for the decoder's first, a clamp, which is no layer there."""
    named = {}
    for name, tensor in weights.items():
        half, number, rest = name.split(".", 2)
        named[f"{half}.layers.{int(number) - (half == 'decoder')}.{rest}"] = tensor
    theirs = AutoencoderTiny()
    theirs.load_state_dict(named)  # strict: every name has its match
    return theirs.eval()


@torch.no_grad()
def test_a_tiny_autoencoder_encodes_and_decodes_as_diffusers_does() -> None:
    """Latents of ours are the VAE's own, of theirs the network's; some are so large that they are bent back."""
    ours = random_tiny()
    theirs = diffusers_tiny(ours.state_dict())
    image = torch.rand(2, 3, 48, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    assert relative_error(ours.encode(image).mean * SCALE, theirs.encode(image).latents) < TOLERANCE
    latent = seeded(2, 4, 5, 7) * 3
    assert relative_error(ours.decode(latent / SCALE), theirs.decode(latent).sample) < TOLERANCE
