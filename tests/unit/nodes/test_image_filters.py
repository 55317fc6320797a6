"""Filters, blends and edges, where values can be told in advance; other programs' numbers are in tests/parity."""

from typing import Any

import pytest
import torch
from torch import Tensor

from nodes import image_filters
from nodes.imaging import canny, filters, morphology, quantizing


def picture(height: int, width: int, channels: int = 3, batch: int = 1) -> Tensor:
    return torch.rand(batch, height, width, channels, generator=torch.Generator().manual_seed(0))


def grey(*values: float) -> Tensor:
    """A row of grey pixels."""
    return torch.tensor(values, dtype=torch.float32).reshape(1, 1, -1, 1).expand(1, 1, len(values), 3)


def row(image: Tensor) -> list[float]:
    """The first channel of the first row, to five places."""
    return [round(value, 5) for value in image[0, 0, :, 0].tolist()]


def test_noise_is_the_seeds_and_clipped() -> None:
    image = picture(8, 8, 4)
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(7))
    assert torch.equal(image_filters.add_noise(image, 7, 0.5), (image + 0.5 * noise).clamp(0, 1))
    assert torch.equal(image_filters.add_noise(image, 2**64 - 1, 0.0), image)


def test_a_blur_weighs_by_distance_in_radii() -> None:
    """exp(-x^2 / 2) at -1, 0, 1."""
    side = torch.tensor(-0.5).exp().item()
    assert row(filters.blur(grey(0, 0, 1, 0, 0), 1, 1.0)) == pytest.approx(
        [0, side / (1 + 2 * side), 1 / (1 + 2 * side), side / (1 + 2 * side), 0], abs=1e-5
    )


def test_a_picture_goes_on_as_mirrored_however_small() -> None:
    assert filters.mirrored(4, 3).tolist() == [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]
    assert filters.mirrored(2, 3).tolist() == [1, 0, 1, 0, 1, 0, 1, 0]
    assert filters.mirrored(1, 2).tolist() == [0, 0, 0, 0, 0]
    out = image_filters.blur(torch.full((2, 1, 3, 4), 0.25), 31, 10.0)
    torch.testing.assert_close(out, torch.full((2, 1, 3, 4), 0.25))


def test_sharpening_is_ten_times_the_detail() -> None:
    image = picture(9, 11) * 0.2 + 0.4
    detail = image - filters.blur(image, 2, 0.7)
    sharp = image_filters.sharpen(image, 2, 0.7, 0.05)
    torch.testing.assert_close(sharp, (image + 0.5 * detail).clamp(0, 1))
    assert torch.equal(image_filters.sharpen(image, 3, 1.0, 0.0), image)


@pytest.mark.parametrize(
    ("mode", "blended"),
    [
        ("normal", [0.8, 0.2]),
        ("multiply", [0.16, 0.12]),
        ("screen", [0.84, 0.68]),
        ("overlay", [0.32, 0.36]),
        ("soft_light", [0.34592, 0.456]),
        ("difference", [0.0, 0.4]),
    ],
)
def test_blends_of_a_dark_and_a_light_backdrop(mode: Any, blended: list[float]) -> None:
    """Backdrops 0.2 and 0.6 under 0.8 and 0.2. Soft light of the first: 0.2 + 0.6 (D - 0.2), D = ((3.2 - 12) 0.2 + 4)
    0.2 = 0.448 - 0.0048; of the second 0.6 - 0.6 * 0.6 * 0.4. The difference is cut off at 0."""
    if mode == "soft_light":
        lifted = ((16 * 0.2 - 12) * 0.2 + 4) * 0.2
        blended = [round(0.2 + 0.6 * (lifted - 0.2), 5), 0.6 - 0.6 * 0.6 * 0.4]
    assert row(image_filters.blend_images(grey(0.2, 0.6), grey(0.8, 0.2), 1.0, mode)) == pytest.approx(blended)


def test_a_blend_brings_the_second_picture_to_the_first() -> None:
    out = image_filters.blend_images(picture(6, 8), picture(3, 3, 4, batch=2), 0.25, "screen")
    assert out.shape == (2, 6, 8, 3)
    opaque = image_filters.blend_images(torch.ones(1, 2, 2, 4), torch.zeros(1, 2, 2, 3), 0.5, "normal")
    assert opaque[0, 0, 0].tolist() == [0.5, 0.5, 0.5, 1]
    with pytest.raises(ValueError, match="image2 is empty"):
        image_filters.blend_images(picture(2, 2), picture(2, 2)[:0])
    with pytest.raises(ValueError, match="image2 has 1 channels"):
        image_filters.blend_images(picture(2, 2), picture(2, 2, 1))


@pytest.mark.parametrize("dither", quantizing.DITHERS)
@pytest.mark.parametrize("colors", [1, 2, 7, 256])
def test_no_more_colours_than_asked_for_and_alpha_stays(dither: Any, colors: int) -> None:
    image = picture(16, 17, 4, batch=2)
    out = image_filters.quantize(image, colors, dither)
    assert out.shape == image.shape
    assert torch.equal(out[..., 3], image[..., 3])
    assert all(len(one.reshape(-1, 3).unique(dim=0)) <= colors for one in out[..., :3])


@pytest.mark.parametrize("dither", ["floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"])
def test_dithering_keeps_a_ramp_smoother(dither: Any) -> None:
    """Averaged over blocks, a ramp of three greys is nearer to the original with dithering than without; but for its
    ends, which no mixture of them reaches."""
    ramp = torch.linspace(0.2, 0.8, 128).reshape(1, 1, 128, 1).expand(1, 64, 128, 3)

    def error(out: Tensor) -> float:
        blocks = torch.nn.functional.avg_pool2d((out - ramp).movedim(-1, 1), 16)
        return float(blocks[..., 2:-1].abs().mean())

    assert error(image_filters.quantize(ramp, 3, dither)) < 0.7 * error(image_filters.quantize(ramp, 3, "none"))


def test_bayers_matrix_has_each_threshold_once_around_zero() -> None:
    assert (quantizing.bayer(2) * 4 + 1.5).tolist() == [[0, 2], [3, 1]]
    matrix = quantizing.bayer(8)
    assert sorted((matrix.ravel() * 64 + 31.5).tolist()) == list(range(64))
    assert matrix.mean() == 0


def test_what_is_light_grows_and_shrinks() -> None:
    line = grey(0, 0, 1, 0, 0, 1, 1, 1)
    assert row(image_filters.morphology(line, "dilate", 3)) == [0, 1, 1, 1, 1, 1, 1, 1]
    assert row(image_filters.morphology(line, "erode", 3)) == [0, 0, 0, 0, 0, 0, 1, 1]
    assert row(image_filters.morphology(line, "open", 3)) == [0, 0, 0, 0, 0, 1, 1, 1]
    assert row(image_filters.morphology(line, "close", 3)) == [0, 0, 1, 1, 1, 1, 1, 1]
    assert row(image_filters.morphology(line, "gradient", 3)) == [0, 1, 1, 1, 1, 1, 0, 0]
    assert row(image_filters.morphology(line, "top_hat", 3)) == [0, 0, 1, 0, 0, 0, 0, 0]
    assert row(image_filters.morphology(line, "bottom_hat", 3)) == [0, 0, 0, 1, 1, 0, 0, 0]


def test_the_largest_kernel_is_no_slower_and_reaches_everything() -> None:
    image = picture(40, 30, 4, batch=2)
    assert torch.equal(morphology.dilate(image, 999), image.amax(dim=(1, 2), keepdim=True).expand_as(image))
    assert torch.equal(morphology.erode(image, 998), image.amin(dim=(1, 2), keepdim=True).expand_as(image))


def test_brightness_and_colour_come_apart_and_together() -> None:
    image = picture(5, 6, 4, batch=2)
    planes = image_filters.to_yuv(image)
    assert all(plane.shape == (2, 5, 6, 3) for plane in planes)
    torch.testing.assert_close(image_filters.from_yuv(*planes), image[..., :3], atol=1e-6, rtol=0)
    y, u, v = image_filters.to_yuv(torch.tensor([[[[1.0, 0, 0]]]]))
    assert [y[0, 0, 0, 0], u[0, 0, 0, 0], v[0, 0, 0, 0]] == pytest.approx([0.299, 0.331364, 0.999813])


def test_planes_of_other_sizes_are_brought_to_that_of_brightness() -> None:
    y = torch.full((2, 8, 8, 3), 0.25)
    out = image_filters.from_yuv(y, torch.full((1, 4, 4, 3), 0.5), torch.full((1, 4, 4, 3), 0.5))
    torch.testing.assert_close(out, y)
    with pytest.raises(ValueError, match="image has 1 channels, expected red, green and blue"):
        image_filters.to_yuv(picture(2, 2, 1))


def square() -> Tensor:
    image = torch.zeros(1, 32, 32, 3)
    image[:, 8:24, 8:24] = 1
    return image


def test_a_square_has_one_closed_thin_edge() -> None:
    out = image_filters.edges(square())
    assert out.unique().tolist() == [0, 1]
    lines = out[0, :, :, 0]
    assert lines[16].sum() == lines[:, 16].sum() == 2  # one pixel wide on each side
    assert not lines[10:22, 10:22].any()
    assert not lines[:6].any()


def test_weak_edges_stay_where_they_are_connected_to_strong_ones() -> None:
    """A line that fades out, and another that is faint all along."""
    image = torch.zeros(1, 40, 64, 3)
    image[:, :20] += torch.linspace(0.5, 0.1, 64)[:, None]
    image[:, 30:] += 0.15
    lines = image_filters.edges(image, 0.2, 0.9)[0, :, :, 0]
    assert lines[15:25, 50].sum() == 1
    assert not lines[28:].any()


def test_edges_need_thresholds_in_order_and_leave_alpha_out() -> None:
    with pytest.raises(ValueError, match=r"low_threshold 0\.8 is above high_threshold 0\.4"):
        image_filters.edges(square(), 0.8, 0.4)
    clear = torch.cat((square(), picture(32, 32, 1)), dim=-1)
    assert torch.equal(image_filters.edges(clear), image_filters.edges(square()))
    assert image_filters.edges(square()[..., :1].expand(2, -1, -1, -1)).shape == (2, 32, 32, 3)
    with pytest.raises(ValueError, match="image has 2 channels, expected red, green and blue"):
        image_filters.edges(square()[..., :2])
    with pytest.raises(ValueError, match="image is empty"):
        image_filters.edges(square()[:0])


def test_a_long_edge_is_followed_to_its_end() -> None:
    weak = torch.zeros(1000, 3, dtype=torch.bool)
    weak[:, 1] = True
    strong = torch.zeros_like(weak)
    strong[0, 1] = True
    assert torch.equal(canny.connected(weak, strong), weak)
    assert not canny.connected(weak, torch.zeros_like(weak)).any()
