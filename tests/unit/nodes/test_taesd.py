"""The tiny autoencoder and none at all: their files, VAELoader's choices, previews."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

import nodes
from engine.events import NodePreview
from engine.folders import Folders
from engine.registry import Registry
from engine.services import Services
from nodes import previews, tiny_vaes
from nodes.diffusion.errors import MissingWeights
from nodes.diffusion.latent import SD15, SDXL, LatentFormat
from nodes.diffusion.preview import preview_jpeg
from nodes.diffusion.sampling import StepReport
from nodes.diffusion.vae.taesd import TinyAutoencoder
from nodes.loaders import load_vae, tiny_files
from nodes.sampling import report_to
from tests.support.contexts import context
from tests.support.fakes import FakeModel
from tests.support.unets import seeded


@pytest.fixture(scope="module")
def tiny() -> TinyAutoencoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return TinyAutoencoder(1.0).requires_grad_(False)


def store(data: Path, tiny: TinyAutoencoder, name: str = "taesd", ending: str = "safetensors") -> list[Path]:
    """Its two files among the folders."""
    folder = data / "models" / "vae_approx"
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for half in ("encoder", "decoder"):
        paths.append(folder / f"{name}_{half}.{ending}")
        weights = getattr(tiny, half).state_dict()
        torch.save(weights, paths[-1]) if ending == "pth" else save_file(weights, paths[-1])
    return paths


def choices(data: Path) -> list[str]:
    registry = Registry(Services(Folders(data)))
    nodes.register(registry)
    (info,) = [info for info in registry.describe() if info.name == "VAELoader"]
    listed: list[str] = info.inputs["required"]["vae_name"][0]
    return listed


def test_a_tiny_vae_is_offered_once_both_of_its_files_are_there(tmp_path: Path, tiny: TinyAutoencoder) -> None:
    (tmp_path / "models" / "vae").mkdir(parents=True)
    (tmp_path / "models" / "vae" / "zzz.safetensors").write_bytes(b"")
    assert choices(tmp_path) == ["zzz.safetensors", "pixel_space"]
    encoder, _ = store(tmp_path, tiny)
    assert choices(tmp_path) == ["zzz.safetensors", "taesd", "pixel_space"]
    store(tmp_path, tiny, "taesdxl", "pth")
    assert choices(tmp_path) == ["zzz.safetensors", "taesd", "taesdxl", "pixel_space"]
    encoder.unlink()
    assert choices(tmp_path) == ["zzz.safetensors", "taesdxl", "pixel_space"]


@pytest.mark.parametrize(("name", "scale"), [("taesd", 0.18215), ("taesdxl", 0.13025)])
@pytest.mark.parametrize("ending", ["safetensors", "pth"])
def test_a_tiny_vae_takes_the_vaes_own_latents(
    tmp_path: Path, tiny: TinyAutoencoder, name: str, scale: float, ending: str
) -> None:
    ctx, _ = context(tmp_path)
    store(tmp_path, tiny, name, ending)
    vae = load_vae(ctx, name)
    assert vae is not None
    assert not vae.network.loaded
    latent = seeded(2, 4, 2, 3) * 4
    decoded = vae.decode(latent)
    assert decoded.shape == (2, 16, 24, 3)
    by_hand = tiny.decoder[1:](torch.tanh(latent * scale / 3) * 3).clamp(0, 1).movedim(1, -1)
    torch.testing.assert_close(decoded, by_hand)
    encoded = vae.encode(decoded)
    assert encoded.shape == latent.shape
    torch.testing.assert_close(encoded, tiny.encoder(decoded.movedim(-1, 1)) / scale, atol=1e-4, rtol=1e-4)


def test_a_tiny_vae_works_in_tiles(tmp_path: Path, tiny: TinyAutoencoder) -> None:
    ctx, _ = context(tmp_path)
    store(tmp_path, tiny)
    vae, latent = load_vae(ctx, "taesd"), seeded(1, 4, 5, 8)
    assert vae is not None
    assert (vae.decode_tiled(latent, 56, 8) - vae.decode(latent)).abs().mean() < 0.05  # it sees beyond tiles' edges


def test_a_tiny_vae_that_is_not_there_or_not_whole_is_refused(tmp_path: Path, tiny: TinyAutoencoder) -> None:
    ctx, _ = context(tmp_path)
    with pytest.raises(
        FileNotFoundError, match=r"taesd needs taesd_encoder and taesd_decoder in vae_approx, .*neither"
    ):
        load_vae(ctx, "taesd")
    encoder, decoder = store(tmp_path, tiny)
    encoder.unlink()
    with pytest.raises(FileNotFoundError, match=r"there is taesd_decoder\.safetensors"):
        load_vae(ctx, "taesd")
    encoder, decoder = store(tmp_path, tiny)
    save_file({name: t for name, t in tiny.decoder.state_dict().items() if name != "1.weight"}, decoder)
    with pytest.raises(MissingWeights, match=r"TAESD is incomplete: decoder\.1\.weight is missing"):
        load_vae(ctx, "taesd")


def test_its_files_content_is_part_of_what_tells_results_apart(tmp_path: Path, tiny: TinyAutoencoder) -> None:
    services = Services(Folders(tmp_path))
    assert tiny_files({"vae_name": "taesd"}, services) == []
    store(tmp_path, tiny)
    before = tiny_files({"vae_name": "taesd"}, services)
    assert len(before) == 2
    store(tmp_path, TinyAutoencoder(1.0).requires_grad_(False))
    after = tiny_files({"vae_name": "taesd"}, services)
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert tiny_files({"vae_name": "some.safetensors"}, services) == []


def test_pixel_space_is_the_picture_itself(tmp_path: Path) -> None:
    ctx, _ = context(tmp_path)
    vae = load_vae(ctx, "pixel_space")
    assert vae is not None
    image = torch.rand(2, 5, 7, 4, generator=torch.Generator().manual_seed(0))
    latent = vae.encode(image)
    assert torch.equal(latent, image[..., :3].movedim(-1, 1) * 2 - 1)
    torch.testing.assert_close(vae.decode(latent), image[..., :3])
    assert torch.equal(vae.decode_tiled(latent, 64, 16), vae.decode(latent))
    with pytest.raises(ValueError, match=r"decodes \(B, 3, h, w\)"):
        vae.decode(seeded(1, 4, 2, 2))


class Model(FakeModel):
    """As far as previews ask."""


def pictures(data: Path, model: Any, denoised: Tensor, **asked: Any) -> list[bytes]:
    ctx, events = context(data, **asked)
    report = report_to(ctx, model, [])
    report(StepReport(0, 1, denoised, denoised))
    return [event.data for event in events if isinstance(event, NodePreview)]


def test_previews_are_decoded_for_who_asks_for_taesd(tmp_path: Path, tiny: TinyAutoencoder) -> None:
    """The first latent alone, in network scale, by the VAE that belongs to the model's latents."""
    store(tmp_path, tiny)
    denoised = seeded(3, 4, 4, 6)
    (data,) = pictures(tmp_path, Model(), denoised, preview_method="taesd")
    shown = Image.open(io.BytesIO(data))
    decoded = tiny.decoder(denoised[:1])[0].clamp(0, 1)  # 32 x 48 pixels
    assert (shown.size, shown.format) == ((512, 341), "JPEG")
    smaller = torch.frombuffer(bytearray(shown.resize((48, 32)).tobytes()), dtype=torch.uint8).reshape(32, 48, 3) / 255
    assert (smaller - decoded.movedim(0, -1)).abs().mean() < 0.02  # JPEG, and there and back in size


@pytest.mark.parametrize(
    ("asked", "latent_format"),
    [("latent2rgb", SD15), ("auto", SD15), (None, SD15), ("taesd", SDXL), ("taesd", LatentFormat(0.5))],
)
def test_otherwise_they_are_made_by_a_matrix(
    tmp_path: Path, tiny: TinyAutoencoder, asked: str | None, latent_format: LatentFormat
) -> None:
    store(tmp_path, tiny)
    denoised, model = seeded(1, 4, 4, 6), Model(latent_format=latent_format)
    assert pictures(tmp_path, model, denoised, preview_method=asked) == [preview_jpeg(denoised, latent_format)]


def test_no_preview_is_made_for_who_wants_none(tmp_path: Path, tiny: TinyAutoencoder) -> None:
    store(tmp_path, tiny)
    assert pictures(tmp_path, Model(), seeded(1, 4, 4, 6), preview_method="none") == []


def test_damaged_files_are_told_and_do_without(
    tmp_path: Path, tiny: TinyAutoencoder, caplog: pytest.LogCaptureFixture
) -> None:
    _, decoder = store(tmp_path, tiny)
    decoder.write_bytes(b"no model")
    denoised = seeded(1, 4, 4, 6)
    assert pictures(tmp_path, Model(), denoised, preview_method="taesd") == [preview_jpeg(denoised, SD15)]
    (line,) = caplog.messages
    assert line.startswith("previews are made without taesd: taesd_decoder.safetensors cannot be read")


def test_a_preview_without_memory_for_it_is_made_by_the_matrix(
    tmp_path: Path, tiny: TinyAutoencoder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*_: object) -> Tensor:
        raise MemoryError

    store(tmp_path, tiny)
    ctx, _ = context(tmp_path, preview_method="taesd")
    draw = previews.drawing(ctx, Model())  # type: ignore[arg-type]
    monkeypatch.setattr(TinyAutoencoder, "decode", short)
    denoised = seeded(1, 4, 4, 6)
    with caplog.at_level(logging.WARNING):
        assert [draw(denoised), draw(denoised)] == [preview_jpeg(denoised, SD15)] * 2
    assert caplog.messages == ["previews are made without TAESD from now on: out of memory"]


def test_a_tiny_vae_belongs_to_a_scale() -> None:
    assert [tiny_vaes.name_for(each) for each in (SD15, SDXL)] == ["taesd", "taesdxl"]
    assert tiny_vaes.name_for(LatentFormat(SD15.scale, shift=0.1)) is None
    assert tiny_vaes.name_for(LatentFormat(SD15.scale, channels=16)) is None
