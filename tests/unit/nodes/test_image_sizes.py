"""Nodes that change the size of pictures and the number of pictures in a batch."""

from typing import Any

import pytest
import torch
from torch import Tensor

from engine.checks import LIMITS
from engine.services import Services
from nodes import image_batches, image_sizes
from nodes.diffusion.resizing import resize_image


def picture(height: int, width: int, channels: int = 3, batch: int = 1) -> Tensor:
    return torch.rand(batch, height, width, channels, generator=torch.Generator().manual_seed(0))


def numbered(height: int, width: int) -> Tensor:
    """Every pixel another value, by rows."""
    return torch.arange(float(height * width)).reshape(1, height, width, 1)


HUGE = torch.zeros(1, 1, 1, 3).expand(4096, 2, 2, 3)
"""A batch that takes no memory, but would if its pictures were 16384 pixels wide."""


def test_a_side_of_zero_keeps_the_aspect() -> None:
    image = picture(10, 20)
    assert image_sizes.scale(image, "area", 0, 0) is image
    assert image_sizes.scale(image, "area", 30, 0).shape == (1, 15, 30, 3)
    assert image_sizes.scale(image, "area", 0, 1).shape == (1, 1, 2, 3)
    assert image_sizes.scale(picture(1, 900), "area", 90, 0).shape == (1, 1, 90, 3)


@pytest.mark.parametrize("method", ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_method_takes_alpha_and_batches(method: Any, channels: int) -> None:
    out = image_sizes.scale(picture(12, 9, channels, batch=2), method, 5, 7, "center")
    assert out.shape == (2, 7, 5, channels)


@pytest.mark.parametrize(("width", "height"), [(16384, 1), (1, 16384)])
def test_the_slimmest_target_still_has_a_source(width: int, height: int) -> None:
    assert image_sizes.scale(picture(2, 2), "bilinear", width, height, "center").shape == (1, height, width, 3)


def test_factors_megapixels_and_longest_sides_are_rounded_to_even() -> None:
    assert image_sizes.scale_by(picture(5, 3), "bilinear", 0.5).shape[1:3] == (2, 2)
    assert image_sizes.scale_by(picture(5, 3), "bilinear", 0.01).shape[1:3] == (1, 1)
    assert image_sizes.scale_to_total(picture(30, 40), "area", 0.25).shape[1:3] == (443, 591)
    assert image_sizes.scale_to_longest(picture(30, 40), "area", 100).shape[1:3] == (75, 100)
    assert image_sizes.scale_to_longest(picture(40, 30), "lanczos", 10).shape[1:3] == (10, 8)
    image = picture(3, 3)
    assert image_sizes.scale_to_longest(image, "area", 0) is image


def test_what_would_not_fit_is_refused_before_it_is_made() -> None:
    for make in (
        lambda: image_sizes.scale(HUGE, "area", 16384, 16384),
        lambda: image_sizes.scale_to_longest(HUGE, "area", 16384),
        lambda: image_sizes.letterbox(HUGE, 16384, 16384),
        lambda: image_sizes.pad_for_outpaint(HUGE, 9000, 9000, 9000, 9000),
        lambda: image_sizes.stitch(HUGE, "down", False, image2=HUGE[:1, :1, :1].expand(1, 16384, 16384, 3)),
        lambda: image_batches.repeat(torch.zeros(1, 1, 1, 3).expand(1, 16384, 16384, 3), 4096),
    ):
        with pytest.raises(ValueError, match=r"pictures of \d+x\d+ need \d+ GiB of memory, this machine has"):
            make()


def test_turning_is_clockwise() -> None:
    image = numbered(2, 3)
    assert image_sizes.rotate(image, "90 degrees")[0, :, :, 0].tolist() == [[3, 0], [4, 1], [5, 2]]
    assert image_sizes.rotate(image, "180 degrees")[0, :, :, 0].tolist() == [[5, 4, 3], [2, 1, 0]]
    assert image_sizes.rotate(image, "270 degrees")[0, :, :, 0].tolist() == [[2, 5], [1, 4], [0, 3]]
    assert torch.equal(image_sizes.rotate(image, "none"), image)


def test_the_x_axis_flips_upside_down() -> None:
    image = numbered(2, 3)
    assert image_sizes.flip(image, "x-axis: vertically")[0, :, :, 0].tolist() == [[3, 4, 5], [0, 1, 2]]
    assert image_sizes.flip(image, "y-axis: horizontally")[0, :, :, 0].tolist() == [[2, 1, 0], [5, 4, 3]]


def test_a_crop_begins_in_the_picture_and_ends_with_it() -> None:
    image = numbered(3, 4)
    assert image_sizes.crop(image, 9, 1, 2, 1).flatten().tolist() == [6, 7]
    assert image_sizes.crop(image, 2, 2, 99, 99).flatten().tolist() == [11]


@pytest.mark.parametrize(("colour", "value"), [("white", 1.0), ("black", 0.0)])
def test_a_letterbox_is_centred_and_opaque(colour: Any, value: float) -> None:
    out = image_sizes.letterbox(torch.full((2, 10, 20, 4), 0.5), 9, 11, colour, "bilinear")
    assert out.shape == (2, 11, 9, 4)
    rows = out[0, :, 4, :3].mean(dim=-1)  # 9 wide, and int(4.5) = 4 high, from row 3 on
    assert rows.tolist() == [value] * 3 + [0.5] * 4 + [value] * 4
    assert out[0, 0, 0, 3] == 1


def test_the_area_to_outpaint_is_grey_and_selected() -> None:
    image = picture(6, 8, batch=2)
    out, mask = image_sizes.pad_for_outpaint(image, left=2, top=1, right=0, bottom=3, feathering=0)
    assert out.shape == (2, 10, 10, 3)
    assert torch.equal(out[:, 1:7, 2:], image)
    assert out[:, 0].unique().tolist() == [0.5]
    assert mask.shape == (1, 10, 10)
    assert mask.sum() == 100 - 48
    assert not mask[:, 1:7, 2:].any()


def test_outpainting_fades_from_padded_sides_only() -> None:
    _, mask = image_sizes.pad_for_outpaint(picture(20, 20), left=8, top=0, right=0, bottom=8, feathering=4)
    row = mask[0, 3, 8:]
    assert row[:5].tolist() == [1.0, 0.5625, 0.25, 0.0625, 0.0]
    assert not row[5:].any()
    assert mask[0, 15:20, 20].tolist() == [0.0, 0.0, 0.0625, 0.25, 0.5625]  # the last row is a pixel from the end
    assert mask[0, 18, 9] == 0.5625  # the nearest side counts


def test_a_picture_narrower_than_twice_the_feather_has_none() -> None:
    _, mask = image_sizes.pad_for_outpaint(picture(8, 20), left=8, feathering=4)
    assert not mask[0, :, 8:].any()


@pytest.mark.parametrize("value", [3, 16384])
def test_padding_need_be_no_multiple_of_its_step(value: int) -> None:
    hook = image_sizes.pad_for_outpaint.definition.check
    assert hook is not None
    assert "step" in LIMITS  # the built-in checks would refuse it
    assert hook({"left": value, "top": None, "right": 0, "bottom": 0}, Services()) == []


@pytest.mark.parametrize(("value", "code"), [(-1, "value_smaller_than_min"), (16385, "value_bigger_than_max")])
def test_padding_stays_within_its_limits(value: int, code: str) -> None:
    hook = image_sizes.pad_for_outpaint.definition.check
    assert hook is not None
    (problem,) = hook({"left": 0, "top": value, "right": 0, "bottom": 0}, Services())
    assert (problem.type, problem.details) == (code, "top")  # type: ignore[union-attr]


RED, GREEN = torch.tensor([1.0, 0, 0]).expand(1, 2, 4, 3), torch.tensor([0, 1.0, 0]).expand(1, 4, 4, 3)


@pytest.mark.parametrize(
    ("direction", "matched", "shape", "first"),
    [
        ("right", True, (1, 2, 6, 3), "red"),
        ("left", True, (1, 2, 6, 3), "green"),
        ("down", True, (1, 6, 4, 3), "red"),
        ("up", True, (1, 6, 4, 3), "green"),
        ("right", False, (1, 4, 8, 3), "black"),
        ("up", False, (1, 6, 4, 3), "green"),
    ],
)
def test_pictures_are_stitched_in_every_direction(direction: Any, matched: bool, shape: Any, first: str) -> None:
    out = image_sizes.stitch(RED, direction, matched, image2=GREEN)
    assert out.shape == shape
    assert out[0, 0, 0].tolist() == {"red": [1, 0, 0], "green": [0, 1, 0], "black": [0, 0, 0]}[first]


def test_stitching_repeats_the_smaller_batch_and_leaves_a_gap() -> None:
    out = image_sizes.stitch(RED.expand(3, -1, -1, -1), "right", True, 1, "blue", GREEN)
    assert out.shape == (3, 2, 7, 3)
    assert out[2, 0, 4].tolist() == [0, 0, 1]
    assert out[2, 1, 5].tolist() == [0, 1, 0]


def test_stitching_something_transparent_to_something_opaque_keeps_both() -> None:
    clear = torch.zeros(1, 2, 4, 4)
    out = image_sizes.stitch(RED, "right", True, 2, "white", clear)
    assert out[0, 0, :, 3].tolist() == [1, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    assert image_sizes.stitch(RED) is RED


def test_a_batch_takes_what_has_alpha() -> None:
    out = image_batches.batch(picture(4, 4), picture(8, 8, 4))
    assert out.shape == (2, 4, 4, 4)
    assert out[0, ..., 3].unique().tolist() == [1]
    assert image_batches.batch(picture(4, 4, 4), picture(4, 4)).shape == (2, 4, 4, 4)
    with pytest.raises(ValueError, match="image2 has 1 channels, and what it meets has 3"):
        image_batches.batch(picture(4, 4), picture(4, 4, 1))


def test_the_second_of_a_batch_is_cut_to_the_first_ones_aspect() -> None:
    first, second = picture(4, 4), picture(8, 16)
    assert torch.equal(image_batches.batch(first, second)[1:], resize_image(second, 4, 4, "bilinear", "center"))


def test_pictures_out_of_a_batch_as_far_as_there_are() -> None:
    images = torch.arange(4.0).reshape(4, 1, 1, 1).expand(4, 2, 2, 3)
    assert image_batches.from_batch(images, 1, 2)[:, 0, 0, 0].tolist() == [1, 2]
    assert image_batches.from_batch(images, 3, 9)[:, 0, 0, 0].tolist() == [3]
    assert image_batches.from_batch(images, 99, 1)[:, 0, 0, 0].tolist() == [3]
    assert image_batches.repeat(images[:2], 2)[:, 0, 0, 0].tolist() == [0, 1, 0, 1]
    with pytest.raises(ValueError, match="image is empty"):
        image_batches.from_batch(images[:0], 0, 1)


def test_rebatching_leaves_a_smaller_last_batch_and_mixes_no_sizes() -> None:
    lists = image_batches.rebatch([picture(2, 2, batch=3), picture(2, 2, batch=2)], [2])
    assert [len(each) for each in lists] == [2, 2, 1]
    with pytest.raises(ValueError, match="several sizes"):
        image_batches.rebatch([picture(2, 2), picture(2, 3)], [2])
