"""Every workflow that shows the inside of a model runs on a fresh machine, and both its formats say the same."""

import json
from pathlib import Path

import pytest
from PIL import Image

from engine.lower import lower
from engine.raise_ui import raise_ui
from engine.registry import Registry
from web.cli import main
from web.cli.documents import SHIPPED
from web.cli.pools import NodeTypes
from web.cli.wiring import build_folders

INSIDE = sorted((SHIPPED / "inside").glob("*.json"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The built-in node types."""
    return NodeTypes(build_folders(tmp_path_factory.mktemp("data"))).load()


def test_each_is_there_in_both_formats() -> None:
    assert {path.name for path in INSIDE} == {path.name for path in (SHIPPED / "ui" / "inside").glob("*.json")}


@pytest.mark.parametrize("path", INSIDE, ids=lambda path: path.stem)
def test_both_formats_say_the_same(path: Path, registry: Registry) -> None:
    api, ui = (json.loads(each.read_text()) for each in (path, SHIPPED / "ui" / "inside" / path.name))
    assert lower(ui, registry) == api
    assert lower(raise_ui(api, registry), registry) == api


@pytest.mark.slow
@pytest.mark.parametrize("path", INSIDE, ids=lambda path: path.stem)
def test_it_runs_and_saves_pictures(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["run", str(path), "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (status, told["status"], told["errors"]) == (0, "succeeded", [])
    files = [file for output in told["outputs"].values() for file in output["files"]]
    assert files
    for file in files:
        with Image.open(file) as picture:
            assert min(picture.size) >= 64
