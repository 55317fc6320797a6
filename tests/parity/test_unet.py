"""Our U-Net against diffusers', with the same weights under diffusers' own reading of SD1's names.

Tolerance: float32 on both sides, so errors are those of another order of additions, far below 1e-4.
"""

from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint
from safetensors.torch import load_file
from torch import Tensor

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.lazy import Residency
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet
from tests.support.diffusers_models import their_unet
from tests.support.parity import Error, relative_error

pytestmark = pytest.mark.parity

BUNDLED = Path(__file__).parents[2] / "nodes" / "bundled" / "wireloom-mini.safetensors"
PREFIX = "model.diffusion_model."
TOLERANCE = 1e-4

SMALL = {
    "as SD1": UNetConfig(
        levels=(Level(32, 2, 1), Level(64, 2, 1), Level(128, 2, 1), Level(128, 2, 0)),
        middle_depth=1,
        model_channels=32,
        context_dim=24,
        groups=8,
    ),
    "heads of one width": UNetConfig(
        levels=(Level(32, 1, 0), Level(64, 1, 1), Level(96, 1, 1)),
        middle_depth=1,
        model_channels=32,
        context_dim=16,
        head_channels=16,
        groups=8,
    ),
    "linear projections": UNetConfig(
        levels=(Level(32, 1, 1), Level(64, 1, 1)),
        middle_depth=1,
        model_channels=32,
        context_dim=16,
        groups=8,
        linear_projections=True,
    ),
    "inpainting, deeper": UNetConfig(
        levels=(Level(32, 1, 2), Level(64, 1, 2)),
        middle_depth=2,
        model_channels=32,
        in_channels=9,
        context_dim=16,
        groups=8,
    ),
}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def diffusers_unet(config: UNetConfig, weights: dict[str, Tensor]) -> UNet2DConditionModel:
    """diffusers' U-Net of the same shape, with ``weights`` named as in checkpoints."""
    theirs = their_unet(config)
    named = {PREFIX + name: tensor for name, tensor in weights.items()}
    theirs.load_state_dict(convert_ldm_unet_checkpoint(named, dict(theirs.config)))  # strict: every name has its match
    return theirs.eval()


def random_unet(config: UNetConfig) -> UNet:
    """All weights random, norms and biases too, so that a mixed-up pair shows."""
    unet = UNet(config).eval().requires_grad_(False)
    generator = seeded(0)
    for name, parameter in unet.named_parameters():
        spread = 0.2 if parameter.ndim == 1 else parameter[0].numel() ** -0.5
        parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread)
        if parameter.ndim == 1 and name.endswith("weight"):
            parameter.add_(1)
    return unet


@torch.no_grad()
def compared(ours: UNet, theirs: UNet2DConditionModel, size: tuple[int, int]) -> Error:
    generator = seeded(1)
    x = torch.randn(2, ours.config.in_channels, *size, generator=generator)
    context = torch.randn(2, 5, ours.config.context_dim, generator=generator)
    timesteps = torch.tensor([7.0, 981.0])
    return relative_error(ours(Inputs(x, timesteps, context)), theirs(x, timesteps, context).sample)


@pytest.mark.parametrize("size", [(16, 16), (8, 24), (15, 9)], ids=str)
@pytest.mark.parametrize("config", SMALL.values(), ids=SMALL)
def test_a_small_unet_predicts_what_diffusers_does(config: UNetConfig, size: tuple[int, int]) -> None:
    """Also where a size is odd on the way down, and the skip connection says how far to go up."""
    ours = random_unet(config)
    assert compared(ours, diffusers_unet(config, ours.state_dict()), size) < TOLERANCE


def test_the_bundled_unet_predicts_what_diffusers_does() -> None:
    unet = Loader(Residency()).checkpoint(BUNDLED).model.unet.get()
    stored = {n.removeprefix(PREFIX): t.float() for n, t in load_file(BUNDLED).items() if n.startswith(PREFIX)}
    assert compared(unet, diffusers_unet(unet.config, stored), (16, 16)) < TOLERANCE


def test_the_bundled_unets_measures_are_those_of_its_card() -> None:
    config = Loader(Residency()).checkpoint(BUNDLED).model.unet.get().config
    assert config == UNetConfig(
        levels=(Level(64, 1, 0), Level(128, 1, 1), Level(192, 1, 1)),
        middle_depth=1,
        model_channels=64,
        context_dim=128,
        head_channels=32,
        groups=16,
    )


def test_norms_have_sd1s_epsilons() -> None:
    """Looked at, not measured: the wrong one changes the output by 3e-6, which no parity tolerance would show."""
    norms = {name: m.eps for name, m in UNet(SMALL["as SD1"]).named_modules() if isinstance(m, torch.nn.GroupNorm)}
    assert {eps for name, eps in norms.items() if name.endswith(".1.norm")} == {1e-6}  # SpatialTransformer
    assert {eps for name, eps in norms.items() if not name.endswith(".1.norm")} == {1e-5}
