"""Patches of the U-Net against diffusers' own of the same papers.

Tolerance: float32 on both sides, so errors are those of another order of additions.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers.models.unets import unet_2d_blocks
from diffusers.pipelines import StableDiffusionSAGPipeline
from diffusers.utils.torch_utils import apply_freeu, fourier_filter
from torch import Tensor

from nodes.diffusion.inputs import Inputs
from nodes.diffusion.patches import freeu
from nodes.diffusion.patches.self_attention import Watch, blurred
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.hooks import Spot
from tests.parity.test_unet import diffusers_unet
from tests.support.parity import relative_error
from tests.support.unets import given, model_of, random_unet, seeded

pytestmark = pytest.mark.parity

TOLERANCE = 1e-5
SD1_LIKE = UNetConfig(
    levels=(Level(32, 2, 1), Level(64, 2, 1), Level(128, 2, 1), Level(128, 2, 0)),
    middle_depth=1,
    model_channels=32,
    context_dim=24,
    groups=8,
)
SMALL = {"b1": 1.3, "b2": 1.4, "s1": 0.9, "s2": 0.2}


@pytest.mark.parametrize("size", [(8, 8), (16, 12), (7, 9), (2, 2)], ids=str)
@pytest.mark.parametrize("factor", [0.2, 0.9, 3.0])
def test_skips_are_filtered_as_diffusers_does(size: tuple[int, int], factor: float) -> None:
    x = seeded(2, 6, *size)
    ours = freeu.low_frequencies_scaled(x, factor)
    assert relative_error(ours, fourier_filter(x, threshold=1, scale=factor)) < TOLERANCE  # type: ignore[arg-type]


@pytest.fixture
def _stages_by_width(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """diffusers counts FreeU's stages by its blocks; the authors, and we, by how wide features are."""

    def by_width(_index: int, h: Tensor, skip: Tensor, **factors: float) -> tuple[Tensor, Tensor]:
        return apply_freeu({128: 0, 64: 1}.get(h.shape[1], 2), h, skip, **factors)

    monkeypatch.setattr(unet_2d_blocks, "apply_freeu", by_width)
    return


@torch.no_grad()
@pytest.mark.usefixtures("_stages_by_width")
@pytest.mark.parametrize("size", [(16, 16), (24, 16)], ids=str)
def test_a_unet_with_freeu_predicts_what_diffusers_does(size: tuple[int, int]) -> None:
    unet = random_unet(SD1_LIKE)
    theirs = diffusers_unet(SD1_LIKE, unet.state_dict())
    x, timesteps, context = seeded(2, 4, *size), torch.tensor([7.0, 981.0]), seeded(2, 5, 24, seed=1)
    plain = theirs(x, timesteps, context).sample
    theirs.enable_freeu(**SMALL)
    wanted = theirs(x, timesteps, context).sample
    stages = freeu.Factors(SMALL["b1"], SMALL["s1"]), freeu.Factors(SMALL["b2"], SMALL["s2"])
    hooks = freeu.freeu(model_of(unet), *stages, freeu.evenly).hooks
    assert relative_error(unet(Inputs(x, timesteps, context, hooks=hooks)), wanted) < TOLERANCE
    assert relative_error(plain, wanted) > 0.01


class NoNoise:
    """A scheduler that leaves a latent as it is."""

    def add_noise(self, latents: Tensor, **_: Any) -> Tensor:
        return latents


@pytest.mark.parametrize("size", [(16, 24), (32, 32)], ids=str)
def test_what_is_looked_at_is_blurred_as_diffusers_does(size: tuple[int, int]) -> None:
    """With its blur of one cell."""
    heads, features = 2, (size[0] // 8, size[1] // 8)
    latent, count = seeded(3, 4, *size), features[0] * features[1]
    q, k, v = (seeded(3, count, 16, seed=n) * 2 for n in (1, 2, 3))
    watch = Watch(latent.shape)
    watch(q, k, v, Spot(given(3, size), "middle", 0, size=features, heads=heads))
    mask = watch.mask()
    assert mask is not None
    degraded = torch.where(mask, blurred(latent, 1.0), latent)

    q, k = (each.unflatten(2, (heads, -1)).transpose(1, 2).flatten(0, 1) for each in (q, k))
    maps = (q @ k.mT / 8**0.5).softmax(-1)
    fake = SimpleNamespace(unet=SimpleNamespace(config=SimpleNamespace(attention_head_dim=heads)), scheduler=NoNoise())
    wanted = StableDiffusionSAGPipeline.sag_masking(fake, latent, maps, features, torch.tensor(0), None)
    assert relative_error(degraded, wanted) < TOLERANCE
    assert relative_error(latent, wanted) > 0.01
