"""Forward diffusion: the closed form, its inverse, any model's schedule, and what is typed as timesteps."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.diffusion.inside.forward import diffused, forward, level, restored, strip
from nodes.diffusion.levels import TRAIN_STEPS
from nodes.diffusion.noise import initial_noise
from nodes.diffusion.prediction import Prediction
from nodes.inside_film import forward_diffusion
from tests.support.calls import MODEL, Call
from tests.support.inside import VAE

pytestmark = pytest.mark.usefixtures("one_thread")


TEN = [0, 20, 40, 80, 160, 280, 400, 600, 800, 999]
PREDICTIONS = {
    "eps": Prediction.eps(),
    "v": Prediction.v(),
    "zero terminal SNR": Prediction.v(zero_terminal_snr=True),
    "lcm": Prediction.discrete("lcm"),
    "edm": Prediction.continuous("edm", 0.002, 80.0),
}


def alpha_bars() -> list[float]:
    """Those of Stable Diffusion, by the definition: betas even in their roots, in double."""
    steps = [0.00085**0.5 + (0.012**0.5 - 0.00085**0.5) * k / (TRAIN_STEPS - 1) for k in range(TRAIN_STEPS)]
    found, product = [], 1.0
    for root in steps:
        product *= 1 - root**2
        found.append(product)
    return found


def noisy(samples: Tensor, timesteps: str = ", ".join(map(str, TEN))) -> Tensor:
    """The latents of the timesteps, one after the other, in network scale."""
    return MODEL.latent_format.to_network(forward(MODEL, {"samples": samples}, timesteps, 3).noised)


def diffuse(samples: Tensor, timesteps: str, **more: Any) -> Any:
    inputs = {"model": MODEL, "vae": VAE, "noise_seed": 3, "latent": {"samples": samples}, **more}
    return forward_diffusion(Call(), timesteps=timesteps, **inputs)


def test_noise_at_ten_timesteps_is_what_the_closed_form_says() -> None:
    """x_t ~ N(sqrt(alpha_bar) x_0, 1 - alpha_bar): mean and variance of N numbers, within five sampling errors."""
    clean = torch.full((1, 4, 32, 32), 2.0)
    count = clean.numel()
    for t, found in zip(TEN, noisy(MODEL.latent_format.from_network(clean)).double(), strict=True):
        alpha_bar = alpha_bars()[t]
        deviation = math.sqrt(1 - alpha_bar)
        assert found.mean().item() == pytest.approx(math.sqrt(alpha_bar) * 2, abs=5 * deviation / math.sqrt(count))
        assert found.var().item() == pytest.approx(1 - alpha_bar, rel=5 * math.sqrt(2 / count))


def test_taking_the_exact_noise_away_in_one_step_gives_the_latent_back() -> None:
    clean = initial_noise((2, 4, 8, 8), 1)
    noise = initial_noise(clean.shape, 3)
    noised = noisy(MODEL.latent_format.from_network(clean))
    for t, found in zip(TEN, noised.reshape(len(TEN), *clean.shape), strict=True):
        at = level(MODEL.prediction, t)
        torch.testing.assert_close(found, diffused(clean, noise, at), atol=1e-5, rtol=1e-5)
        back = restored(found, noise, at)
        # float32's error grows as the picture's share shrinks
        torch.testing.assert_close(back, clean, atol=2e-6 / math.sqrt(at.alpha_bar), rtol=0)


def test_taking_the_exact_noise_away_gives_the_image_back() -> None:
    """Of a picture, decoded again: as the VAE gives it back without noise."""
    image = torch.rand(1, 16, 16, 3, generator=torch.Generator().manual_seed(0))
    samples = VAE.encode(image)
    noise = initial_noise(samples.shape, 3)
    found = diffuse(samples, "160", latent=None, image=image)
    x = MODEL.latent_format.to_network(found.noised["samples"])
    back = VAE.decode(MODEL.latent_format.from_network(restored(x, noise, level(MODEL.prediction, 160))))
    torch.testing.assert_close(back, VAE.decode(samples), atol=1e-4, rtol=0)
    assert (found.frames - back).abs().mean() > 0.01


@pytest.mark.parametrize("kind", PREDICTIONS)
def test_every_kind_of_schedule_is_drawn_and_rises(kind: str) -> None:
    prediction = PREDICTIONS[kind]
    sigmas = [level(prediction, t).sigma for t in range(0, TRAIN_STEPS, 37)]
    assert sigmas == sorted(sigmas)
    assert level(prediction, 999).sigma == pytest.approx(prediction.sigma_max, rel=1e-5)
    drawn = diffuse(torch.zeros(1, 4, 4, 4), "0, 999", model=replace(MODEL, prediction=prediction))
    assert drawn.schedule.shape == (1, 330, 1200, 3)
    assert drawn.frames.shape == (2, 8, 8, 3)
    assert drawn.noised["samples"].isfinite().all()


def test_discrete_levels_are_those_of_the_table() -> None:
    for t in (0, 1, 159, 160, 500, 998, 999):
        at = level(MODEL.prediction, t)
        assert at.alpha_bar == pytest.approx(alpha_bars()[t], rel=1e-5)
        assert at.snr == pytest.approx(at.alpha_bar / (1 - at.alpha_bar), rel=1e-6)


def test_the_strip_has_a_row_for_each_picture_and_a_column_for_each_timestep() -> None:
    def drawn(count: int, timesteps: str) -> Tensor:
        found = forward(MODEL, {"samples": torch.zeros(count, 4, 4, 4)}, timesteps, 0)
        return strip(found, VAE.decode(found.noised))

    narrow, wide, tall = drawn(1, "0, 160"), drawn(1, "0 1 2 3 4 5 6 7 8 9"), drawn(3, "0, 160")
    assert wide.shape[2] > narrow.shape[2]
    assert tall.shape[1] > narrow.shape[1]
    assert narrow.min() >= 0
    assert narrow.max() <= 1


@pytest.mark.parametrize(
    ("timesteps", "said"),
    [
        ("0, soon", "timesteps are numbers with commas between them, such as 0, 40, 160, not '0, soon'"),
        ("", "timesteps must be given"),
        ("0, 1000", "timestep 1000 is not there: they go from 0 to 999"),
        ("-1", "timestep -1 is not there"),
        ("nan", "timestep nan is not there"),
    ],
)
def test_what_is_no_timestep_is_said(timesteps: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        diffuse(torch.zeros(1, 4, 4, 4), timesteps)


def test_either_an_image_or_a_latent_is_given() -> None:
    with pytest.raises(ValueError, match="an image or a latent; neither came"):
        diffuse(torch.zeros(1), "0", latent=None)
    with pytest.raises(ValueError, match="an image or a latent; both came"):
        diffuse(torch.zeros(1, 4, 4, 4), "0", image=torch.zeros(1, 16, 16, 3))
