"""Our autoencoder against diffusers', with the same weights under diffusers' own reading of SD1's names.

Tolerance: float32 on both sides, so errors are those of another order of additions, far below 1e-4.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL as TheirVae
from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint
from safetensors.torch import load_file
from torch import Tensor

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lazy import Residency
from nodes.diffusion.vae.config import VAEConfig
from nodes.diffusion.vae.handle import Vae
from nodes.diffusion.vae.model import AutoencoderKL
from tests.support.parity import relative_error

pytestmark = pytest.mark.parity

BUNDLED = Path(__file__).parents[2] / "nodes" / "bundled" / "wireloom-mini.safetensors"
PREFIX = "first_stage_model."
TOLERANCE = 1e-4

SMALL = {
    "as SD1": VAEConfig(widths=(16, 32, 64, 64), blocks=2, groups=4),
    "two levels, eight channels": VAEConfig(widths=(16, 32), blocks=1, latent_channels=8, groups=4),
}


def diffusers_vae(config: VAEConfig, weights: dict[str, Tensor]) -> TheirVae:
    """diffusers' autoencoder of the same shape, with ``weights`` named as in checkpoints."""
    levels = len(config.widths)
    theirs = TheirVae(
        block_out_channels=config.widths,
        layers_per_block=config.blocks,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        latent_channels=config.latent_channels,
        norm_num_groups=config.groups,
    )
    named = {PREFIX + name: tensor for name, tensor in weights.items()}
    theirs.load_state_dict(convert_ldm_vae_checkpoint(named, dict(theirs.config)))  # strict: every name has its match
    return theirs.eval()


def random_vae(config: VAEConfig) -> AutoencoderKL:
    """All weights random, norms and biases too, so that a mixed-up pair shows."""
    vae = AutoencoderKL(config).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    for name, parameter in vae.named_parameters():
        spread = 0.2 if parameter.ndim == 1 else parameter[0].numel() ** -0.5
        parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread)
        if parameter.ndim == 1 and name.endswith("weight"):
            parameter.add_(1)
    return vae


def bundled() -> tuple[Vae, TheirVae]:
    """The bundled model's VAE, as we hold it and in diffusers."""
    vae = Loader(Residency()).checkpoint(BUNDLED).vae
    assert vae is not None
    stored = {n.removeprefix(PREFIX): t.float() for n, t in load_file(BUNDLED).items() if n.startswith(PREFIX)}
    return vae, diffusers_vae(vae.network.get().config, stored)


@torch.no_grad()
@pytest.mark.parametrize("config", SMALL.values(), ids=SMALL)
def test_a_small_vae_encodes_and_decodes_as_diffusers_does(config: VAEConfig) -> None:
    ours = random_vae(config)
    theirs = diffusers_vae(config, ours.state_dict())
    generator = torch.Generator().manual_seed(1)
    image = torch.rand(2, 3, 48, 32, generator=generator) * 2 - 1
    gaussian, wanted = ours.encode(image), theirs.encode(image).latent_dist
    assert relative_error(gaussian.mean, wanted.mean) < TOLERANCE
    assert relative_error(gaussian.logvar.clamp(-30, 20), wanted.logvar) < TOLERANCE
    latent = torch.randn(2, config.latent_channels, 5, 7, generator=generator)
    assert relative_error(ours.decode(latent), theirs.decode(latent).sample) < TOLERANCE


@torch.no_grad()
def test_the_bundled_vae_decodes_as_diffusers_does() -> None:
    vae, theirs = bundled()
    latent = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(2)) * 3
    wanted = (theirs.decode(latent).sample / 2 + 0.5).clamp(0, 1).movedim(1, -1)
    decoded = vae.decode(latent)
    assert decoded.shape == (1, 128, 128, 3)
    assert relative_error(decoded, wanted) < TOLERANCE


@torch.no_grad()
def test_the_bundled_vae_encodes_the_middle_of_an_image_as_diffusers_does() -> None:
    """131 x 140 is cut by one row above and two columns at the left; a fourth channel is left out."""
    vae, theirs = bundled()
    image = torch.rand(1, 131, 140, 4, generator=torch.Generator().manual_seed(3))
    wanted = theirs.encode(image[:, 1:129, 2:138, :3].movedim(-1, 1) * 2 - 1).latent_dist.mean
    encoded = vae.encode(image)
    assert encoded.shape == (1, 4, 16, 17)
    assert relative_error(encoded, wanted) < TOLERANCE


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Many small calls are only held up by threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@torch.no_grad()
@pytest.mark.usefixtures("one_thread")
def test_the_bundled_vae_in_tiles_is_near_the_whole() -> None:
    """Tiles are normed by themselves, so this is no matter of rounding: a few percent of the range of brightness."""
    vae = Loader(Residency()).checkpoint(BUNDLED).vae
    assert vae is not None
    y, x = torch.meshgrid(torch.linspace(-1, 1, 136), torch.linspace(-1, 1, 160), indexing="ij")
    disc = (y**2 + x**2 < 0.4).float()
    image = torch.stack((disc, 1 - disc / 2, (x + 1) / 2), dim=-1)[None]
    latent = vae.encode(image)
    in_tiles = vae.encode_tiled(image, 128, 32)
    assert (in_tiles - latent).abs().mean() < 0.2 * latent.std()
    decoded = vae.decode(latent)
    assert (vae.decode_tiled(latent, 128, 32) - decoded).abs().mean() < 0.04


def test_norms_have_sd1s_epsilon() -> None:
    """Looked at, not measured: the wrong one changes too little for a parity tolerance to show."""
    modules = AutoencoderKL(SMALL["as SD1"]).modules()
    assert {module.eps for module in modules if isinstance(module, torch.nn.GroupNorm)} == {1e-6}
