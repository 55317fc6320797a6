"""What networks predict: for each kind, the target that it is trained on leads back to the clean latent."""

import math

import pytest
import torch
from torch import Tensor

from nodes.diffusion.latent import PLAYGROUND, SDXL
from nodes.diffusion.levels import ANGLE, LOG, RATIO, ContinuousLevels
from nodes.diffusion.prediction import KINDS, Kind, Prediction

SIGMA = torch.tensor([0.05, 3.0])


def drawn(seed: int) -> Tensor:
    return torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(seed))


def target(kind: Kind, clean: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """What a perfect network of this kind gives for ``clean + sigma * noise``."""
    alpha, beta = (1 + sigma**2).rsqrt(), sigma * (1 + sigma**2).rsqrt()
    x = clean + sigma * noise
    skip, out = 0.25 / (sigma**2 + 0.25), sigma * 0.5 / (sigma**2 + 0.25).sqrt()
    return {
        "eps": noise,
        "lcm": noise,
        "v": alpha * noise - beta * clean,
        "x0": clean,
        "img_to_img": clean,
        "rflow": noise - clean,
        "edm": (clean - skip * x) / out,
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_perfect_network_denoises_perfectly(kind: Kind) -> None:
    prediction = Prediction.discrete(kind)
    clean, noise, sigma = drawn(0), drawn(1), SIGMA.reshape(-1, 1, 1, 1)
    found = prediction.denoised(clean + sigma * noise, SIGMA, target(kind, clean, noise, sigma))
    assert torch.allclose(found, clean, atol=2e-3 if kind == "lcm" else 1e-5)  # LCM keeps a little of what came in


@pytest.mark.parametrize(("kind", "data"), [("eps", 1.0), ("v", 1.0), ("x0", 1.0), ("lcm", 1.0), ("edm", 0.5)])
def test_networks_see_unit_variance(kind: Kind, data: float) -> None:
    prediction = Prediction.discrete(kind)
    for sigma in SIGMA:
        x = torch.full((1, 1), math.sqrt(data**2 + sigma.item() ** 2))
        assert prediction.network_input(x, sigma).item() == pytest.approx(1.0)


def test_a_network_from_picture_to_picture_sees_the_latent_as_it_is() -> None:
    assert torch.equal(Prediction.discrete("img_to_img").network_input(drawn(0), SIGMA), drawn(0))


@pytest.mark.parametrize(
    ("told", "sigma", "timestep"),
    [(LOG, math.e**2, 0.5), (ANGLE, 1.0, 0.5), (RATIO, 3.0, 0.75)],
    ids=["log", "angle", "ratio"],
)
def test_continuous_levels_are_told_by_a_formula(told: object, sigma: float, timestep: float) -> None:
    levels = ContinuousLevels(0.01, 100.0, told)  # type: ignore[arg-type]
    assert levels.timestep(torch.tensor(sigma)).item() == pytest.approx(timestep)
    assert levels.sigma(torch.tensor(timestep)).item() == pytest.approx(sigma, rel=1e-5)


def test_continuous_levels_go_evenly_in_their_logarithm() -> None:
    prediction = Prediction.continuous("edm", 0.01, 100.0)
    assert (prediction.sigma_min, prediction.sigma_max) == (pytest.approx(0.01), pytest.approx(100.0))
    assert prediction.percent_to_sigma(0.5) == pytest.approx(1.0)
    assert prediction.percent_to_sigma(0.25) == pytest.approx(10.0)
    assert prediction.percent_to_sigma(1.0) == 0.0


@pytest.mark.parametrize("ends", [(0.0, 1.0), (2.0, 1.0), (-1.0, 1.0)])
def test_levels_that_do_not_rise_are_refused(ends: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=str(ends[0])):
        Prediction.continuous("v", *ends)


def test_lcm_knows_every_twentieth_timestep() -> None:
    every, some = Prediction.eps(), Prediction.discrete("lcm")
    assert torch.equal(some.sigmas, every.sigmas[19::20])
    assert some.timestep(every.sigmas[500]).item() == 499
    assert some.percent_to_sigma(0.5) == pytest.approx(every.percent_to_sigma(0.5), rel=2e-3)  # fewer points between


def test_playgrounds_latents_are_shifted_and_scaled_by_channel() -> None:
    """A channel at its mean becomes 0, and one standard deviation above it a half."""
    latent = torch.tensor([-1.6574 + 8.4927, 1.886, -1.383, 2.5155 - 5.2299]).reshape(1, 4, 1, 1)
    seen = PLAYGROUND.to_network(latent)
    assert torch.allclose(seen.flatten(), torch.tensor([0.5, 0.0, 0.0, -0.5]), atol=1e-6)
    assert torch.allclose(PLAYGROUND.from_network(seen), latent, atol=1e-5)
    assert torch.equal(SDXL.to_network(latent), latent * 0.13025)
