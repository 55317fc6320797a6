"""What networks are told beside the words: SDXL's vector, inpainting's and editing's channels, in closed form."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.diffusion.beside import GREY, beside
from nodes.diffusion.extras import Wish
from nodes.diffusion.latent import SD15
from nodes.diffusion.vector import refiner_vector, sdxl_vector

POOLED = torch.arange(4.0)[None]


def waves(number: float) -> Tensor:
    """256 numbers for one: cosines first, of periods from 2 pi to 10000 times that."""
    angles = [number * math.exp(-math.log(10_000) * k / 128) for k in range(128)]
    return torch.tensor([*(math.cos(angle) for angle in angles), *(math.sin(angle) for angle in angles)])


@pytest.mark.parametrize(
    ("fields", "numbers"),
    [
        ({}, (64, 96, 0, 0, 64, 96)),
        ({"height": 1024, "width": 512}, (1024, 512, 0, 0, 1024, 512)),
        (
            {"width": 1, "height": 2, "crop_w": 3, "crop_h": 4, "target_width": 5, "target_height": 6},
            (2, 1, 4, 3, 6, 5),
        ),
    ],
    ids=["of the latent", "of the text", "all"],
)
def test_sdxl_is_told_height_width_crop_and_target(fields: dict[str, Any], numbers: tuple[float, ...]) -> None:
    vector = sdxl_vector(Wish({"pooled_output": POOLED, **fields}, 8, 12, 0))
    assert vector.shape == (1, 4 + 6 * 256)
    assert torch.equal(vector[:, :4], POOLED)
    assert torch.allclose(vector[0, 4:], torch.cat([waves(each) for each in numbers]), atol=2e-4)  # float32 angles


@pytest.mark.parametrize(("k", "fields", "score"), [(0, {}, 6.0), (1, {}, 2.5), (1, {"aesthetic_score": 4.0}, 4.0)])
def test_the_refiner_is_told_how_beautiful(k: int, fields: dict[str, Any], score: float) -> None:
    vector = refiner_vector(Wish({"pooled_output": POOLED, **fields}, 8, 12, k))
    assert vector.shape == (1, 4 + 5 * 256)
    assert torch.allclose(vector[0, -256:], waves(score), atol=1e-5)


def test_a_conditioning_without_a_pooled_text_is_refused() -> None:
    with pytest.raises(ValueError, match="pooled text"):
        sdxl_vector(Wish({"pooled_output": None}, 8, 8, 0))


def test_inpainting_networks_see_grey_everywhere_where_nothing_is_said() -> None:
    channels = beside(SD15)[9](Wish({}, 2, 3, 0))
    assert channels is not None
    assert torch.equal(channels[:, :1], torch.ones(1, 1, 2, 3))
    assert channels[0, 1:, 1, 2].tolist() == pytest.approx(GREY)


def test_inpainting_networks_see_a_rounded_mask_and_a_scaled_picture() -> None:
    mask = torch.zeros(1, 16, 24)
    mask[:, :, 8:16] = 0.9
    picture = torch.randn(2, 4, 2, 3, generator=torch.Generator().manual_seed(0))
    channels = beside(SD15)[9](Wish({"concat_mask": mask, "concat_latent_image": picture}, 2, 3, 0))
    assert channels is not None
    assert channels[:, 0].tolist() == [[[0.0, 1.0, 0.0]] * 2] * 2
    assert torch.allclose(channels[:, 1:], picture * 0.18215)


@pytest.mark.parametrize(("scaled", "factor"), [(False, 1.0), (True, 0.18215)])
def test_editing_networks_see_the_picture(scaled: bool, factor: float) -> None:
    picture = torch.randn(1, 4, 2, 3, generator=torch.Generator().manual_seed(0))
    edit = beside(SD15, scaled_edits=scaled)[8]
    channels, nothing = edit(Wish({"concat_latent_image": picture}, 2, 3, 0)), edit(Wish({}, 2, 3, 0))
    assert channels is not None
    assert nothing is not None
    assert torch.allclose(channels, picture * factor)
    assert torch.equal(nothing, torch.zeros(1, 4, 2, 3))


def test_a_picture_of_another_size_is_resized() -> None:
    channels = beside(SD15)[8](Wish({"concat_latent_image": torch.ones(1, 4, 5, 5)}, 2, 3, 0))
    assert channels is not None
    assert torch.equal(channels, torch.ones(1, 4, 2, 3))
