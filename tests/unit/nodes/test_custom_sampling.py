"""Nodes for custom sampling: what KSampler does, taken apart, to the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.custom_sampling import add_noise, disable_noise, random_noise, sampler_custom, sampler_custom_advanced
from nodes.diffusion.latent import SD15
from nodes.diffusion.model import Model
from nodes.diffusion.noise import initial_noise
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.sigmas import SCHEDULES
from nodes.guidance_patches import differential_diffusion, rescale_cfg
from nodes.guiders import cfg_guider
from nodes.sampling import ksampler, ksampler_advanced
from tests.support.calls import EMPTY, MODEL, SIGMAS, STEPS, WORDS, Call, drawn

POSITIVE, NEGATIVE, _ = WORDS
MASKED = {"samples": torch.randn(2, 4, 4, 4), "noise_mask": torch.linspace(0, 1, 4).expand(1, 1, 4, 4)}


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    """Whose threads wait for nobody: the network is tiny."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("latent", [EMPTY, MASKED, {**EMPTY, "batch_index": [3, 1]}], ids=["empty", "masked", "index"])
@pytest.mark.parametrize("name", ["dpmpp_2m", "dpmpp_sde", "euler_ancestral_cfg_pp", "ddim"])
def test_the_same_settings_give_the_bytes_of_ksampler(name: str, latent: dict[str, Any]) -> None:
    whole = ksampler(Call(), MODEL, 7, STEPS, 4.0, name, "karras", POSITIVE, NEGATIVE, latent)["samples"]
    sampler = SAMPLERS[name]
    custom, estimate = sampler_custom(Call(), MODEL, True, 7, 4.0, POSITIVE, NEGATIVE, sampler, SIGMAS, latent)
    guider = cfg_guider(MODEL, POSITIVE, NEGATIVE, 4.0)
    advanced, _ = sampler_custom_advanced(Call(), random_noise(7), guider, sampler, SIGMAS, latent)
    assert torch.equal(custom["samples"], whole)
    assert torch.equal(advanced["samples"], whole)
    torch.testing.assert_close(estimate["samples"], whole)  # nothing is left of the noise
    assert custom.keys() == estimate.keys() == latent.keys()


def test_without_noise_it_goes_on_where_another_stopped() -> None:
    """As KSampler (Advanced) does, also for a sampler that draws noise by the seed."""
    sampler, settings = SAMPLERS["euler_ancestral"], (7, STEPS, 4.0, "euler_ancestral", "karras", POSITIVE, NEGATIVE)
    noisy = ksampler_advanced(Call(), MODEL, "enable", *settings, EMPTY, 0, 3, "enable")
    there = ksampler_advanced(Call(), MODEL, "disable", *settings, noisy, 3)["samples"]
    custom, estimate = sampler_custom(Call(), MODEL, True, 7, 4.0, POSITIVE, NEGATIVE, sampler, SIGMAS[:4], EMPTY)
    assert torch.equal(custom["samples"], noisy["samples"])
    assert not torch.allclose(estimate["samples"], noisy["samples"], atol=0.1)
    rest, _ = sampler_custom(Call(), MODEL, False, 7, 4.0, POSITIVE, NEGATIVE, sampler, SIGMAS[3:], custom)
    assert torch.equal(rest["samples"], there)


def test_no_noise_is_none_and_the_seed_is_0() -> None:
    guider, sampler = cfg_guider(MODEL, POSITIVE, NEGATIVE, 4.0), SAMPLERS["euler_ancestral"]
    silent, _ = sampler_custom_advanced(Call(), disable_noise(), guider, sampler, SIGMAS, MASKED)
    custom, _ = sampler_custom(Call(), MODEL, False, 0, 4.0, POSITIVE, NEGATIVE, sampler, SIGMAS, MASKED)
    assert torch.equal(silent["samples"], custom["samples"])


def test_without_steps_both_outputs_are_the_latent() -> None:
    for sigmas in (SIGMAS[:0], SIGMAS[:1]):
        both = sampler_custom(Call(), MODEL, True, 7, 4.0, POSITIVE, NEGATIVE, SAMPLERS["euler"], sigmas, MASKED)
        assert [out["samples"] is MASKED["samples"] for out in both] == [True, True]


@pytest.mark.parametrize("sigmas", [torch.tensor([1.0, float("nan"), 0.0]), torch.ones(2, 2)])
def test_sigmas_that_are_no_schedule_are_refused(sigmas: Tensor) -> None:
    with pytest.raises(ValueError, match="sigmas must be a list of finite numbers"):
        sampler_custom(Call(), MODEL, True, 7, 4.0, POSITIVE, NEGATIVE, SAMPLERS["euler"], sigmas, EMPTY)


def test_a_differential_mask_keeps_black_and_repaints_the_rest_in_turn() -> None:
    """Half grey is masked while more than half the timesteps are left; a soft mask is the same at each step."""
    latent = {"samples": MASKED["samples"], "noise_mask": torch.tensor([0.0, 0.0, 0.5, 1.0]).expand(1, 1, 4, 4)}
    sigmas = SCHEDULES["simple"](MODEL.prediction, STEPS)  # its last step begins above the least sigma

    def out(model: Model) -> Tensor:
        guider = cfg_guider(model, POSITIVE, NEGATIVE, 4.0)
        made, _ = sampler_custom_advanced(Call(), random_noise(7), guider, SAMPLERS["euler"], sigmas, latent)
        samples: Tensor = made["samples"]
        return samples

    soft, hard = out(MODEL), out(differential_diffusion(MODEL))
    assert not torch.allclose(soft[..., 2:], hard[..., 2:], atol=1e-3)
    for each in (soft, hard):
        torch.testing.assert_close(each[..., :2], latent["samples"][..., :2], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(out(differential_diffusion(MODEL, 0.0)), soft)


def test_a_patched_model_is_another_and_the_old_one_is_as_it_was() -> None:
    patched = rescale_cfg(MODEL, 0.7)
    assert patched.unet is MODEL.unet
    assert MODEL.guidance.combine is None
    plain, other = (drawn(Call(), cfg_guider(model, POSITIVE, NEGATIVE, 8.0), "euler") for model in (MODEL, patched))
    assert not torch.allclose(plain, other)
    assert torch.equal(other, drawn(Call(), cfg_guider(replace(patched), POSITIVE, NEGATIVE, 8.0), "euler"))


@pytest.mark.parametrize(("sigmas", "scale"), [([5.0, 3.0, 1.0], 4.0), ([5.0], 5.0), ([1.0, 3.0], 2.0)])
def test_noise_is_added_in_the_networks_scale(sigmas: list[float], scale: float) -> None:
    latent = {**MASKED, "batch_index": [2, 0]}
    out = add_noise(MODEL, random_noise(3), torch.tensor(sigmas), latent)
    expected = latent["samples"] + scale * initial_noise((2, 4, 4, 4), 3, [2, 0]) / SD15.scale
    torch.testing.assert_close(out["samples"], expected)
    assert out.keys() == latent.keys()


def test_of_no_sigmas_no_noise_is_added_and_what_is_not_finite_goes() -> None:
    assert add_noise(MODEL, random_noise(3), torch.zeros(0), EMPTY)["samples"] is EMPTY["samples"]
    broken = {"samples": torch.tensor([float("nan"), float("inf"), -float("inf"), 1.0]).reshape(1, 4, 1, 1)}
    out = add_noise(MODEL, disable_noise(), torch.tensor([5.0]), broken)["samples"]
    torch.testing.assert_close(out, torch.tensor([0.0, 0.0, 0.0, 1.0]).reshape(1, 4, 1, 1))
