"""Pictures over one another, colours and alpha, and the nodes for masks."""

from typing import Any, get_args

import pytest
import torch
from torch import Tensor

from engine.services import Services
from nodes import compositing, masks
from nodes.imaging import porter_duff


def plain(*values: float, height: int = 2, width: int = 2, batch: int = 1) -> Tensor:
    """One colour everywhere."""
    return torch.tensor(values).expand(batch, height, width, len(values))


def half(value: float = 0.5, batch: int = 1) -> Tensor:
    return torch.full((batch, 2, 2), value)


RED, BLUE = plain(1.0, 0.0, 0.0), plain(0.0, 0.0, 1.0)
CLEAR, SOLID = half(1.0), half(0.0)
"""Masks: what they select is transparent."""


def pixel(parts: compositing.Parts) -> list[float]:
    """The first pixel: red, green, blue, and the mask."""
    return [round(value, 4) for value in [*parts.image[0, 0, 0].tolist(), parts.mask[0, 0, 0].item()]]


def test_a_picture_is_laid_where_the_mask_selects() -> None:
    out = compositing.composite(BLUE, RED, 1, 0, mask=half(0.25))
    assert out[0, 0].tolist() == [[0, 0, 1], [0.25, 0, 0.75]]
    assert torch.equal(compositing.composite(BLUE, RED, 2, 0), BLUE)
    assert torch.equal(compositing.composite(BLUE, plain(1.0, 0.0, 0.0, width=9), 0, 0, True), RED)


def test_a_composite_keeps_the_batch_and_the_alpha_of_what_is_below() -> None:
    assert compositing.composite(plain(0.0, 0.0, 1.0, batch=3), RED).shape == (3, 2, 2, 3)
    assert compositing.composite(BLUE, plain(1.0, 0.0, 0.0, batch=3)).shape == (1, 2, 2, 3)
    assert compositing.composite(BLUE, plain(1.0, 0.0, 0.0, 0.0))[0, 0, 0].tolist() == [1, 0, 0]
    below = plain(0.0, 0.0, 1.0, 0.0)
    assert compositing.composite(below, RED[:, :1, :1])[0].tolist() == [
        [[1, 0, 0, 1], [0, 0, 1, 0]],
        [[0, 0, 1, 0], [0, 0, 1, 0]],
    ]
    with pytest.raises(ValueError, match="source has 1 channels"):
        compositing.composite(BLUE, plain(1.0))
    with pytest.raises(ValueError, match="source is empty"):
        compositing.composite(BLUE, RED[:0])


@pytest.mark.parametrize("mode", get_args(compositing.Mode))
def test_where_neither_picture_is_nothing_comes_of_any_mode(mode: Any) -> None:
    assert pixel(compositing.porter_duff_composite(RED, CLEAR, BLUE, CLEAR, mode)) == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("mode", "result"),
    [
        ("SRC", [1, 0, 0, 0]),
        ("DST", [0, 0, 1, 0]),
        ("CLEAR", [0, 0, 0, 1]),
        ("SRC_OVER", [1, 0, 0, 0]),
        ("DST_OVER", [0, 0, 1, 0]),
        ("SRC_IN", [1, 0, 0, 0]),
        ("DST_IN", [0, 0, 1, 0]),
        ("SRC_OUT", [0, 0, 0, 1]),
        ("DST_OUT", [0, 0, 0, 1]),
        ("SRC_ATOP", [1, 0, 0, 0]),
        ("DST_ATOP", [0, 0, 1, 0]),
        ("XOR", [0, 0, 0, 1]),
        ("ADD", [1, 0, 1, 0]),
        ("DARKEN", [0, 0, 0, 0]),
        ("LIGHTEN", [1, 0, 1, 0]),
        ("MULTIPLY", [0, 0, 0, 0]),
        ("SCREEN", [1, 0, 1, 0]),
        ("OVERLAY", [0, 0, 1, 0]),
    ],
)
def test_modes_of_solid_pictures(mode: Any, result: list[float]) -> None:
    assert pixel(compositing.porter_duff_composite(RED, SOLID, BLUE, SOLID, mode)) == result


@pytest.mark.parametrize(
    ("mode", "of_source"),
    [
        *((mode, True) for mode in ("SRC_OVER", "DST_OVER", "XOR", "SRC_OUT", "SRC", "ADD", "DST_ATOP")),
        *((mode, True) for mode in ("DARKEN", "LIGHTEN", "SCREEN", "OVERLAY")),
        *((mode, False) for mode in ("SRC_IN", "DST_IN", "SRC_ATOP", "MULTIPLY", "DST", "DST_OUT", "CLEAR")),
    ],
)
def test_where_only_the_source_is_it_stays_or_goes(mode: Any, of_source: bool) -> None:
    result = pixel(compositing.porter_duff_composite(RED, half(0.25), BLUE, CLEAR, mode))
    assert result == ([1, 0, 0, 0.25] if of_source else [0, 0, 0, 1])


def test_half_over_half_is_mixed_by_what_is_seen_of_each() -> None:
    """0.5 of red and a half of the remaining half of blue: 0.75 in all."""
    result = compositing.porter_duff_composite(RED, half(), BLUE, half(), "SRC_OVER")
    assert pixel(result) == [0.6667, 0, 0.3333, 0.25]


def test_all_are_brought_to_the_destinations_size_and_the_largest_batch() -> None:
    source = plain(1.0, 0.0, 0.0, 0.3, height=7, width=5, batch=2)
    out = compositing.porter_duff_composite(source, torch.zeros(3, 3, 9), plain(0.0, 0.0, 1.0), torch.zeros(4, 4))
    assert (out.image.shape, out.mask.shape) == ((3, 2, 2, 3), (3, 2, 2))
    with pytest.raises(ValueError, match="destination_alpha is empty"):
        compositing.porter_duff_composite(RED, SOLID, BLUE, SOLID[:0])


def test_an_unknown_mode_is_named() -> None:
    with pytest.raises(ValueError, match="unknown Porter-Duff mode 'UNDER'; known are ADD, CLEAR"):
        porter_duff.composite(RED, SOLID, BLUE, SOLID, "UNDER")
    assert sorted(porter_duff.MODES) == sorted(get_args(compositing.Mode))


def test_alpha_is_split_off_and_joined_as_its_opposite() -> None:
    image = plain(0.1, 0.2, 0.3, 0.8)
    parts = compositing.split(image)
    assert pixel(parts) == pytest.approx([0.1, 0.2, 0.3, 0.2])
    torch.testing.assert_close(compositing.join(*parts), image)
    assert not compositing.split(RED).mask.any()
    with pytest.raises(ValueError, match="image has 1 channels"):
        compositing.split(plain(0.5))


def test_a_mask_of_another_size_or_batch_is_fitted_to_the_picture() -> None:
    out = compositing.join(plain(0.1, 0.2, 0.3, 0.9), torch.full((2, 8, 6), 0.25))
    assert out.shape == (2, 2, 2, 4)
    assert out[..., 3].unique().tolist() == [0.75]


def test_a_colour_is_selected_exactly_after_rounding() -> None:
    image = torch.tensor([[[[0x10 / 255, 0x20 / 255, 0x30 / 255], [0x10 / 255 + 0.0019, 0x20 / 255, 0x30 / 255]]]])
    assert masks.from_color(image, 0x102030).tolist() == [[[1, 1]]]
    assert masks.from_color(image + 0.0021, 0x102030).tolist() == [[[0, 0]]]
    assert masks.from_color(plain(1.2, -0.1, 0.0, 0.5), 0xFF0000).all()
    with pytest.raises(ValueError, match="image has 1 channels"):
        masks.from_color(plain(0.5), 0)


def test_a_threshold_selects_what_is_above_it() -> None:
    assert masks.threshold(torch.tensor([[[0.4, 0.5, 0.6]]]), 0.5).tolist() == [[[0, 0, 1]]]


def test_masks_without_a_batch_axis_will_do() -> None:
    flat = torch.tensor([[0.0, 1.0], [0.25, 0.5]])
    assert masks.to_image(flat).shape == (1, 2, 2, 3)
    assert masks.crop(flat, 1, 0, 1, 2).tolist() == [[[1.0], [0.5]]]
    assert masks.grow(flat, 1, False).tolist() == [[[1, 1], [1, 1]]]
    assert masks.feather(flat, left=2).tolist() == [[[0, 1], [0.125, 0.5]]]
    assert masks.composite(flat, flat, 1, 1, "add").tolist() == [[[0, 1], [0.25, 0.5]]]


def test_a_batch_of_masks_meets_one_and_one_a_batch() -> None:
    one, two = torch.full((1, 2, 2), 0.5), torch.stack((torch.zeros(2, 2), torch.ones(2, 2)))
    assert masks.composite(two, one, operation="multiply")[:, 0, 0].tolist() == [0, 0.5]
    assert masks.composite(one, two, operation="add")[:, 0, 0].tolist() == [0.5]


def test_growing_further_than_the_mask_is_large_ends() -> None:
    dot = torch.zeros(1, 5, 6)
    dot[0, 0, 0] = 1
    assert masks.grow(dot, 16384, True).all()
    assert not masks.grow(dot, -16384, False).any()


def test_what_lies_outside_cannot_be_cut_out() -> None:
    with pytest.raises(ValueError, match="x 4, y 0 is outside of the mask, which is 4x3 pixels"):
        masks.crop(torch.zeros(1, 3, 4), 4, 0, 2, 2)
    assert masks.crop(torch.zeros(1, 3, 4), 3, 1, 9, 9).shape == (1, 2, 1)


def test_a_mask_that_fits_into_memory_is_not_refused() -> None:
    hook = masks.solid.definition.check
    assert hook is not None
    assert hook({"width": 512, "height": None}, Services()) == []
    assert masks.solid(0.25, 3, 2).tolist() == [[[0.25] * 3] * 2]
