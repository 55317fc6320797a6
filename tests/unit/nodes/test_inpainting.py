"""What models are shown beside a latent: pictures with holes, pictures to edit, small pictures to enlarge."""

import threading
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.context import Context
from engine.graph import NodeRef
from engine.jobs import Job
from engine.services import Services
from nodes import inpainting as nodes_
from nodes.diffusion import inpainting
from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.vae.config import VAEConfig
from nodes.diffusion.vae.handle import Vae
from nodes.diffusion.vae.model import AutoencoderKL

COND: list[list[Any]] = [[torch.ones(1, 2, 3), {"pooled_output": None, "strength": 0.5}]]


@pytest.fixture(scope="module")
def vae() -> Vae:
    config = VAEConfig(widths=(32, 32, 32, 32), blocks=1)
    torch.manual_seed(0)
    network: Lazy[AutoencoderKL] = Lazy(lambda: AutoencoderKL(config), Residency(), torch.float32, torch.device("cpu"))
    return Vae(network, config.downscale)


@pytest.fixture
def ctx() -> Context:
    return Context(Job({}, ()), NodeRef("1", "1", None, "1"), Services(), lambda event: None, threading.Event())


def picture(height: int = 24, width: int = 16, batch: int = 1) -> Tensor:
    return torch.rand(batch, height, width, 3, generator=torch.Generator().manual_seed(1))


def left_half(height: int = 24, width: int = 16) -> Tensor:
    mask = torch.zeros(1, height, width)
    mask[..., : width // 2] = 1
    return mask


def test_a_picture_gets_grey_where_its_mask_is() -> None:
    image = picture()
    parts = inpainting.holed(image, left_half())
    assert torch.equal(parts.image, image)
    assert parts.mask.shape == (1, 1, 24, 16)
    assert (parts.holed[:, :, :8] == 0.5).all()
    torch.testing.assert_close(parts.holed[:, :, 8:], image[:, :, 8:])


def test_picture_and_mask_are_cut_in_the_middle_to_whole_cells() -> None:
    image = picture(29, 18)
    parts = inpainting.holed(torch.cat((image, image[..., :1]), -1), torch.rand(1, 29, 18))
    assert torch.equal(parts.image, image[:, 2:26, 1:17])  # 29 and 18 are 5 and 2 too many
    assert parts.mask.shape == (1, 1, 24, 16)
    assert inpainting.holed(picture(24, 16), torch.ones(3, 5)).mask.shape == (1, 1, 24, 16)  # resized before


def test_half_a_mask_hides_all_or_nothing() -> None:
    """Values round to even: 0.5 hides nothing, 0.51 all. What is kept of the mask is not rounded."""
    image = picture()
    assert torch.equal(inpainting.holed(image, torch.full((1, 24, 16), 0.5)).holed, image)
    parts = inpainting.holed(image, torch.full((1, 24, 16), 0.51))
    assert (parts.holed == 0.5).all()
    assert parts.mask.unique().tolist() == pytest.approx([0.51])


def test_masks_of_a_batch_are_repeated_in_turn() -> None:
    masks = torch.stack((torch.ones(24, 16), torch.zeros(24, 16)))
    parts = inpainting.holed(picture(batch=3), masks)
    assert parts.mask.amax((1, 2, 3)).tolist() == [1, 0, 1]
    assert parts.holed.shape == (3, 24, 16, 3)


def test_a_picture_smaller_than_a_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="an image of 7x24 is too small to encode, at least 8x8"):
        inpainting.holed(picture(24, 7), torch.ones(1, 24, 7))


@pytest.mark.parametrize(
    ("pixels", "grown"),
    [
        (0, [0, 0, 0, 0, 1, 0, 0, 0, 0]),
        (1, [0, 0, 0, 0, 1, 0, 0, 0, 0]),
        (2, [0, 0, 0, 0, 1, 1, 0, 0, 0]),
        (3, [0, 0, 0, 1, 1, 1, 0, 0, 0]),
        (4, [0, 0, 0, 1, 1, 1, 1, 0, 0]),
        (6, [0, 0, 1, 1, 1, 1, 1, 1, 0]),
    ],
)
def test_a_mask_grows_by_a_box(pixels: int, grown: list[int]) -> None:
    line = torch.zeros(1, 1, 9, 9)
    line[..., 4] = 0.7
    assert inpainting.grown(line, pixels)[0, 0, 3].tolist() == grown


def test_encoding_for_inpainting_hides_first_and_grows_the_mask_after(vae: Vae, ctx: Context) -> None:
    image = picture()
    latent = nodes_.encode_for_inpaint(ctx, image, vae, left_half(), 6)
    hidden = image.clone()
    hidden[:, :, :8] = 0.5
    torch.testing.assert_close(latent["samples"], vae.encode(hidden))
    assert latent["noise_mask"].shape == (1, 1, 24, 16)
    assert latent["noise_mask"][0, 0, 0].tolist() == [1] * 11 + [0] * 5  # by 3 to the right


def test_inpainting_models_are_shown_the_hole_and_its_place(vae: Vae, ctx: Context) -> None:
    image = picture(26, 17)
    prepared = nodes_.inpaint_conditioning(ctx, COND, COND, vae, image, left_half(26, 17))
    parts = inpainting.holed(image, left_half(26, 17))
    for _, fields in (prepared.positive[0], prepared.negative[0]):
        torch.testing.assert_close(fields["concat_latent_image"], vae.encode(parts.holed))
        assert torch.equal(fields["concat_mask"], parts.mask)
        assert fields["strength"] == 0.5
    torch.testing.assert_close(prepared.latent["samples"], vae.encode(image))
    assert torch.equal(prepared.latent["noise_mask"], parts.mask)
    assert "concat_mask" not in COND[0][1]
    bare = nodes_.inpaint_conditioning(ctx, COND, COND, vae, image, left_half(26, 17), noise_mask=False)
    assert bare.latent.keys() == {"samples"}


def test_models_that_edit_are_shown_the_picture_and_begin_with_nothing(vae: Vae, ctx: Context) -> None:
    prepared = nodes_.instruct_conditioning(ctx, COND, COND, vae, picture(26, 17))
    shown = prepared.negative[0][1]["concat_latent_image"]
    torch.testing.assert_close(shown, vae.encode(picture(26, 17)))
    assert prepared.latent["samples"].shape == shown.shape == (1, 4, 3, 2)
    assert not prepared.latent["samples"].any()


def test_models_that_enlarge_are_shown_the_small_picture() -> None:
    image = picture(8, 12, batch=2)
    prepared = nodes_.upscale_conditioning(image, COND, COND, 4.0, 0.25)
    fields = prepared.positive[0][1]
    torch.testing.assert_close(fields["concat_image"], image.movedim(-1, 1) * 2 - 1)
    assert fields["noise_augmentation"] == 0.25
    assert prepared.latent["samples"].shape == (2, 4, 8, 12)
    half = nodes_.upscale_conditioning(image, COND, COND, 2.0)
    assert half.latent["samples"].shape == (2, 4, 4, 6)
    assert half.negative[0][1]["concat_image"].shape == (2, 3, 4, 6)
    with pytest.raises(ValueError, match=r"12x8 times 0\.1 has not 4 pixels"):
        nodes_.upscale_conditioning(image, COND, COND, 0.1)


def test_without_a_vae_it_is_said_before_anything_is_computed(ctx: Context) -> None:
    for run in (
        lambda: nodes_.encode_for_inpaint(ctx, picture(), None, left_half()),
        lambda: nodes_.inpaint_conditioning(ctx, COND, COND, None, picture(), left_half()),
        lambda: nodes_.instruct_conditioning(ctx, COND, COND, None, picture()),
    ):
        with pytest.raises(ValueError, match="there is no VAE"):
            run()
