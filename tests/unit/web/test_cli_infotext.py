"""Pictures of web UIs on the command line, and pictures that tell no more than was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from web.cli import main
from web.cli.documents import read_document
from web.cli.terminal import Mistake

TEXT = """a panda, “bär” 熊
Negative prompt: dog
Steps: 2, Sampler: Euler a, Schedule type: Karras, CFG scale: 3.5, Seed: 18446744073709551615, Size: 64x64, \
Model: wireloom-mini, RNG: CPU"""


def exif_with(comment: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = comment
    return exif


def png(path: Path, text: str) -> Path:
    chunks = PngInfo()
    chunks.add_text("parameters", text)
    Image.new("RGB", (4, 4)).save(path, pnginfo=chunks)
    return path


def webp(path: Path, text: str) -> Path:
    Image.new("RGB", (4, 4)).save(path, "WEBP", exif=exif_with(b"UNICODE\0" + text.encode("utf-16-be")))
    return path


def webp_of_little_ends(path: Path, text: str) -> Path:
    Image.new("RGB", (4, 4)).save(path, "WEBP", exif=exif_with(b"UNICODE\0" + text.encode("utf-16-le")))
    return path


def jpeg(path: Path, text: str) -> Path:
    Image.new("RGB", (4, 4)).save(path, "JPEG", exif=exif_with(b"UNICODE\0" + text.encode("utf-16")))
    return path


def jpeg_of_bytes(path: Path, text: str) -> Path:
    Image.new("RGB", (4, 4)).save(path, "JPEG", exif=exif_with(bytes(8) + text.encode()))
    return path


def text(path: Path, text: str) -> Path:
    path = path.with_suffix(".txt")
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("write", [png, webp, webp_of_little_ends, jpeg, jpeg_of_bytes, text])
def test_infotext_is_read_from_every_kind_of_file(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    document = read_document(write(tmp_path / "picture", TEXT) if write is not png else png(tmp_path / "a.png", TEXT))
    assert document.prompt["2"]["inputs"]["text"] == "a panda, “bär” 熊"
    assert document.prompt["5"]["inputs"]["seed"] == 2**64 - 1
    assert document.left_out == ()


def test_a_picture_with_other_parameters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="no line that begins with 'Steps:'"):
        read_document(png(tmp_path / "a.png", '{"model": "x"}'))


def test_a_jpeg_without_a_workflow_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.jpg")
    with pytest.raises(Mistake, match="carries no workflow"):
        read_document(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff\xe1nothing")
    with pytest.raises(Mistake, match="not a readable JPEG"):
        read_document(tmp_path / "b.jpg")


def test_convert_names_the_model_that_is_here_and_what_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = png(tmp_path / "a.png", f"{TEXT}, Face restoration: CodeFormer")
    assert main(["convert", str(picture), "--to", "api", "--data", str(tmp_path / "data")]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["1"]["inputs"] == {"ckpt_name": "wireloom-mini.safetensors"}
    assert said.err == "wireloom: not carried over: Face restoration: CodeFormer\n"
    assert main(["convert", str(picture), "--data", str(tmp_path / "data")]) == 0
    assert [node["type"] for node in json.loads(capsys.readouterr().out)["nodes"]][-1] == "SaveImage"


def made(tmp_path: Path, *flags: str) -> dict[str, Any]:
    """The texts of the picture that a picture's infotext makes."""
    out = tmp_path / "out"
    source = png(tmp_path / "source.png", TEXT)
    assert main(["run", str(source), "--data", str(tmp_path / "data"), "--out", str(out), *flags]) == 0
    newest = max(out.rglob("*.png"), key=lambda path: path.stat().st_mtime_ns)
    with Image.open(newest) as picture:
        picture.load()
        assert picture.size == (64, 64)
        return {str(key): value for key, value in picture.info.items()}


def test_a_picture_made_from_infotext_gives_it_on_if_wanted(tmp_path: Path) -> None:
    plain = made(tmp_path)
    assert list(plain) == ["prompt", "wireloom.lock"]
    told = made(tmp_path, "--write-infotext")
    assert told["parameters"].split("\n") == TEXT.split("\n")
    assert told["prompt"] == plain["prompt"]
    assert made(tmp_path, "--metadata", "none", "--write-infotext") == {}


def test_infotext_for_a_server_is_the_servers_setting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--server", "http://127.0.0.1:1", "--write-infotext"]) == 2
    assert "--write-infotext is about runs in this process" in capsys.readouterr().err
