"""``wireloom verify``: pictures that were made here, made again with what is here by then."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from safetensors.torch import save_file

from engine.lock import LOCK
from engine.versions import version_of
from tests.support.small import checkpoint
from web.cli import main

PROMPT = {
    "model": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny.safetensors"}},
    "words": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["model", 1]}},
    "empty": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 2}},
    "draw": {
        "class_type": "KSampler",
        "inputs": {
            "model": ["model", 0],
            "positive": ["words", 0],
            "negative": ["words", 0],
            "latent_image": ["empty", 0],
            "seed": 1,
            "steps": 2,
            "cfg": 4.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "denoise": 1.0,
        },
    },
    "decode": {"class_type": "VAEDecode", "inputs": {"samples": ["draw", 0], "vae": ["model", 2]}},
    "save": {"class_type": "SaveImage", "inputs": {"images": ["decode", 0], "filename_prefix": "x"}},
    "film": {
        "class_type": "SaveAnimatedWEBP",
        "inputs": {
            "images": ["decode", 0],
            "filename_prefix": "x",
            "fps": 6.0,
            "lossless": True,
            "quality": 80,
            "method": "fastest",
        },
    },
}

Verify = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a model, and the pictures that it made."""
    data = tmp_path_factory.mktemp("data")
    (data / "models" / "checkpoints").mkdir(parents=True)
    save_file(checkpoint(), data / "models" / "checkpoints" / "tiny.safetensors")
    (data / "flow.json").write_text(json.dumps(PROMPT))
    assert main(["run", str(data / "flow.json"), "--data", str(data)]) == 0
    return data


@pytest.fixture
def second(made: Path) -> Path:
    """The second picture of a batch."""
    return made / "output" / "x_00002_.png"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Where the model lies for who verifies: another data folder than that of who saved."""
    path = tmp_path / "models" / "checkpoints" / "tiny.safetensors"
    path.parent.mkdir(parents=True)
    save_file(checkpoint(), path)
    return path


@pytest.fixture
def verify(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> Verify:
    """``wireloom verify --json``: its exit status, and what it told."""

    def run(file: Path) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        status = main(["verify", str(file), "--json", "--data", str(tmp_path)])
        return status, json.loads(capsys.readouterr().out)

    return run


def changed(file: Path, target: Path, change: Callable[[Image.Image], Image.Image] | None = None, **lock: Any) -> Path:
    """A copy of a picture with other pixels, or with another lock."""
    with Image.open(file) as picture:
        texts = {key: str(text) for key, text in picture.info.items()}
        texts[LOCK] = json.dumps({**json.loads(texts[LOCK]), **lock})
        chunks = PngInfo()
        for key, text in texts.items():
            chunks.add_text(key, text)
        (change(picture) if change else picture).save(target, pnginfo=chunks)
    return target


def brighter(by: int) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: picture.point(lambda value: value + by if value < 128 else value - by)


def test_an_untouched_picture_is_identical(verify: Verify, second: Path, tmp_path: Path) -> None:
    status, told = verify(second)
    assert (status, told["verdict"], told["node"], told["reasons"]) == (0, "identical", "save", [])
    assert all(item["status"] == "same" for item in told["compared"])
    assert {"name": "checkpoints/tiny.safetensors"}.items() <= told["compared"][0].items()
    assert not (tmp_path / "output").exists()


def test_so_is_a_film(verify: Verify, made: Path) -> None:
    status, told = verify(next((made / "output").glob("*.webp")))
    assert (status, told["verdict"], told["node"]) == (0, "identical", "film")


def test_another_model_under_the_same_name_is_named_as_the_reason(verify: Verify, second: Path, model: Path) -> None:
    save_file(checkpoint(seed=1), model)
    status, told = verify(second)
    assert (status, told["verdict"], len(told["reasons"])) == (1, "different", 1)
    assert told["psnr_db"] < told["close_from_db"] == 40
    assert "checkpoints/tiny.safetensors has another content than when this was saved" in told["reasons"][0]
    assert "the same tensors in other values" in told["reasons"][0]


def test_the_same_model_under_another_name_is_used_and_told(verify: Verify, second: Path, model: Path) -> None:
    model.rename(model.with_name("moved.safetensors"))
    save_file(checkpoint(seed=1), model)
    status, told = verify(second)
    assert (status, told["verdict"], len(told["reasons"])) == (0, "identical", 1)
    assert "is here as checkpoints/moved.safetensors, the same content" in told["reasons"][0]


def test_without_its_model_it_cannot_be_made_again(verify: Verify, second: Path, model: Path) -> None:
    save_file(checkpoint(seed=1), model.with_name("alike.safetensors"))
    model.unlink()
    status, told = verify(second)
    assert (status, told["verdict"], told["text"]) == (1, "failed", "it cannot be made again")
    assert "is not here; checkpoints/alike.safetensors has the same tensors in other values" in told["reasons"][0]
    assert "was not put in its place" in told["reasons"][0]
    assert "input ckpt_name" in told["reasons"][1]


def test_another_engine_version_is_told(verify: Verify, second: Path, tmp_path: Path) -> None:
    status, told = verify(changed(second, tmp_path / "old.png", engine="0.0.1"))
    assert (status, told["verdict"]) == (0, "identical")
    assert told["reasons"] == [f"wireloom was 0.0.1 when this was saved, and is {version_of('wireloom')}"]


@pytest.mark.parametrize(("by", "verdict"), [(1, "close"), (40, "different")])
def test_other_pixels_are_told_from_other_models(
    verify: Verify, second: Path, tmp_path: Path, by: int, verdict: str
) -> None:
    status, told = verify(changed(second, tmp_path / "edited.png", brighter(by)))
    assert (status, told["verdict"]) == (1, verdict)
    assert told["reasons"] == [
        "models, node types, versions and machine are as they were, so its pixels were changed since, "
        "or computing here does not give the same each time"
    ]


def test_another_size_leaves_nothing_to_compare(verify: Verify, second: Path, tmp_path: Path) -> None:
    status, told = verify(changed(second, tmp_path / "small.png", lambda picture: picture.resize((32, 16))))
    assert (status, told["verdict"], told["psnr_db"]) == (1, "different", None)
    assert told["text"] == "it has 32 x 16 pixels, and now there are 16 x 16"


def test_without_a_lock_all_pictures_of_the_workflow_are_looked_at(verify: Verify, tmp_path: Path, made: Path) -> None:
    chunks = PngInfo()
    chunks.add_text("prompt", json.dumps(PROMPT))
    with Image.open(made / "output" / "x_00001_.png") as picture:
        picture.save(tmp_path / "bare.png", pnginfo=chunks)
    status, told = verify(tmp_path / "bare.png")
    assert (status, told["verdict"], told["has_lock"], told["node"]) == (0, "identical", False, "save")


def test_people_are_told_in_lines(second: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_file(checkpoint(seed=1), model)
    capsys.readouterr()
    assert main(["verify", str(second), "--data", str(model.parents[2])]) == 1
    first, reason = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{second}: different: ")
    assert first.endswith(" dB PSNR, where 40 or more counts as close")
    assert reason.startswith("  checkpoints/tiny.safetensors has another content")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{}", "it is no PNG, WebP or GIF"),
        (b"\x89PNG\r\n\x1a\nbroken", "not a readable PNG"),
        (None, "this picture carries no workflow"),
    ],
)
def test_what_cannot_be_read_ends_with_2(verify: Verify, tmp_path: Path, data: bytes | None, said: str) -> None:
    plain = io.BytesIO()
    Image.new("RGB", (4, 4)).save(plain, "PNG")
    (tmp_path / "x").write_bytes(plain.getvalue() if data is None else data)
    status, told = verify(tmp_path / "x")
    assert (status, told["verdict"]) == (2, "unreadable")
    assert said in told["text"]


def test_a_broken_lock_ends_with_2(verify: Verify, second: Path, tmp_path: Path) -> None:
    status, told = verify(changed(second, tmp_path / "x.png", files="none"))
    assert (status, told["verdict"]) == (2, "unreadable")
    assert "its wireloom.lock is broken: files" in told["text"]


def rerun(
    capsys: pytest.CaptureFixture[str], picture: Path, data: Path, *argv: str
) -> tuple[int, list[str], dict[str, Any]]:
    """``wireloom run PICTURE --json``: its exit status, its warnings, and the workflow that ran."""
    capsys.readouterr()
    status = main(["run", str(picture), "--json", "--data", str(data), *argv])
    told = json.loads(capsys.readouterr().out)
    files = told["outputs"].get("save", {"files": []})["files"]
    if not files:
        return status, told["warnings"], {}
    with Image.open(files[0]) as saved:
        return status, told["warnings"], json.loads(saved.info["prompt"])


def test_a_picture_runs_with_the_models_that_made_it(
    second: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, broken = model.parents[2], model.parents[2] / "broken.png"
    assert rerun(capsys, second, data) == (0, [], PROMPT)
    model.rename(model.with_name("moved.safetensors"))
    status, (warning,), ran = rerun(capsys, second, data)
    assert (status, ran["model"]["inputs"]["ckpt_name"]) == (0, "moved.safetensors")
    assert "tiny.safetensors is here as checkpoints/moved.safetensors, the same content" in warning
    assert rerun(capsys, second, data, "--set", "model.ckpt_name=moved.safetensors")[:2] == (0, [])
    _, (warning,), _ = rerun(
        capsys, changed(second, broken, files=3), data, "--set", "model.ckpt_name=moved.safetensors"
    )
    assert "its wireloom.lock is broken" in warning


def test_a_model_that_was_replaced_runs_with_a_warning(
    second: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_file(checkpoint(seed=1), model)
    status, (warning,), ran = rerun(capsys, second, model.parents[2])
    assert (status, ran) == (0, PROMPT)
    assert "has another content than when this was saved: the same tensors in other values" in warning
