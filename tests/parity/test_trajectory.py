"""Words to picture, whole: our text encoder, U-Net, sampler, guidance and VAE against transformers' and diffusers'.

The bundled model in float32, 10 Euler steps, guidance 4. Tolerance 1e-3 of the largest value: ten steps and guidance
add up the roundings of every part (below 1e-5 each).
"""

import pytest
import torch
from diffusers import EulerDiscreteScheduler
from torch import Tensor

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lazy import Residency
from nodes.diffusion.sampling import sample_latent
from tests.parity.test_text import padded, pair
from tests.parity.test_unet import BUNDLED, diffusers_unet
from tests.parity.test_vae import diffusers_vae
from tests.support.parity import relative_error

pytestmark = [
    pytest.mark.parity,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers' own, with numpy 2
]

PROMPT, NEGATIVE, SEED, STEPS, CFG, SCALE = "a frog on a purple background", "a cat", 3, 10, 4.0, 0.18215


def ours() -> tuple[Tensor, Tensor]:
    """The latent, and the picture (B, H, W, 3) in [0, 1]."""
    loaded = Loader(Residency()).checkpoint(BUNDLED)
    assert loaded.clip
    assert loaded.vae
    words = [[[loaded.clip.encode(text)[0], {}]] for text in (PROMPT, NEGATIVE)]
    latent = sample_latent(
        loaded.model,
        {"samples": torch.zeros(1, 4, 16, 16)},
        *words,
        seed=SEED,
        steps=STEPS,
        cfg=CFG,
        sampler_name="euler",
        scheduler="normal",
    )["samples"]
    return latent, loaded.vae.decode(latent)


@torch.no_grad()
def theirs() -> tuple[Tensor, Tensor]:
    loaded = Loader(Residency()).checkpoint(BUNDLED)
    assert loaded.vae
    unet, vae = loaded.model.unet.get(), loaded.vae.network.get()
    their_unet, their_vae = (
        diffusers_unet(unet.config, unet.state_dict()),
        diffusers_vae(vae.config, vae.state_dict()),
    )
    _, encoder = pair(BUNDLED, heads=2)
    context = encoder(input_ids=torch.cat([padded(NEGATIVE), padded(PROMPT)])).last_hidden_state

    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        timestep_spacing="linspace",
    )
    scheduler.set_timesteps(STEPS)
    noise = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(SEED))
    x = noise * (scheduler.sigmas[0] ** 2 + 1) ** 0.5
    for timestep in scheduler.timesteps:
        scaled = scheduler.scale_model_input(x, timestep)
        uncond, cond = their_unet(torch.cat([scaled, scaled]), timestep, context).sample.chunk(2)
        x = scheduler.step(uncond + CFG * (cond - uncond), timestep, x).prev_sample
    latent = x / SCALE
    return latent, (their_vae.decode(latent).sample / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)


def test_ten_steps_end_in_the_same_picture() -> None:
    (latent, picture), (their_latent, their_picture) = ours(), theirs()
    assert relative_error(latent, their_latent) < 1e-3
    assert relative_error(picture, their_picture) < 1e-3
    assert picture.std() > 0.1  # and it is a picture
