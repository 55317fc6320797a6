"""Batches of latents, and which noise each of them is given."""

from functools import partial
from typing import Any

import pytest
import torch

from nodes import latent_batches as nodes_
from nodes.diffusion import latent_batches, latents
from nodes.diffusion.noise import initial_noise


def batch(*values: float, side: int = 2, **more: Any) -> dict[str, Any]:
    """Latents (B, 4, side, side) that are each of one value."""
    return {
        "samples": torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1, 1).expand(-1, 4, side, side).clone(),
        **more,
    }


def values(latent: dict[str, Any]) -> list[float]:
    found: list[float] = latent["samples"][:, 0, 0, 0].tolist()
    return found


def test_index_and_length_are_brought_inside() -> None:
    taken = nodes_.from_batch(batch(1, 2, 3), 7, 5)
    assert (values(taken), taken["batch_index"]) == ([3], [2])
    taken = nodes_.from_batch(batch(1, 2, 3, batch_index=[4, 5, 9]), 1, 64)
    assert (values(taken), taken["batch_index"]) == ([2, 3], [5, 9])


def test_masks_go_with_their_latents() -> None:
    masks = torch.tensor([0.1, 0.2]).reshape(2, 1, 1, 1).expand(-1, 1, 16, 16)
    latent = batch(1, 2, 3, noise_mask=masks)
    assert nodes_.from_batch(latent, 1, 2)["noise_mask"][:, 0, 0, 0].tolist() == pytest.approx([0.2, 0.1])
    repeated = nodes_.repeat(latent, 2)
    assert values(repeated) == [1, 2, 3, 1, 2, 3]
    assert repeated["noise_mask"][:, 0, 0, 0].tolist() == pytest.approx([0.1, 0.2, 0.1] * 2)
    assert nodes_.repeat(batch(1, noise_mask=masks[:1]), 3)["noise_mask"].shape[0] == 1


def test_repetitions_go_on_counting() -> None:
    assert nodes_.repeat(batch(1, 2, batch_index=[3, 5]), 3)["batch_index"] == [3, 5, 6, 8, 9, 11]
    assert "batch_index" not in nodes_.repeat(batch(1, 2), 2)


def test_a_join_resizes_the_second_and_keeps_both_masks() -> None:
    masked = batch(2, side=4, noise_mask=torch.zeros(1, 1, 32, 32), batch_index=[7])
    joined = nodes_.join(batch(1), masked)
    assert joined["samples"].shape == (2, 4, 2, 2)
    assert (values(joined), joined["batch_index"]) == ([1, 2], [0, 7])
    assert joined["noise_mask"].shape == (2, 1, 16, 16)
    assert joined["noise_mask"].amax((1, 2, 3)).tolist() == [1, 0]
    assert "noise_mask" not in nodes_.join(batch(1), batch(2))


@pytest.mark.parametrize(
    "work", [latents.join, partial(latents.composite, x=0, y=0, feather=0), partial(latents.composite_masked, x=0, y=0)]
)
def test_latents_of_different_models_do_not_go_together(work: Any) -> None:
    with pytest.raises(ValueError, match="a latent of 16 channels does not fit one of 4"):
        work(batch(1), {"samples": torch.zeros(1, 16, 2, 2)})


def test_a_list_is_made_into_batches_of_one_size() -> None:
    rebatched = nodes_.rebatch([batch(1, 2, 3), batch(4)], [2])
    assert [values(each) for each in rebatched] == [[1, 2], [3, 4]]
    assert [each["batch_index"] for each in rebatched] == [[0, 1], [2, 3]]


def test_other_sides_begin_a_batch_of_their_own() -> None:
    rebatched = nodes_.rebatch([batch(1, 2, 3), batch(4, side=3), batch(5)], [2])
    assert [values(each) for each in rebatched] == [[1, 2], [3], [4], [5]]
    assert [each["samples"].shape[-1] for each in rebatched] == [2, 2, 3, 2]


def test_rebatched_latents_keep_their_masks_and_draws() -> None:
    first = batch(1, 2, batch_index=[8, 6], noise_mask=torch.zeros(1, 1, 16, 16))
    rebatched = nodes_.rebatch([first, batch(3)], [3])
    assert rebatched[0]["batch_index"] == [8, 6, 2]
    assert rebatched[0]["noise_mask"].amax((1, 2, 3)).tolist() == [0, 0, 1]


def test_each_of_a_batch_gets_the_noise_that_it_would_have_had_alone() -> None:
    parts = [
        initial_noise(each["samples"].shape, 5, each["batch_index"]) for each in nodes_.rebatch([batch(1, 2, 3)], [2])
    ]
    alone = [initial_noise(torch.Size((1, 4, 2, 2)), 5, [i]) for i in range(3)]
    assert torch.equal(torch.cat(parts), torch.cat(alone))


def test_seeds_are_fixed_to_the_first_or_left_to_chance() -> None:
    assert nodes_.seed_behavior(batch(1, 2), "fixed")["batch_index"] == [0, 0]
    assert nodes_.seed_behavior(batch(1, 2, batch_index=[4, 5]), "fixed")["batch_index"] == [4, 4]
    assert "batch_index" not in nodes_.seed_behavior(batch(1, 2, batch_index=[4, 5]), "random")
    with pytest.raises(ValueError, match="unknown seed behavior 'mixed'"):
        latent_batches.with_seed_behavior(batch(1), "mixed")
