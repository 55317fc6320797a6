"""Latents that change size between steps: how large they are when, and what is said of them at each size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.controlnets import apply_controlnet
from nodes.custom_samplers import lcm_resizing
from nodes.custom_sampling import disable_noise, random_noise, sampler_custom_advanced
from nodes.diffusion import resuming
from nodes.diffusion.extras import Extras, Wish
from nodes.diffusion.gligen.handle import Box, Boxes, corners_in
from nodes.diffusion.guidance import Guidance, Moment
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.noise import BrownianNoise, GaussianNoise
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.regions import Area
from nodes.diffusion.resizing import resize
from nodes.diffusion.samplers import SAMPLERS, Sampler, State
from nodes.diffusion.sampling import StepReport, states
from nodes.guidance_patches import apg, differential_diffusion
from nodes.guiders import cfg_guider
from tests.support.calls import EMPTY, MODEL, SIGMAS, WORDS, Call
from tests.support.fakes import FakeModel, denoiser
from tests.unit.nodes.test_controls import Bottleneck, Grey, picture
from tests.unit.nodes.test_controls import words as controlled

POSITIVE, NEGATIVE, OTHER = WORDS
SIGMA = torch.tensor(1.0)
FOUR = torch.tensor([8.0, 4.0, 2.0, 1.0, 0.0])
METHODS = ("bislerp", "nearest-exact", "bilinear", "area", "bicubic")
PAINTED = {"samples": torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(5)) + 1}
MASK = torch.zeros(1, 1, 32, 32)
MASK[..., 16:] = 1
LEFT = [[POSITIVE[0][0], {"area": (4, 2, 0, 0)}], *OTHER]


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    """Whose threads wait for nobody: the network is tiny."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def half(x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
    return x / 2


def run_of(sampler: Sampler, size: tuple[int, int], sigmas: Tensor = FOUR) -> list[tuple[State, StepReport]]:
    x = torch.randn(1, 4, *size, generator=torch.Generator().manual_seed(0))
    return list(states(sampler, State(x), sigmas, half, sampler.noise(x, sigmas, 3)))


def sampled(
    sampler: Sampler,
    latent: dict[str, Any] = EMPTY,
    model: Any = MODEL,
    positive: list[list[Any]] = POSITIVE,
    call: Call | None = None,
    noise: Any = random_noise(7),  # noqa: B008
) -> Tensor:
    guider = cfg_guider(model, positive, NEGATIVE, 4.0)
    out, _ = sampler_custom_advanced(call or Call(), noise, guider, sampler, SIGMAS, latent)
    samples: Tensor = out["samples"]
    return samples


# How large they are


@pytest.mark.parametrize(
    ("ratio", "steps", "sizes"),
    [
        (2.0, -1, [(11, 17), (13, 22), (16, 26), (16, 26)]),  # thirds, and a step at the final size
        (2.0, 2, [(12, 20), (16, 26), (16, 26), (16, 26)]),
        (2.0, 4, [(10, 16), (12, 20), (14, 23), (16, 26)]),
        (2.0, 1000, [(10, 16), (12, 20), (14, 23), (16, 26)]),
        (2.0, 0, [(8, 13)] * 4),
        (1.5, 1, [(12, 20)] * 4),
        (0.5, -1, [(7, 11), (5, 9), (4, 6), (4, 6)]),
        (0.1, -1, [(6, 9), (3, 5), (1, 1), (1, 1)]),
        (1.0, -1, [(8, 13)] * 4),
    ],
)
def test_sides_go_in_equal_steps_to_the_ratio(ratio: float, steps: int, sizes: list[tuple[int, int]]) -> None:
    run = run_of(lcm_resizing(ratio, steps), (8, 13))
    assert [tuple(state.x.shape[-2:]) for state, _ in run] == sizes
    assert [tuple(report.x.shape[-2:]) for _, report in run] == [(8, 13), *sizes[:-1]]


def test_a_single_step_is_resized_too() -> None:
    ((state, report),) = run_of(lcm_resizing(1.5), (4, 6), FOUR[-2:])
    torch.testing.assert_close(state.x, resize(report.denoised, 9, 6, "bislerp"))


@pytest.mark.parametrize("method", METHODS)
def test_the_estimate_is_resized_by_the_method_and_noised_in_its_new_size(method: Any) -> None:
    run = run_of(lcm_resizing(1.5, 2, method), (4, 6))
    source = GaussianNoise(torch.zeros(1, 4, 4, 6), FOUR, 3)
    for k, ((state, report), size) in enumerate(zip(run[:2], [(5, 8), (6, 9)], strict=True)):
        noise = source(FOUR[k], FOUR[k + 1], torch.zeros(1, 4, *size))
        wanted = resize(report.denoised, size[1], size[0], method) + FOUR[k + 1] * noise
        torch.testing.assert_close(state.x, wanted)


@pytest.mark.parametrize("latent", [EMPTY, {**PAINTED, "noise_mask": MASK}], ids=["empty", "masked"])
@pytest.mark.parametrize("options", [(1.0, -1, "bicubic"), (2.0, 0, "bislerp")])
def test_without_a_change_of_size_it_is_lcm(options: Any, latent: dict[str, Any]) -> None:
    assert torch.equal(sampled(lcm_resizing(*options), latent), sampled(SAMPLERS["lcm"], latent))


def test_an_increment_of_brownian_noise_has_no_other_size() -> None:
    source = BrownianNoise(torch.zeros(1, 4, 4, 4), FOUR, 0)
    assert source(FOUR[0], FOUR[1], torch.zeros(1, 4, 4, 4)).shape == (1, 4, 4, 4)
    with pytest.raises(ValueError, match=r"noise of \[1, 4, 4, 4\] has no increment for \[1, 4, 8, 8\]"):
        source(FOUR[0], FOUR[1], torch.zeros(1, 4, 8, 8))


# Going on after a death

MODELS: dict[str, tuple[Any, list[list[Any]], dict[str, Any]]] = {
    "plain": (MODEL, POSITIVE, EMPTY),
    "mask": (MODEL, POSITIVE, {**PAINTED, "noise_mask": MASK}),
    "differential": (
        differential_diffusion(MODEL),
        POSITIVE,
        {**PAINTED, "noise_mask": torch.rand(1, 1, 9, 9, generator=torch.Generator().manual_seed(2))},
    ),
    "area": (MODEL, LEFT, EMPTY),
    "momentum": (apg(MODEL, 0.5, 5.0, -0.5), POSITIVE, EMPTY),
    "index": (MODEL, POSITIVE, {**PAINTED, "batch_index": [3, 1], "noise_mask": MASK}),
}


@pytest.mark.parametrize("options", [(2.0, -1), (0.6, 5)])
@pytest.mark.parametrize("name", MODELS)
def test_it_goes_on_after_any_step_to_the_same_bytes(
    name: str, options: tuple[float, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resuming, "EVERY_S", 0.0)
    monkeypatch.setattr(resuming, "SHARE", 1e9)
    model, positive, latent = MODELS[name]
    sampler, call = lcm_resizing(*options), Call()
    whole = sampled(sampler, latent, model, positive, call)
    side = round(4 * options[0])
    assert whole.shape == (2, 4, side, side)
    assert len(call.kept.stored) == len(SIGMAS) - 1
    for k, found in enumerate(call.kept.stored):
        again = Call(found)
        assert torch.equal(sampled(sampler, latent, model, positive, again), whole)
        assert again.kept.stored == call.kept.stored[k + 1 :]


def test_what_a_latent_of_another_batch_left_is_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(resuming, "EVERY_S", 0.0)
    monkeypatch.setattr(resuming, "SHARE", 1e9)
    sampler, call, one = lcm_resizing(2.0), Call(), {"samples": torch.zeros(1, 4, 4, 4)}
    sampled(sampler, call=call)
    assert torch.equal(sampled(sampler, one, call=Call(call.kept.stored[2])), sampled(sampler, one))
    assert "starts over" in caplog.text


# What a mask keeps


@pytest.mark.parametrize("noise", [random_noise(7), disable_noise()], ids=["noise", "none"])
@pytest.mark.parametrize("ratio", [0.5, 1.5, 2.0])
def test_what_the_mask_keeps_is_the_latent_resized(ratio: float, noise: Any) -> None:
    latent = {"samples": torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(1)), "noise_mask": MASK}
    out, side = sampled(lcm_resizing(ratio), latent, noise=noise), round(8 * ratio)
    wanted = resize(latent["samples"], side, side, "bislerp")
    kept = side // 2 - 1  # the column at the mask's edge may be half of each
    torch.testing.assert_close(out[..., :kept], wanted[..., :kept], rtol=1e-3, atol=1e-4)
    assert not torch.isclose(out[..., side // 2 :], wanted[..., side // 2 :], atol=1e-3).any(-1).all()


def test_a_result_is_sampled_again_with_its_mask() -> None:
    latent = {**PAINTED, "noise_mask": MASK}
    guider = cfg_guider(MODEL, POSITIVE, NEGATIVE, 4.0)
    once, estimate = sampler_custom_advanced(Call(), random_noise(7), guider, lcm_resizing(2.0), SIGMAS, latent)
    assert once["samples"].shape == estimate["samples"].shape == (2, 4, 8, 8)
    assert sampled(SAMPLERS["euler"], once).shape == (2, 4, 8, 8)


# What conditionings say


@dataclass
class Echo(FakeModel):
    """Its network's answer is the mean of each context; it remembers the sizes that it was given."""

    prediction: Prediction = field(default_factory=Prediction.x0)
    sizes: list[tuple[int, ...]] = field(default_factory=list)

    def network(self, inputs: Inputs) -> Tensor:
        self.sizes.append(tuple(inputs.x.shape[1:]))
        return inputs.context.mean((1, 2)).reshape(-1, 1, 1, 1).expand_as(inputs.x[:, :4])


def words(value: float, **fields: Any) -> list[list[Any]]:
    return [[torch.full((1, 77, 8), value), fields]]


def at_sizes(positive: list[list[Any]], *sizes: tuple[int, int], model: Any = None) -> list[Tensor]:
    """The estimates for latents of these sizes, one after the other, of conditionings for 16 x 16 cells."""
    denoise = denoiser(model or Echo(), positive, [], 1.0, (16, 16))
    return [denoise(torch.zeros(1, 4, *size), SIGMA)[0, 0] for size in sizes]


def test_areas_cover_the_same_part_of_every_size() -> None:
    halves = words(2, area=(16, 8, 0, 0)) + words(6, area=(16, 8, 0, 8))
    for out in at_sizes(halves, (16, 16), (24, 24), (8, 8), (24, 40), (16, 16)):
        middle = out.shape[1] // 2
        assert out[:, :middle].unique().tolist() == [2]
        assert out[:, middle:].unique().tolist() == [6]


def test_areas_side_by_side_leave_no_gap_in_any_size() -> None:
    strips = [strip for y in range(0, 16, 2) for strip in words(y + 1, area=(2, 16, y, 0))]
    for size, out in zip(range(8, 40), at_sizes(strips, *((size, 16) for size in range(8, 40))), strict=True):
        assert out.shape == (size, 16)
        assert sorted(out.unique().tolist()) == [y + 1 for y in range(0, 16, 2)]


def test_percentages_and_masks_are_of_every_size() -> None:
    mask = torch.zeros(1, 128, 128)
    mask[:, :, :64] = 1
    share = words(2, area=("percentage", 1.0, 0.5, 0.0, 0.0)) + words(6, area=("percentage", 1.0, 0.5, 0.0, 0.5))
    for positive in (share, words(2, mask=mask) + words(6, mask=1 - mask)):
        for out in at_sizes(positive, (16, 16), (32, 32), (24, 20)):
            middle = out.shape[1] // 2
            assert out[:, :middle].unique().tolist() == [2]
            assert out[:, middle:].unique().tolist() == [6]


def test_boxes_cover_the_same_part_of_every_size() -> None:
    boxes = Boxes(None, (Box(torch.zeros(1, 16), 4, 2, 2, 5),))  # type: ignore[arg-type] # it is not asked
    (box,) = boxes.scaled(1.5, 2.25).boxes
    assert corners_in(box, Area(24, 36, 0, 0)) == corners_in(boxes.boxes[0], Area(16, 16, 0, 0))


def test_boxes_are_scaled_when_a_latent_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, ...]] = []

    def for_item(self: Boxes, area: Area, tokens: int) -> tuple[Any, dict[str, Tensor]]:
        asked.append((*self.boxes[0][1:], *area))
        return Echo().hooks, {}

    monkeypatch.setattr(Boxes, "for_item", for_item)
    boxes = Boxes(None, (Box(torch.zeros(1, 16), 4, 2, 2, 6),))  # type: ignore[arg-type] # it is not asked
    at_sizes(words(2, gligen=boxes, area=(8, 8, 0, 4)), (16, 16), (16, 24))
    assert asked == [(4, 2, 2, 6, 8, 8, 0, 4), (4, 3, 2, 9, 8, 12, 0, 6)]


def test_further_channels_are_of_the_latent_that_is_there() -> None:
    def sized(wish: Wish) -> Tensor:
        return torch.zeros(1, 1, wish.height, wish.width)

    model = Echo(extras=Extras(concat=sized))
    at_sizes(words(2), (16, 16), (20, 24), model=model)
    assert model.sizes == [(5, 16, 16), (5, 20, 24)]


def test_a_hint_is_resized_to_every_size() -> None:
    hint = picture(0.0, size=(128, 128))
    hint[:, :, 64:] = 1
    net, model = Grey(), Bottleneck()
    positive = apply_controlnet(controlled(), net, hint, 0.5)  # type: ignore[arg-type]
    denoise = denoiser(model, positive, [], 1.0, (16, 16))
    for size in ((16, 16), (24, 24), (32, 32)):
        out = denoise(torch.zeros(1, 4, *size), SIGMA)[0, 0]
        middle = size[1] // 2
        assert out[:, :middle].unique().tolist() == [0]
        assert out[:, middle:].unique().tolist() == [0.5]
    assert [tuple(each.shape[-2:]) for each in net.hints] == [(128, 128), (192, 192), (256, 256)]


def test_conditionings_are_settled_once_for_a_size() -> None:
    net = Grey()
    positive = apply_controlnet(controlled(), net, picture(0.5), 1.0)  # type: ignore[arg-type]
    denoise = denoiser(Bottleneck(), positive, [], 1.0, (8, 8))
    for side in (8, 8, 12, 12, 12):
        denoise(torch.zeros(1, 4, side, side), SIGMA)
    assert len(net.hints) == 2


def test_guidance_remembers_nothing_of_another_size() -> None:
    known: list[list[tuple[int, ...]]] = []

    def after(moment: Moment, result: Tensor) -> Tensor:
        known.append([tuple(each.shape) for each in moment.memory.values()])
        moment.memory["last"] = result
        return result

    model = replace(FakeModel(), guidance=Guidance(after=(after,)))
    denoise = denoiser(model, words(1), [], 1.0, (4, 4))
    for side in (4, 4, 6, 6, 4):
        denoise(torch.zeros(1, 4, side, side), SIGMA)
    assert known == [[], [(1, 4, 4, 4)], [], [(1, 4, 6, 6)], []]
