"""Variants of guidance beside diffusers', an independent implementation of the same papers.

Estimates are random latents. Tolerance 1e-5 of the largest value: both compute in float32, partly by other ways.
diffusers guides predictions of networks; where that matters, both are given the same noise or velocity.
"""

import pytest
import torch
from diffusers.guiders.adaptive_projected_guidance import MomentumBuffer
from diffusers.guiders.adaptive_projected_guidance import normalized_guidance as their_apg
from diffusers.guiders.classifier_free_zero_star_guidance import cfg_zero_star_scale
from diffusers.guiders.guider_utils import rescale_noise_cfg
from diffusers.guiders.tangential_classifier_free_guidance import normalized_guidance as their_tcfg
from torch import Tensor

from nodes.diffusion.guidance import Guidance, Moment
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.variants import projected, scaled
from tests.support.parity import relative_error

pytestmark = [
    pytest.mark.parity,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers' own, with numpy 2
]

CFG, TOLERANCE = 7.5, 1e-5
SIGMAS = [torch.tensor(sigma) for sigma in (14.6, 2.0, 0.1)]


def network(k: int) -> Tensor:
    """What a network might have said, with the words ``k``: alike in part."""
    shared, own = (torch.randn(3, 4, 16, 24, generator=torch.Generator().manual_seed(seed)) for seed in (9, k))
    return shared + 0.3 * own


def moment(sigma: Tensor, prediction: Prediction) -> Moment:
    """The estimates that follow from what the network said."""
    x = torch.randn(3, 4, 16, 24, generator=torch.Generator().manual_seed(5)) * (1 + sigma**2).sqrt()
    cond, uncond = (prediction.denoised(x, sigma, network(k)) for k in (0, 1))

    def never(*args: object, **kwargs: object) -> Tensor:
        raise AssertionError

    return Moment(x, sigma, CFG, cond, uncond, never)


def assert_near(ours: Tensor, theirs: Tensor) -> None:
    assert relative_error(ours, theirs) < TOLERANCE


@pytest.mark.parametrize("sigma", SIGMAS, ids=str)
@pytest.mark.parametrize("multiplier", [0.3, 0.7, 1.0])
def test_rescaled_follows_diffusers(multiplier: float, sigma: Tensor) -> None:
    prediction = Prediction.v()
    at = moment(sigma, prediction)
    guided = network(1) + CFG * (network(0) - network(1))
    theirs = prediction.denoised(at.x, sigma, rescale_noise_cfg(guided, network(0), multiplier))
    assert_near(scaled.rescaled(at, multiplier), theirs)


@pytest.mark.parametrize("sigma", SIGMAS, ids=str)
def test_zero_star_follows_diffusers(sigma: Tensor) -> None:
    prediction = Prediction.eps()
    at = moment(sigma, prediction)
    alpha = cfg_zero_star_scale(network(0).flatten(1), network(1).flatten(1)).reshape(-1, 1, 1, 1)
    uncond = alpha * network(1)
    theirs = prediction.denoised(at.x, sigma, uncond + CFG * (network(0) - uncond))
    assert_near(Guidance(before=(projected.zero_star,))(at), theirs)


@pytest.mark.parametrize("sigma", SIGMAS, ids=str)
def test_tangential_damping_follows_diffusers(sigma: Tensor) -> None:
    """Its original formulation counts the scale from 1 less."""
    prediction = Prediction.eps()
    at = moment(sigma, prediction)
    theirs = prediction.denoised(at.x, sigma, their_tcfg(network(0), network(1), CFG))
    assert_near(Guidance(before=(projected.tangential,))(at), theirs)


@pytest.mark.parametrize("momentum", [0.0, -0.5, 0.3])
@pytest.mark.parametrize(("eta", "longest"), [(1.0, 0.0), (0.0, 5.0), (-0.5, 2.5), (0.5, 100.0)])
def test_projected_guidance_follows_diffusers(eta: float, longest: float, momentum: float) -> None:
    """Over three evaluations, which add to its momentum. Its original formulation counts the scale from 1 less."""
    theirs_remembers, memory = MomentumBuffer(momentum) if momentum else None, dict[str, Tensor]()
    for sigma in SIGMAS:
        at = moment(sigma, Prediction.eps())
        at = Moment(at.x, sigma, CFG, at.cond, at.uncond, at.again, memory=memory)
        theirs = their_apg(at.cond, at.uncond, CFG - 1, theirs_remembers, eta, longest, use_original_formulation=True)
        assert_near(projected.apg(at, eta, longest, momentum, "apg"), theirs)
