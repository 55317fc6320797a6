"""Guidance, batching, areas, masks and ranges, on networks small enough to work out by hand."""

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.diffusion import conditioning
from nodes.diffusion.guidance import guided, needs_uncond
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.keeping import KeepUnmasked, Kept
from nodes.diffusion.prediction import Prediction
from tests.support.fakes import FakeModel, denoiser

SIGMA = torch.tensor(1.0)


@dataclass
class Echo(FakeModel):
    """Its network's answer is the mean of each context, and it remembers what it was asked."""

    prediction: Prediction = field(default_factory=Prediction.x0)
    calls: list[tuple[Tensor, Tensor, Tensor]] = field(default_factory=list)

    def network(self, inputs: Inputs) -> Tensor:
        self.calls.append((inputs.x, inputs.timesteps, inputs.context))
        return inputs.context.mean((1, 2)).reshape(-1, 1, 1, 1).expand_as(inputs.x)


def words(value: float, tokens: int = 77, **fields: Any) -> list[list[Any]]:
    return [[torch.full((1, tokens, 8), value), fields]]


def denoised(positive: list[Any], negative: list[Any], cfg: float = 1.0, model: Echo | None = None) -> Tensor:
    """At sigma 1, for one latent of 16 x 16 cells: (16, 16)."""
    x = torch.zeros(1, 4, 16, 16)
    return denoiser(model or Echo(), positive, negative, cfg, x.shape[-2:])(x, SIGMA)[0, 0]


def test_guidance_goes_from_uncond_through_cond() -> None:
    cond, uncond = torch.tensor(3.0), torch.tensor(1.0)
    assert [guided(cond, uncond, cfg).item() for cfg in (0, 1, 7)] == [1, 3, 15]
    assert not needs_uncond(1.0)
    assert denoised(words(3), words(1), cfg=7.0).unique().tolist() == [15]


def test_cond_and_uncond_share_one_call() -> None:
    model, x = Echo(), torch.randn(2, 4, 8, 8)
    denoiser(model, words(3), words(1), 7.0, (8, 8))(x, SIGMA)
    ((seen, timesteps, context),) = model.calls
    torch.testing.assert_close(seen, torch.cat((x, x)) / 2**0.5)
    assert timesteps.tolist() == [model.prediction.timestep(SIGMA).item()] * 4
    assert context[:, 0, 0].tolist() == [1, 1, 3, 3]  # uncond first


def test_at_scale_one_only_cond_is_evaluated() -> None:
    model = Echo()
    denoised(words(3), words(1), cfg=1.0, model=model)
    assert [len(x) for x, _, _ in model.calls] == [1]


def test_the_unconditional_estimate_is_there_for_cfg_pp_even_at_scale_one() -> None:
    both = denoiser(Echo(), words(3), words(1), 1.0, (8, 8))(torch.zeros(2, 4, 8, 8), SIGMA, True)
    assert both.shape == (2, 2, 4, 8, 8)
    assert both[0].unique().tolist() == [3]
    assert both[1].unique().tolist() == [1]


def test_an_empty_negative_list_estimates_zero() -> None:
    assert denoised(words(3), [], cfg=2.0).unique().tolist() == [6]


@pytest.mark.parametrize(
    ("tokens", "seen"), [((77, 154), [154]), ((77, 231), [231]), ((2, 3), [6]), ((77, 385), [77, 385])]
)
def test_contexts_are_repeated_to_a_common_length_up_to_fourfold(tokens: tuple[int, int], seen: list[int]) -> None:
    model = Echo()
    assert denoised(words(3, tokens[0]), words(1, tokens[1]), cfg=2.0, model=model).unique().tolist() == [5]
    assert sorted(context.shape[1] for _, _, context in model.calls) == seen


def test_the_network_is_called_in_its_own_dtype() -> None:
    model = Echo(dtype=torch.bfloat16)
    assert denoised(words(3), words(1), cfg=2.0, model=model).dtype == torch.float32
    assert model.calls[0][0].dtype == model.calls[0][2].dtype == torch.bfloat16


def test_items_of_a_list_are_averaged_by_strength() -> None:
    assert denoised(words(1, strength=3.0) + words(5), []).unique().tolist() == [2]


def test_an_area_sees_its_crop_and_fades_towards_edges_inside() -> None:
    """A 16 x 8 area on the right half: the feather is 8 // 4 = 2 cells, only on the side inside."""
    model = Echo()
    out = denoised(words(1) + words(5, area=(16, 8, 0, 8)), [], model=model)
    assert sorted(tuple(x.shape[-2:]) for x, _, _ in model.calls) == [(16, 8), (16, 16)]
    assert out[:, :8].unique().tolist() == [1]
    torch.testing.assert_close(out[3, 8:11], torch.tensor([(1 + 0.5 * 5) / 1.5, 3.0, 3.0]))
    assert out[3, 15] == 3


def test_an_area_may_be_fractions_of_the_latent() -> None:
    model = Echo()
    denoised(words(1, area=("percentage", 0.5, 0.25, 0.5, 0.75)), [], model=model)
    assert model.calls[0][0].shape[-2:] == (8, 4)


def test_an_area_without_an_opposite_is_looked_at_with_the_others_words_too() -> None:
    model = Echo()
    out = denoised(words(4, area=(8, 8, 0, 0)), words(1), cfg=2.0, model=model)
    assert sorted((tuple(x.shape[-2:]), len(x)) for x, _, _ in model.calls) == [((8, 8), 2), ((16, 16), 1)]
    assert out[0, 0] == 7
    assert out[12, 12] == -1  # nothing positive there: 0 guided away from 1


def test_a_mask_weighs_cell_by_cell() -> None:
    left = torch.zeros(128, 128)
    left[:, :64] = 1
    out = denoised(
        conditioning.with_mask(words(2), left, 1.0, to_bounds=False)
        + conditioning.with_mask(words(6), 1 - left, 1.0, to_bounds=False),
        [],
    )
    assert out[:, :8].unique().tolist() == [2]
    assert out[:, 8:].unique().tolist() == [6]


def test_a_masks_bounds_become_the_area() -> None:
    mask = torch.zeros(1, 16, 16)
    mask[:, 2:12, 4:6] = 1
    model = Echo()
    denoised(conditioning.with_mask(words(2), mask, 1.0, to_bounds=True), [], model=model)
    assert model.calls[0][0].shape[-2:] == (10, 8)


@pytest.mark.parametrize(("percent", "active"), [((0.0, 1.0), True), ((0.0, 0.5), False), ((0.5, 1.0), True)])
def test_an_item_is_active_between_its_percents(percent: tuple[float, float], active: bool) -> None:
    """Sigma 1 is timestep 361 of 999: at 64 % of the way."""
    start, end = percent
    out = denoised(words(1) + words(3, start_percent=start, end_percent=end), [])
    assert out.unique().tolist() == [2 if active else 1]


def test_default_items_fill_what_the_others_leave() -> None:
    mask = torch.zeros(1, 16, 16)
    mask[:, :, :8] = 1
    out = denoised(words(2, mask=mask) + words(7, default=True), [])
    assert out[:, :8].unique().tolist() == [2]
    assert out[:, 8:].unique().tolist() == [7]


def test_outside_the_mask_the_latent_is_kept_at_every_noise_level() -> None:
    latent, noise = torch.full((1, 4, 2, 2), 5.0), torch.full((1, 4, 2, 2), 0.5)
    mask = torch.tensor([[1.0, 0.0], [0.25, 1.0]]).reshape(1, 1, 2, 2)
    seen = []

    def denoise(x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
        seen.append(x)
        answer = torch.ones_like(x)
        return torch.stack((answer, answer)) if uncond else answer

    keep = KeepUnmasked(denoise, lambda size: Kept(mask, latent, noise))
    out = keep(torch.zeros(1, 4, 2, 2), torch.tensor(2.0))
    assert seen[0][0, 0].tolist() == [[0, 6], [4.5, 0]]  # m x + (1 - m) (L + sigma n)
    assert out[0, 0].tolist() == [[1, 5], [4, 1]]  # m D + (1 - m) L
    both = keep(torch.zeros(1, 4, 2, 2), torch.tensor(2.0), True)
    assert torch.equal(both[0], out)
    assert both[1].unique().tolist() == [1]


def test_conditionings_are_copied_not_changed() -> None:
    one, other = words(2, pooled_output=torch.ones(1, 3)), words(4, tokens=70, pooled_output=torch.zeros(1, 3))
    assert [len(fields) for _, fields in conditioning.with_fields(one, strength=2.0)] == [2]
    assert [len(fields) for _, fields in one] == [1]
    assert len(conditioning.combine(one, other)) == 2
    assert conditioning.concat(one, other)[0][0].shape == (1, 147, 8)
    mixed, fields = conditioning.average(one, other, 0.25)[0]
    assert mixed[0, [0, 76], 0].tolist() == [3.5, 0.5]  # beyond the other's 70 tokens there is nothing to mix in
    assert fields["pooled_output"].unique().tolist() == [0.25]
    assert conditioning.zero_out(one)[0][1]["pooled_output"].any().item() is False
    assert one[0][0].unique().tolist() == [2]
