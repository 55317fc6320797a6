"""Conditionings combined and restricted: what the nodes write into them, and what that does when they are settled."""

from typing import Any

import pytest
import torch
from torch import Tensor

from nodes import conditioning as nodes_
from nodes import conditioning_properties as properties_nodes
from nodes import text
from nodes.diffusion.regions import Region, regions
from tests.support.fakes import FakeModel


def cond(value: float = 1.0, tokens: int = 2, **fields: Any) -> list[list[Any]]:
    return [[torch.full((1, tokens, 3), value), fields]]


def settled(conditioning: list[list[Any]]) -> list[Region]:
    """For a latent of 16 x 32 cells."""
    return regions([conditioning], FakeModel(), 16, 32)[0]


class StandIn:
    """A text encoder that tells how long a text is."""

    def encode(self, prompt: str) -> tuple[Tensor, Tensor]:
        return torch.full((1, 1, 3), float(len(prompt))), torch.full((1, 3), -float(len(prompt)))


def test_an_area_in_fractions_is_that_part_of_any_latent() -> None:
    made = nodes_.set_area_percentage(cond(), 0.5, 0.25, 0.25, 0.5, 0.7)
    assert made[0][1] == {"area": ("percentage", 0.25, 0.5, 0.5, 0.25), "strength": 0.7, "set_area_to_bounds": False}
    (region,) = settled(made)
    assert region.area == (4, 16, 8, 8)


def test_a_strength_alone_leaves_the_area() -> None:
    made = nodes_.set_area_strength(nodes_.set_area(cond(), 64, 128, 8, 16), 0.3)
    assert made[0][1]["area"] == (16, 8, 2, 1)
    assert made[0][1]["strength"] == 0.3


def test_an_average_of_texts_of_other_lengths() -> None:
    """Cut to two tokens, or the missing one taken for zeros; without a pooled text of its own the other's is taken."""
    pooled = torch.ones(1, 3)
    shorter = nodes_.average(cond(1.0), cond(3.0, tokens=3, pooled_output=pooled), 0.25)
    assert shorter[0][0][0, :, 0].tolist() == [2.5, 2.5]
    assert torch.equal(shorter[0][1]["pooled_output"], pooled)
    longer = nodes_.average(cond(4.0, tokens=3, pooled_output=pooled), cond(8.0, pooled_output=pooled * 5), 0.5)
    assert longer[0][0][0, :, 0].tolist() == [6, 6, 2]
    assert longer[0][1]["pooled_output"].unique().tolist() == [3]


def test_texts_are_put_behind_each_other_or_beside() -> None:
    both = nodes_.combine(cond(1.0), cond(2.0))
    assert [item[0].mean().item() for item in both] == [1, 2]
    assert nodes_.concat(both, cond(3.0))[1][0][0, :, 0].tolist() == [2, 2, 3, 3]


def test_a_text_of_zeros_has_zeros_for_its_summary_too() -> None:
    zeros = nodes_.zero_out(cond(1.0, pooled_output=torch.ones(1, 3), strength=2.0))
    assert not zeros[0][0].any()
    assert not zeros[0][1]["pooled_output"].any()
    assert zeros[0][1]["strength"] == 2.0


def test_control_networks_get_a_text_of_their_own() -> None:
    made = text.encode_text_for_controlnet(StandIn(), cond(), "four")  # type: ignore[arg-type]
    assert made[0][1]["cross_attn_controlnet"].mean() == 4
    assert made[0][1]["pooled_output_controlnet"].mean() == -4
    assert made[0][0].mean() == 1
    with pytest.raises(ValueError, match="there is no text encoder"):
        text.encode_text_for_controlnet(None, cond(), "four")


def test_properties_are_mask_time_and_hooks() -> None:
    mask, hooks = torch.ones(16, 8), object()
    (item,) = properties_nodes.set_properties(cond(old=1), 0.5, "mask bounds", mask, hooks, (0.2, 0.6))
    fields = item[1]
    assert fields["mask"].shape == (1, 16, 8)
    assert (fields["mask_strength"], fields["set_area_to_bounds"]) == (0.5, True)
    assert (fields["start_percent"], fields["end_percent"]) == (0.2, 0.6)
    assert fields["hooks"] is hooks
    assert fields["old"] == 1


def test_properties_that_are_not_given_stay() -> None:
    before = cond(hooks=1, start_percent=0.1, end_percent=0.9, mask=2, strength=0.5)
    assert properties_nodes.set_properties(before, 1.0)[0][1] == before[0][1]


def test_without_a_mask_the_strength_multiplies_the_texts_own() -> None:
    assert properties_nodes.set_properties(cond(strength=0.5), 0.5)[0][1] == {"strength": 0.25}
    assert properties_nodes.set_properties(cond(), 3.0)[0][1] == {"strength": 3.0}


def test_a_pair_is_changed_alike_and_added_to_another() -> None:
    changed = properties_nodes.set_pair_properties(cond(1.0), cond(2.0), timesteps=(0.0, 0.5))
    assert [one[0][1]["end_percent"] for one in changed] == [0.5, 0.5]
    pair = properties_nodes.set_pair_properties_and_combine(cond(1.0), cond(2.0), cond(3.0), cond(4.0), 2.0)
    assert [[item[0].mean().item() for item in one] for one in pair] == [[1, 3], [2, 4]]
    assert [[item[1].get("strength") for item in one] for one in pair] == [[None, 2.0], [None, 2.0]]
    assert [item[0].mean().item() for item in properties_nodes.set_properties_and_combine(cond(1.0), cond(2.0))] == [
        1,
        2,
    ]
    combined = properties_nodes.combine_pairs(cond(1.0), cond(2.0), cond(3.0), cond(4.0))
    assert [[item[0].mean().item() for item in one] for one in combined] == [[1, 3], [2, 4]]


def test_a_default_fills_what_others_leave() -> None:
    left = nodes_.set_area(cond(1.0), 128, 128)
    made = properties_nodes.set_default(left, cond(2.0), hooks="h")
    assert [region.default for region in settled(made)] == [False, True]
    assert [item[1].get("hooks") for item in made] == [None, "h"]
    pair = properties_nodes.set_pair_default(cond(1.0), cond(2.0), cond(3.0), cond(4.0))
    assert [[item[1].get("default") for item in one] for one in pair] == [[None, True], [None, True]]


def test_a_part_of_the_sampling_has_one_before_and_one_after() -> None:
    ranges = properties_nodes.timesteps_range(0.25, 0.75)
    assert tuple(ranges) == ((0.25, 0.75), (0.0, 0.25), (0.75, 1.0))
    (region,) = settled(properties_nodes.set_properties(cond(), timesteps=ranges.BEFORE_RANGE))
    assert region.active(14.0)
    assert not region.active(0.5)


def test_nothing_that_is_given_is_changed() -> None:
    given = cond(1.0, strength=0.5)
    nodes_.set_area_percentage(given)
    properties_nodes.set_properties(given, 2.0, hooks="h", timesteps=(0.0, 1.0), mask=torch.ones(1, 8, 8))
    properties_nodes.set_default(given, given)
    assert given[0][1] == {"strength": 0.5}
