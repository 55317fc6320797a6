"""Pictures in and out of files, resized, previewed; masks and latents worked on."""

import io
from pathlib import Path

import pytest
import torch
from PIL import Image

from nodes.diffusion import latents, masks
from nodes.diffusion.latent import SD15, LatentFormat
from nodes.diffusion.pictures import load_channel, load_image, save_png, to_8bit, to_pil
from nodes.diffusion.preview import preview_image, preview_jpeg
from nodes.diffusion.resizing import RESIZE_METHODS, match_batch, resize


def stored(picture: Image.Image, file_format: str = "PNG", **options: object) -> io.BytesIO:
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    file.seek(0)
    return file


def test_eight_bits_are_cut_off_not_rounded() -> None:
    assert to_8bit(torch.tensor([-0.1, 0.0, 0.5, 0.999, 1.0, 1.5])).tolist() == [0, 0, 127, 254, 255, 255]


def test_a_png_keeps_its_pixels_and_text(tmp_path: Path) -> None:
    image = torch.arange(2 * 3 * 3).reshape(2, 3, 3) / 255
    save_png(image, tmp_path / "a.png", {"prompt": '{"a": 1}', "workflow": "{}"})
    loaded, mask = load_image(tmp_path / "a.png")
    torch.testing.assert_close(loaded, image.unsqueeze(0), atol=1 / 255 + 1e-6, rtol=0)
    assert mask.shape == (1, 64, 64)
    assert not mask.any()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.text == {"prompt": '{"a": 1}', "workflow": "{}"}  # type: ignore[attr-defined]


def test_transparency_becomes_the_mask() -> None:
    picture = Image.new("RGBA", (3, 2), (255, 0, 0, 255))
    picture.putpixel((1, 0), (255, 0, 0, 51))
    image, mask = load_image(stored(picture))
    assert image[0, 0, 1].tolist() == [1, 0, 0]
    torch.testing.assert_close(mask[0], torch.tensor([[0, 0.8, 0], [0, 0, 0]]))


def test_a_palettes_transparency_counts() -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([0, 0, 0, 255, 255, 255])
    picture.putpixel((1, 0), 1)
    _, mask = load_image(stored(picture, transparency=1))
    assert mask.tolist() == [[[0, 1]]]


def test_a_photograph_is_turned_upright() -> None:
    picture, exif = Image.new("RGB", (4, 2)), Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    assert load_image(stored(picture, exif=exif.tobytes()))[0].shape == (1, 4, 2, 3)


def test_sixteen_bits_are_brought_into_range() -> None:
    picture = Image.new("I;16", (2, 1))
    picture.putpixel((0, 0), 128 * 255)
    picture.putpixel((1, 0), 65535)
    image, _ = load_image(stored(picture))
    torch.testing.assert_close(image[0, 0, :, 0], torch.tensor([128 / 255, 1.0]))


def test_frames_make_a_batch() -> None:
    frames = [Image.new("RGB", (5, 4), (shade, 0, 0)) for shade in (0, 128, 255)]
    image, mask = load_image(stored(frames[0], "PNG", save_all=True, append_images=frames[1:]))
    assert image.shape == (3, 4, 5, 3)
    assert len(mask) == 3
    torch.testing.assert_close(image[:, 0, 0, 0], torch.tensor([0, 128 / 255, 1]))


def test_one_channel_is_a_mask() -> None:
    file = stored(Image.new("RGBA", (2, 2), (51, 0, 255, 204)))
    values = [load_channel(file, channel).unique().item() for channel in "RGBA"]
    assert values == pytest.approx([0.2, 0, 1, 0.2])
    assert load_channel(stored(Image.new("RGB", (2, 2))), "A").shape == (1, 64, 64)


@pytest.mark.parametrize("method", RESIZE_METHODS)
@pytest.mark.parametrize("crop", ["disabled", "center"])
def test_every_method_resizes_and_keeps_a_plain_colour(method: str, crop: str) -> None:
    out = resize(torch.full((2, 3, 8, 12), 0.6), 5, 7, method, crop)
    assert out.shape == (2, 3, 7, 5)
    torch.testing.assert_close(out, torch.full_like(out, 0.6), atol=1e-6, rtol=0)  # 0.6 is 153 / 255


def test_center_cuts_the_longer_side() -> None:
    wide = torch.arange(8.0).expand(1, 1, 2, 8)
    assert resize(wide, 2, 2, "nearest-exact", "center")[0, 0, 0].tolist() == [3, 4]


def test_lanczos_takes_latents_of_any_channels_but_not_other_words() -> None:
    with pytest.raises(ValueError, match="unknown resize method 'cubic'"):
        resize(torch.zeros(1, 3, 2, 2), 2, 2, "cubic")
    assert resize(torch.rand(1, 1, 4, 4), 2, 2, "lanczos").shape == (1, 1, 2, 2)


def test_bislerp_turns_vectors_and_keeps_their_length() -> None:
    """Between (1, 0) and (0, 1), at a quarter and three quarters of the way: unit vectors at 22.5 and 67.5 degrees."""
    row = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).reshape(1, 2, 1, 2)
    out = resize(row, 4, 1, "bislerp")
    torch.testing.assert_close(out.norm(dim=1), torch.ones(1, 1, 4))
    degrees = torch.atan2(out[0, 1, 0], out[0, 0, 0]).rad2deg()
    torch.testing.assert_close(degrees, torch.tensor([0, 22.5, 67.5, 90]), atol=1e-3, rtol=0)
    opposite = resize(torch.tensor([1.0, -1.0]).reshape(1, 1, 1, 2), 4, 1, "bislerp")
    assert opposite.flatten().tolist() == [1, 1, 1, -1]


def test_bislerp_takes_zeros() -> None:
    assert not resize(torch.zeros(1, 4, 3, 3), 7, 5, "bislerp").any()


def test_batches_are_repeated_in_turn_or_cut() -> None:
    batch = torch.tensor([[1.0], [2.0]])
    assert match_batch(batch, 3).flatten().tolist() == [1, 2, 1]
    assert match_batch(batch, 1).flatten().tolist() == [1]


def test_a_preview_is_a_jpeg_of_the_first_latent() -> None:
    latent = torch.zeros(2, 4, 16, 8)
    latent[0, 0] = 1.0
    assert preview_image(latent, SD15).getpixel((0, 0)) == tuple(int((v + 1) / 2 * 255) for v in SD15.preview[0])
    with Image.open(io.BytesIO(preview_jpeg(latent, SD15))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (256, 512))
    with Image.open(io.BytesIO(preview_jpeg(latent, SD15, size=8))) as picture:
        assert picture.size == (4, 8)


def test_a_format_without_colours_still_has_a_preview() -> None:
    assert preview_image(torch.zeros(1, 16, 4, 4), LatentFormat(scale=1.0)).getpixel((0, 0)) == (127, 127, 127)


def test_a_grey_image_is_a_pillow_image_too() -> None:
    assert to_pil(torch.zeros(2, 3)).mode == to_pil(torch.zeros(2, 3, 1)).mode == "L"


def test_masks_grow_as_squares_or_diamonds_and_shrink() -> None:
    dot = torch.zeros(1, 7, 7)
    dot[:, 3, 3] = 1
    assert masks.grow(dot, 2, tapered=False).sum() == 25
    assert masks.grow(dot, 2, tapered=True).sum() == 13
    assert torch.equal(masks.grow(masks.grow(dot, 2, tapered=False), -2, tapered=False), dot)


def test_feathering_right_starts_at_the_first_column() -> None:
    assert masks.feather(torch.ones(1, 1, 4), 0, 0, 2, 0).tolist() == [[[0.5, 1, 1, 1]]]
    assert masks.feather(torch.ones(1, 1, 4), 2, 0, 0, 0).tolist() == [[[0.5, 1, 1, 1]]]


@pytest.mark.parametrize(
    ("operation", "result"), [("add", 1), ("subtract", 0), ("multiply", 0.25), ("xor", 0), ("or", 0)]
)
def test_masks_are_worked_into_one_another(operation: str, result: float) -> None:
    """0.5 rounds to 0 (half to even), so the logical operations see two empty masks."""
    out = masks.composite(torch.full((1, 2, 2), 0.5), torch.full((1, 2, 2), 0.5), 1, 1, operation)
    assert out.tolist() == [[[0.5, 0.5], [0.5, result]]]


def test_pasting_clips_at_every_side() -> None:
    below, above = torch.zeros(1, 1, 3, 3), torch.ones(1, 1, 2, 2)
    assert masks.paste(below, above, -1, 2)[0, 0].tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 0]]
    half = masks.paste(below, above, 1, 0, torch.full((1, 4, 4), 0.5))
    assert half[0, 0].tolist() == [[0, 0.5, 0.5], [0, 0.5, 0.5], [0, 0, 0]]
    assert not masks.paste(below, above, 9, 9).any()


def test_a_latent_upscale_of_one_side_keeps_the_aspect() -> None:
    latent = {"samples": torch.zeros(1, 4, 16, 32), "type": "x"}
    assert latents.upscale(latent, 512, 0, "bilinear", "disabled")["samples"].shape[-2:] == (32, 64)
    assert latents.upscale(latent, 8, 128, "bilinear", "center")["samples"].shape[-2:] == (16, 8)
    assert latents.upscale(latent, 0, 0, "bilinear", "disabled") == latent
    assert latents.upscale_by(latent, 1.5, "area")["samples"].shape[-2:] == (24, 48)


def test_latents_keep_their_draws_of_noise_through_batches() -> None:
    latent = {"samples": torch.arange(3.0).reshape(3, 1, 1, 1).expand(3, 4, 8, 8)}
    part = latents.from_batch(latent, 1, 9)
    assert part["batch_index"] == [1, 2]
    assert part["samples"][:, 0, 0, 0].tolist() == [1, 2]
    assert latents.repeat(part, 2)["batch_index"] == [1, 2, 3, 4]
    assert latents.join(part, latent)["batch_index"] == [1, 2, 0, 1, 2]


def test_a_latent_is_composed_with_a_ramp_at_edges_inside() -> None:
    below, above = {"samples": torch.zeros(1, 4, 8, 8)}, {"samples": torch.ones(1, 4, 8, 4)}
    out = latents.composite(below, above, 32, 0, 16)["samples"]
    assert out[0, 0, 5].tolist() == [0, 0, 0, 0, 0.5, 1, 1, 1]
