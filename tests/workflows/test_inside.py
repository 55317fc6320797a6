"""Every shipped workflow that shows what happens inside runs to its end, and is the same in both formats."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.lower import lower
from engine.raise_ui import raise_ui
from engine.registry import Registry
from web.cli import main
from web.cli.documents import SHIPPED, read_document
from web.cli.pools import NodeTypes
from web.cli.wiring import build_folders

INSIDE = SHIPPED / "inside"
NAMES = sorted(path.stem for path in INSIDE.glob("*.json"))
SAVES = ("SaveImage", "SaveAnimatedWEBP", "SaveAnimatedGIF")
FEWEST_COLOURS = 100  # of a picture that shows something


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The built-in node types."""
    return NodeTypes(build_folders(tmp_path_factory.mktemp("data"))).load()


def test_there_is_one_in_each_format() -> None:
    assert NAMES
    assert sorted(path.stem for path in (SHIPPED / "ui" / "inside").glob("*.json")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_both_formats_say_the_same(name: str, registry: Registry) -> None:
    api, ui = (json.loads((SHIPPED / place / f"{name}.json").read_text()) for place in ("inside", "ui/inside"))
    assert lower(ui, registry) == api
    assert lower(raise_ui(api, registry), registry) == api


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_makes_its_pictures(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = INSIDE / f"{name}.json"
    places = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    status = main(["run", str(file), *places, "--json"])
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (status, result["status"], result["errors"]) == (0, "succeeded", [])
    made = [Path(path) for output in result["outputs"].values() for path in output["files"]]
    document = json.loads(file.read_text())
    assert len(made) >= sum(node["class_type"] in SAVES for node in document.values())
    for path in made:
        with Image.open(path) as picture:
            assert len(picture.convert("RGB").getcolors(picture.width * picture.height) or []) > FEWEST_COLOURS
        assert read_document(path).prompt == document
