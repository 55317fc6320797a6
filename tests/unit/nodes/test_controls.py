"""Controls of conditionings: who is steered, by what, where and when; on networks small enough to work out by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from nodes.codec import size
from nodes.controlnets import apply_controlnet, apply_controlnet_advanced
from nodes.diffusion.inputs import Inputs, Residuals
from nodes.diffusion.ladder import Frugal, Ladder
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet
from tests.support.fakes import FakeModel, denoiser

UNET = UNet(UNetConfig(levels=(Level(8, 1, 0),), middle_depth=0, model_channels=8, groups=2))
SIGMA = torch.tensor(1.0)


@dataclass
class Grey:
    """A network that adds the brightness of a hint's cells to the bottleneck; it remembers what it was asked."""

    hints: list[Tensor] = field(default_factory=list)
    asked: list[Inputs] = field(default_factory=list)

    def prepared(self, hint: Tensor) -> tuple[Tensor, ...]:
        self.hints.append(hint)
        return (avg_pool2d(hint, 8).mean(1, keepdim=True),)

    def residuals(self, prepared: Sequence[Tensor], inputs: Inputs, unet: UNet) -> Residuals:
        assert unet is UNET
        self.asked.append(inputs)
        return Residuals((None, prepared[0]), prepared[0])


@dataclass
class Bottleneck(FakeModel):
    """Its network's answer is what is added to the bottleneck, or 0; it remembers how many rows it was asked for."""

    prediction: Prediction = field(default_factory=Prediction.x0)
    calls: list[tuple[int, ...]] = field(default_factory=list)

    def network(self, inputs: Inputs) -> Tensor:
        self.calls.append(inputs.lists)
        assert inputs.form is None or inputs.steering is None
        if inputs.steering is None:
            return torch.zeros_like(inputs.x)
        residuals = inputs.steering.residuals(inputs, UNET)
        assert residuals.middle is not None
        assert len(residuals.middle) == len(inputs)
        return residuals.middle.expand_as(inputs.x)


def words(**fields: Any) -> list[list[Any]]:
    return [[torch.zeros(1, 77, 8), fields]]


def picture(*values: float, size: tuple[int, int] = (64, 64)) -> Tensor:
    """Images of one brightness each."""
    return torch.stack([torch.full((*size, 3), value) for value in values])


def denoised(
    positive: list[Any],
    negative: list[Any],
    cfg: float = 1.0,
    model: Bottleneck | None = None,
    batch: int = 1,
    sigma: Tensor = SIGMA,
) -> Tensor:
    """The estimate for latents of 8 x 8 cells: (B, 8, 8)."""
    x = torch.zeros(batch, 4, 8, 8)
    return denoiser(model or Bottleneck(), positive, negative, cfg, (8, 8))(x, sigma)[:, 0]


def test_a_strength_of_nothing_gives_the_conditioning_back() -> None:
    given = words(strength=2.0)
    assert apply_controlnet(given, Grey(), picture(1), 0.0) == given
    steered = apply_controlnet_advanced(given, words(), Grey(), picture(1), 0.0)
    assert steered.positive == given
    assert "control" not in steered.negative[0][1]


def test_a_conditioning_is_copied_not_changed() -> None:
    given = words()
    apply_controlnet(given, Grey(), picture(1))
    assert given[0][1] == {}


@pytest.mark.parametrize("strength", [0.5, 1.0, 3.0])
def test_what_is_added_scales_with_the_strength(strength: float) -> None:
    positive = apply_controlnet(words(), Grey(), picture(0.5), strength)
    torch.testing.assert_close(denoised(positive, []), torch.full((1, 8, 8), 0.5 * strength))


def test_controls_in_a_row_add_up() -> None:
    both = apply_controlnet(apply_controlnet(words(), Grey(), picture(0.5)), Grey(), picture(0.25), 2.0)
    torch.testing.assert_close(denoised(both, []), torch.full((1, 8, 8), 1.0))


def test_the_old_node_steers_negative_words_along() -> None:
    positive = apply_controlnet(words(), Grey(), picture(0.5))
    model = Bottleneck()
    torch.testing.assert_close(denoised(positive, words(), cfg=3.0, model=model), torch.full((1, 8, 8), 0.5))
    assert model.calls == [(1, 0)]  # in one call


def test_negative_words_with_a_control_of_their_own_keep_it() -> None:
    positive = apply_controlnet(words(), Grey(), picture(0.5))
    negative = apply_controlnet(words(), Grey(), picture(0.25))
    model = Bottleneck()
    torch.testing.assert_close(denoised(positive, negative, cfg=2.0, model=model), torch.full((1, 8, 8), 0.75))
    assert model.calls == [(1,), (0,)]


def test_the_advanced_node_steers_what_it_is_given() -> None:
    net = Grey()
    steered = apply_controlnet_advanced(words(), words(), net, picture(0.5))
    model = Bottleneck()
    assert denoised(*steered, cfg=3.0, model=model).unique().tolist() == [0.5]
    assert model.calls == [(1, 0)]
    assert steered.positive[0][1]["control"] is steered.negative[0][1]["control"]
    only = apply_controlnet_advanced(words(), [], net, picture(0.5)).positive
    assert denoised(only, words(), cfg=2.0).unique().tolist() == [1.0]  # 0 guided to 0.5, twice


def test_a_control_holds_for_a_part_of_the_sampling() -> None:
    positive, _ = apply_controlnet_advanced(words(), words(), Grey(), picture(0.5), 1.0, 0.5, 0.8)
    prediction, seen = Prediction.x0(), []
    for percent in (0.4, 0.6, 0.9):
        sigma = torch.tensor(prediction.percent_to_sigma(percent))
        seen.append(denoised(positive, [], sigma=sigma).max().item())
    assert seen == [0, 0.5, 0]


def test_controls_of_other_times_take_turns() -> None:
    first, _ = apply_controlnet_advanced(words(), words(), Grey(), picture(0.5), 1.0, 0.0, 0.5)
    both, _ = apply_controlnet_advanced(first, words(), Grey(), picture(0.25), 1.0, 0.5, 1.0)
    prediction = Prediction.x0()
    seen = [denoised(both, [], sigma=torch.tensor(prediction.percent_to_sigma(p))).max().item() for p in (0.2, 0.8)]
    assert seen == [0.5, 0.25]


@pytest.mark.parametrize("sides", [(64, 64), (8, 8), (1, 1), (37, 91), (512, 64)], ids=str)
def test_a_hint_may_have_any_size(sides: tuple[int, int]) -> None:
    net = Grey()
    positive = apply_controlnet(words(), net, picture(0.5, size=sides))
    assert denoised(positive, []).unique().tolist() == [0.5]
    assert net.hints[0].shape == (1, 3, 64, 64)


def test_a_hint_is_cut_to_the_latents_aspect() -> None:
    wide = torch.zeros(1, 64, 128, 3)
    wide[:, :, 32:96] = 1
    assert denoised(apply_controlnet(words(), Grey(), wide), []).unique().tolist() == [1]


def test_hints_of_a_batch_are_gone_through_in_turn() -> None:
    positive = apply_controlnet(words(), Grey(), picture(0.25, 0.5))
    assert denoised(positive, words(), cfg=2.0, batch=3)[:, 0, 0].tolist() == [0.25, 0.5, 0.25]
    assert denoised(positive, [], batch=1)[:, 0, 0].tolist() == [0.25]


def test_an_area_is_steered_by_its_part_of_the_hint() -> None:
    hint = torch.zeros(1, 64, 64, 3)
    hint[:, 16:48, 32:] = 0.5
    net = Grey()
    positive = apply_controlnet(words(area=(4, 4, 2, 4)), net, hint)
    out = denoised(positive, [])
    assert out[0, 2:6, 4:].unique().tolist() == [0.5]
    assert net.hints[0].shape == (1, 3, 32, 32)


def test_a_network_sees_a_hint_once_for_all_steps() -> None:
    net, model = Grey(), Bottleneck()
    positive = apply_controlnet(words(), net, picture(0.5))
    denoise = denoiser(model, positive, words(), 2.0, (8, 8))
    for _ in range(3):
        denoise(torch.zeros(1, 4, 8, 8), SIGMA)
    assert len(net.hints) == 1
    assert len(net.asked) == 3


def test_items_with_and_without_a_control_go_through_the_network_apart() -> None:
    model = Bottleneck()
    both = [*apply_controlnet(words(), Grey(), picture(0.5)), *words()]
    assert denoised(both, [], model=model).unique().tolist() == [0.25]
    assert model.calls == [(0,), (0,)]


def test_caches_weigh_a_conditioning_with_its_hints() -> None:
    plain, steered = words(), apply_controlnet(words(), Grey(), picture(0.5, size=(100, 100)))
    twice = apply_controlnet(steered, Grey(), picture(0.5, size=(100, 100)))
    assert size(steered) - size(plain) == pytest.approx(100 * 100 * 3 * 4, abs=1000)
    assert size(twice) - size(plain) == pytest.approx(2 * 100 * 100 * 3 * 4, abs=1000)


def test_controls_may_be_told_other_words() -> None:
    net = Grey()
    other = torch.ones(1, 5, 8)
    positive = apply_controlnet(words(cross_attn_controlnet=other), net, picture(0.5))
    denoised(positive, [], batch=2)
    torch.testing.assert_close(net.asked[0].context, other.expand(2, -1, -1))


def test_parts_of_a_batch_are_steered_as_the_whole() -> None:
    """As when memory runs out: each part has its own rows' hints."""
    model, failed = Bottleneck(), []

    def network(inputs: Inputs) -> Tensor:
        if len(inputs) > 1:
            failed.append(len(inputs))
            raise MemoryError
        return model.network(inputs)

    frugal = Frugal(network, Ladder([], lambda *_: None, lambda error: isinstance(error, MemoryError)))

    @dataclass
    class Short(Bottleneck):
        def network(self, inputs: Inputs) -> Tensor:
            return frugal(inputs)

    positive = apply_controlnet(words(cross_attn_controlnet=torch.ones(1, 5, 8)), Grey(), picture(0.25, 0.5))
    assert denoised(positive, words(), cfg=1.0, model=Short(), batch=2)[:, 0, 0].tolist() == [0.25, 0.5]
    assert failed == [2]
