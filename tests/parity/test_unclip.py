"""What unCLIP models are told of a picture, against the parts that diffusers' pipeline makes it of."""

import pytest
import torch
from diffusers import DDPMScheduler
from diffusers.models.embeddings import get_timestep_embedding
from diffusers.pipelines.stable_diffusion.stable_unclip_image_normalizer import StableUnCLIPImageNormalizer

from nodes.diffusion.extras import Wish
from nodes.diffusion.vision.network import ClipVisionOutput
from nodes.diffusion.vision.unclip import SEED, Shown, Unclip, kept_variance, shown
from tests.support.parity import relative_error, seeded

pytestmark = pytest.mark.parity

TOLERANCE = 1e-4
WIDTH = 16


def test_the_schedule_of_noise_is_that_of_diffusers() -> None:
    theirs = DDPMScheduler(beta_schedule="squaredcos_cap_v2").alphas_cumprod
    ours = torch.tensor([kept_variance(level) for level in (0, 1, 500, 998, 999)])
    torch.testing.assert_close(ours, theirs[[0, 1, 500, 998, 999]], rtol=1e-4, atol=1e-7)


@torch.no_grad()
@pytest.mark.parametrize("amount", [0.0, 0.3, 1.0])
def test_a_picture_is_told_as_by_diffusers(amount: float) -> None:
    """Embedding normed, mixed with noise, taken back, and the level behind it as waves."""
    mean, std = torch.randn(WIDTH, generator=seeded(0)), torch.rand(WIDTH, generator=seeded(1)) + 0.5
    embedding = torch.randn(1, WIDTH, generator=seeded(2))
    normalizer = StableUnCLIPImageNormalizer(WIDTH)
    normalizer.mean.copy_(mean[None])
    normalizer.std.copy_(std[None])
    level = torch.tensor([round(amount * 999)])
    noise = torch.randn(1, WIDTH, generator=seeded(SEED))
    scheduler = DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    mixed = normalizer.unscale(scheduler.add_noise(normalizer.scale(embedding), noise, level))
    wanted = torch.cat((mixed, get_timestep_embedding(level, WIDTH, True, 0)), 1)
    seen = ClipVisionOutput(torch.zeros(1, 1, 1), embedding, torch.zeros(1, 1, 1))
    fields = shown([[torch.zeros(1, 1, 1), {}]], Shown(seen, 1.0, amount))[0][1]
    assert relative_error(Unclip(mean, std).vector(Wish(fields, 8, 8, 0)), wanted) < TOLERANCE
