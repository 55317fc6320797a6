"""Latents resized, composed, turned, cut and put together, with their noise masks; small tensors worked out by hand."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes import latent_maths as maths_nodes
from nodes import latents as nodes_
from nodes.diffusion import latent_batches, latent_maths, latent_shapes, latents


def numbered(height: int, width: int, batch: int = 1, **more: Any) -> dict[str, Any]:
    """A latent (batch, 4, height, width) whose cells count up; the channels are alike."""
    cells = torch.arange(float(batch * height * width)).reshape(batch, 1, height, width)
    return {"samples": cells.expand(-1, 4, -1, -1).clone(), **more}


def shown(latent: dict[str, Any]) -> list[list[float]]:
    """The first channel of the first latent."""
    values: list[list[float]] = latent["samples"][0, 0].tolist()
    return values


def corner(height: int, width: int) -> Tensor:
    """A mask of so many cells, 8 pixels each, that selects the first."""
    mask = torch.zeros(1, 1, height * 8, width * 8)
    mask[..., :8, :8] = 1
    return mask


def selected(latent: dict[str, Any]) -> list[list[float]]:
    """A mask's value in the middle of each cell."""
    values: list[list[float]] = latent["noise_mask"][0, 0, 4::8, 4::8].tolist()
    return values


def test_an_empty_latent_has_cells_of_eight_pixels() -> None:
    assert nodes_.empty_latent(72, 64, 3)["samples"].shape == (3, 4, 8, 9)


def test_a_side_that_is_not_given_keeps_the_aspect_also_where_the_other_is_too_small() -> None:
    latent = numbered(16, 32)
    assert latents.upscale(latent, 0, 8, "bilinear", "disabled")["samples"].shape[-2:] == (8, 16)
    assert latents.upscale(latent, 256, 0, "bilinear", "disabled")["samples"].shape[-2:] == (16, 32)
    assert latents.upscale(latent, 64, 0, "bilinear", "disabled")["samples"].shape[-2:] == (8, 8)


def test_a_factor_leaves_at_least_one_cell() -> None:
    assert latents.upscale_by(numbered(4, 8), 0.01, "area")["samples"].shape[-2:] == (1, 1)


def test_a_mask_gets_an_axis_for_its_batch_and_one_for_channels() -> None:
    latent = numbered(2, 2)
    assert nodes_.set_noise_mask(latent, torch.ones(16, 8))["noise_mask"].shape == (1, 1, 16, 8)
    assert nodes_.set_noise_mask(latent, torch.ones(3, 16, 8))["noise_mask"].shape == (3, 1, 16, 8)
    assert "noise_mask" not in latent


@pytest.mark.parametrize(
    ("rotation", "values", "mask"),
    [
        ("none", [[0, 1, 2], [3, 4, 5]], [[1, 0, 0], [0, 0, 0]]),
        ("90 degrees", [[3, 0], [4, 1], [5, 2]], [[0, 1], [0, 0], [0, 0]]),
        ("180 degrees", [[5, 4, 3], [2, 1, 0]], [[0, 0, 0], [0, 0, 1]]),
        ("270 degrees", [[2, 5], [1, 4], [0, 3]], [[0, 0], [0, 0], [1, 0]]),
    ],
)
def test_turning_is_clockwise_and_takes_the_mask_along(rotation: Any, values: Any, mask: Any) -> None:
    turned = nodes_.rotate(numbered(2, 3, noise_mask=corner(2, 3), type="x"), rotation)
    assert shown(turned) == values
    assert selected(turned) == mask
    assert turned["type"] == "x"


def test_flipping_about_the_x_axis_turns_upside_down() -> None:
    latent = numbered(2, 2, noise_mask=corner(2, 2))
    upside_down = nodes_.flip(latent, "x-axis: vertically")
    assert shown(upside_down) == [[2, 3], [0, 1]]
    assert selected(upside_down) == [[0, 0], [1, 0]]
    assert shown(nodes_.flip(latent, "y-axis: horizontally")) == [[1, 0], [3, 2]]
    assert shown(latent) == [[0, 1], [2, 3]]


def test_a_crop_starts_early_enough_for_eight_cells_and_takes_the_mask_along() -> None:
    latent = numbered(10, 12, noise_mask=corner(10, 12).flip(-1, -2))
    cut = nodes_.crop(latent, 64, 64, 8, 16)
    assert shown(cut)[0] == [25, 26, 27, 28, 29, 30, 31, 32]
    far = nodes_.crop(latent, 64, 512, 800, 800)
    assert far["samples"].shape[-2:] == (8, 8)
    assert shown(far)[0][0] == 2 * 12 + 4
    assert selected(far)[7][7] == 1
    assert far["noise_mask"].sum() == 64


def test_a_crop_of_a_small_latent_is_all_of_it() -> None:
    assert nodes_.crop(numbered(4, 4), 64, 64, 8, 8)["samples"].shape[-2:] == (4, 4)


def test_a_composite_is_clipped_and_may_lie_outside() -> None:
    below, above = numbered(3, 3), {"samples": torch.full((1, 4, 2, 2), 9.0)}
    assert shown(nodes_.composite(below, above, 16, 8, 0)) == [[0, 1, 2], [3, 4, 9], [6, 7, 9]]
    assert shown(nodes_.composite(below, above, 24, 0, 8)) == shown(below)


def test_a_composite_fades_in_on_all_four_sides_inside() -> None:
    """Over 2 cells the weights are 1/2 and 1; corners multiply."""
    below, above = {"samples": torch.zeros(1, 4, 6, 6)}, {"samples": torch.ones(1, 4, 4, 4)}
    rows = shown(nodes_.composite(below, above, 8, 8, 16))
    assert rows[1] == [0, 0.25, 0.5, 0.5, 0.25, 0]
    assert rows[2] == [0, 0.5, 1, 1, 0.5, 0]
    assert rows[4] == rows[1]
    assert rows[0] == rows[5] == [0] * 6


def test_a_masked_composite_stretches_the_mask_over_the_source() -> None:
    below, above = numbered(2, 3), {"samples": torch.full((1, 4, 2, 2), 9.0)}
    mask = torch.tensor([[1.0, 0.0]]).repeat_interleave(8, 1)  # 1 x 16 pixels for 2 x 2 cells
    assert shown(nodes_.composite_masked(below, above, 8, 0, False, mask)) == [[0, 9, 2], [3, 9, 5]]
    assert shown(nodes_.composite_masked(below, above, 8, 0)) == [[0, 9, 9], [3, 9, 9]]
    assert shown(nodes_.composite_masked(below, above, 0, 0, True)) == [[9, 9, 9], [9, 9, 9]]
    assert shown(latents.composite_masked(below, above, -8, 8)) == [[0, 1, 2], [9, 4, 5]]


def test_a_composite_repeats_the_source_through_the_batch() -> None:
    below, above = (
        numbered(1, 1, batch=3),
        {"samples": torch.tensor([7.0, 8.0]).reshape(2, 1, 1, 1).expand(-1, 4, 1, 1)},
    )
    assert nodes_.composite(below, above, 0, 0, 0)["samples"][:, 0].flatten().tolist() == [7, 8, 7]
    assert nodes_.composite_masked(below, above, 0, 0)["samples"][:, 0].flatten().tolist() == [7, 8, 7]


@pytest.mark.parametrize(
    ("dim", "values"),
    [
        ("x", [[0, 1, 0, 1], [2, 3, 2, 3]]),
        ("-x", [[0, 1, 0, 1], [2, 3, 2, 3]]),
        ("y", [[0, 1], [2, 3], [0, 1], [2, 3]]),
        ("-y", [[0, 1], [2, 3], [0, 1], [2, 3]]),
    ],
)
def test_latents_are_put_side_by_side(dim: Any, values: Any) -> None:
    joined = maths_nodes.concat(numbered(2, 2, noise_mask=corner(2, 2)), numbered(2, 2, batch=3), dim)
    assert shown(joined) == values
    mask = torch.tensor(selected(joined))
    own, other = mask.chunk(2, -1 if "x" in dim else -2)[:: -1 if dim.startswith("-") else 1]
    assert own.tolist() == [[1, 0], [0, 0]]
    assert other.tolist() == [[1, 1], [1, 1]]  # what had no mask is all to be denoised


def test_a_minus_puts_the_second_first() -> None:
    other = {"samples": torch.full((1, 4, 2, 1), 9.0)}
    assert shown(maths_nodes.concat(numbered(2, 2), other, "x")) == [[0, 1, 9], [2, 3, 9]]
    assert shown(maths_nodes.concat(numbered(2, 2), other, "-x")) == [[9, 0, 1], [9, 2, 3]]


def test_films_are_joined_and_cut_in_time_and_pictures_cannot_be() -> None:
    film = {"samples": torch.arange(3.0).reshape(1, 1, 3, 1, 1).expand(-1, 4, -1, 2, 2)}
    twice = maths_nodes.concat(film, film, "t")
    assert twice["samples"][0, 0, :, 0, 0].tolist() == [0, 1, 2, 0, 1, 2]
    assert maths_nodes.cut(twice, "t", -2, 9)["samples"][0, 0, :, 0, 0].tolist() == [1, 2]
    with pytest.raises(ValueError, match="no axis t, which is the time in films"):
        maths_nodes.concat(numbered(2, 2), numbered(2, 2), "-t")
    with pytest.raises(ValueError, match="no axis t"):
        maths_nodes.cut(numbered(2, 2), "t")


def test_latents_of_other_sides_cannot_be_put_side_by_side() -> None:
    with pytest.raises(ValueError, match=r"\(1, 4, 3, 2\) cannot be put beside \(1, 4, 2, 2\) along x: sides differ"):
        maths_nodes.concat(numbered(2, 2), numbered(3, 2), "x")


@pytest.mark.parametrize(
    ("index", "amount", "columns"),
    [(0, 1, [0]), (1, 2, [1, 2]), (2, 99, [2]), (-1, 5, [2]), (-2, 1, [1]), (-99, 2, [0, 1]), (99, 3, [2])],
)
def test_a_cut_stays_inside(index: int, amount: int, columns: list[int]) -> None:
    latent = numbered(1, 3, noise_mask=corner(1, 3))
    piece = maths_nodes.cut(latent, "x", index, amount)
    assert shown(piece) == [columns]
    assert selected(piece) == [[float(column == 0) for column in columns]]


def test_a_mask_of_another_size_is_brought_to_the_latents_before_it_is_cut() -> None:
    """Two by two pixels for four by four cells: the left half is selected, and so is the cut's left half."""
    mask = torch.tensor([[1.0, 0.0], [1.0, 0.0]]).reshape(1, 1, 2, 2)
    piece = latent_shapes.cut(numbered(4, 4, noise_mask=mask), "y", 1, 1)
    assert piece["noise_mask"].shape == (1, 1, 8, 32)
    assert piece["noise_mask"][0, 0, 4, [0, 31]].tolist() == [1, 0]


@pytest.mark.parametrize(
    "work",
    [
        lambda a, b: latents.upscale(a, 128, 0, "bilinear", "disabled"),
        lambda a, b: latents.from_batch(a, 0, 1),
        lambda a, b: latents.repeat(a, 2),
        latents.join,
        lambda a, b: latents.crop(a, 64, 64, 8, 8),
        lambda a, b: latents.composite(a, b, 8, 8, 16),
        lambda a, b: latents.composite_masked(a, b, 8, 8, torch.ones(1, 8, 8)),
        lambda a, b: latent_shapes.rotate(a, 1),
        lambda a, b: latent_shapes.flip(a, "x"),
        lambda a, b: latent_shapes.concat(a, b, "-x"),
        lambda a, b: latent_shapes.cut(a, "y", 1, 2),
        lambda a, b: latent_batches.rebatch([a, b], 2)[0],
        lambda a, b: latent_batches.with_seed_behavior(a, "fixed"),
        latent_maths.add,
        lambda a, b: latent_maths.interpolate(a, b, 0.5),
    ],
)
def test_nothing_that_is_given_is_changed_and_what_is_not_known_is_kept(work: Any) -> None:
    given = numbered(10, 12, batch=2, noise_mask=corner(10, 12), batch_index=[3, 5], type="x")
    other = numbered(10, 12, batch=1)
    before = copy.deepcopy(given)
    made = work(given, other)
    assert made is not given
    assert made["type"] == "x"
    assert torch.equal(given["samples"], before["samples"])
    assert torch.equal(given["noise_mask"], before["noise_mask"])
    assert given["batch_index"] == [3, 5]
    assert other.keys() == {"samples"}
