"""The driver of one latent: where it starts, what it reports and what it returns."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.diffusion.latent import SD15, LatentFormat
from nodes.diffusion.noise import initial_noise
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.sampling import StepReport, noised, sample_along, sample_latent
from tests.support.fakes import FakeModel

CONDITIONING = [[torch.zeros(1, 2, 3), {}]]
EMPTY = {"samples": torch.zeros(2, 4, 4, 4)}


def sample(latent: dict[str, Any] = EMPTY, **changes: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "seed": 1,
        "steps": 8,
        "cfg": 1.0,
        "sampler_name": "euler",
        "scheduler": "normal",
    }
    return sample_latent(FakeModel(), latent, CONDITIONING, CONDITIONING, **{**settings, **changes})


def test_a_latent_comes_out_in_the_vaes_scale_with_its_other_keys() -> None:
    latent = {**EMPTY, "batch_index": [0, 1], "type": "image"}
    out = sample(latent, steps=40)
    assert list(out) == ["samples", "batch_index", "type"]
    assert out["samples"].std().item() == pytest.approx(1 / SD15.scale, rel=0.15)  # 128 values
    assert not latent["samples"].any()


def test_a_seed_decides_the_picture() -> None:
    assert torch.equal(sample()["samples"], sample()["samples"])
    assert not torch.equal(sample()["samples"], sample(seed=2)["samples"])


def test_it_leaves_no_trace_in_the_global_generator() -> None:
    before = torch.get_rng_state()
    sample(sampler_name="euler_ancestral")
    assert torch.equal(torch.get_rng_state(), before)


def test_from_the_top_noise_takes_the_latents_variance_too() -> None:
    clean, noise = torch.full((1, 4, 2, 2), 3.0), torch.ones(1, 4, 2, 2)
    assert noised(clean, noise, torch.tensor(2.0), 14.6)[0, 0, 0, 0] == 5
    assert noised(clean, noise, torch.tensor(14.6), 14.6)[0, 0, 0, 0].item() == pytest.approx(3 + (1 + 14.6**2) ** 0.5)


def test_reports_count_the_steps_and_show_the_estimate() -> None:
    reports: list[StepReport] = []
    sample(steps=3, on_step=reports.append)
    assert [(report.step, report.total) for report in reports] == [(0, 3), (1, 3), (2, 3)]
    top = (1 + FakeModel().prediction.sigma_max ** 2) ** 0.5
    torch.testing.assert_close(reports[0].x, initial_noise((2, 4, 4, 4), 1) * top)


def test_a_report_may_cancel() -> None:
    seen: list[int] = []

    def cancel(report: StepReport) -> None:
        seen.append(report.step)
        if report.step == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample(on_step=cancel)
    assert seen == [0, 1]


def test_two_halves_make_the_whole() -> None:
    """KSamplerAdvanced: stop with leftover noise, go on without adding any."""
    whole = sample(sampler_name="euler")
    first = sample(end_at_step=5, leftover_noise=True)
    second = sample(first, start_at_step=5, add_noise=False)
    torch.testing.assert_close(second["samples"], whole["samples"], atol=1e-4, rtol=1e-4)  # scaled out and in again


@pytest.mark.parametrize("nothing", [{"denoise_fraction": 0.0}, {"start_at_step": 8}, {"end_at_step": 0}])
def test_without_steps_the_latent_is_returned_as_it_was(nothing: dict[str, Any]) -> None:
    latent = {"samples": torch.randn(1, 4, 4, 4)}
    assert sample(latent, **nothing)["samples"] is latent["samples"]


def test_little_denoising_stays_near_the_latent() -> None:
    latent = {"samples": torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)) / SD15.scale}
    little, much = sample(latent, denoise_fraction=0.2), sample(latent, denoise_fraction=0.9)
    distance = [(out["samples"] - latent["samples"]).norm().item() for out in (little, much)]
    assert distance[0] < distance[1] / 2


def test_outside_the_noise_mask_the_latent_is_kept() -> None:
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 16:] = 1
    latent = {"samples": torch.randn(2, 4, 4, 4), "noise_mask": mask}
    for name in ("euler", "ddim", "euler_cfg_pp", "dpmpp_2m_sde"):
        out = sample(latent, sampler_name=name)
        torch.testing.assert_close(out["samples"][..., :2], latent["samples"][..., :2], atol=1e-5, rtol=1e-4)
        assert not torch.allclose(out["samples"][..., 2:], latent["samples"][..., 2:], atol=0.1)
        assert out["noise_mask"] is mask


def test_an_empty_latent_gets_the_models_channels() -> None:
    model = replace(FakeModel(), latent_format=LatentFormat(scale=1.0, shift=0.5, channels=16))
    out = sample_latent(
        model, EMPTY, CONDITIONING, [], seed=0, steps=1, cfg=1.0, sampler_name="euler", scheduler="simple"
    )
    assert out["samples"].shape == (2, 16, 4, 4)


def test_the_last_estimate_is_returned_beside_the_latent() -> None:
    model, sigmas = FakeModel(), torch.tensor([4.0, 2.0])

    def half(x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
        return x / 2

    result = sample_along(model, EMPTY, half, SAMPLERS["euler"], sigmas, seed=0)
    x = initial_noise((2, 4, 4, 4), 0) * 4
    torch.testing.assert_close(result.denoised["samples"], x / 2 / SD15.scale)
    torch.testing.assert_close(result.latent["samples"], x * 0.75 / SD15.scale)


def test_it_works_in_inference_mode() -> None:
    with torch.inference_mode():
        assert sample(sampler_name="dpmpp_2m")["samples"].isfinite().all()


def test_unknown_names_are_named() -> None:
    with pytest.raises(ValueError, match="unknown sampler 'eler'"):
        sample(sampler_name="eler")
    with pytest.raises(ValueError, match="unknown scheduler 'norml'"):
        sample(scheduler="norml")
