"""``wireloom bundle``: from one data folder into another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from web.cli import main
from web.users.files import UserFiles
from web.users.tags import Tags

WORKFLOW = {"1": {"class_type": "LoadImage", "inputs": {"image": "deep/cat.png"}}}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A data folder with a saved workflow, its picture, its input and a tag."""
    data = tmp_path / "here"
    (data / "input" / "deep").mkdir(parents=True)
    (data / "input" / "deep" / "cat.png").write_bytes(b"a cat")
    root = data / "user" / "default"
    files = UserFiles()
    files.store(root, "workflows/pets/anna.json", json.dumps(WORKFLOW).encode(), overwrite=False)
    files.store(root, "wireloom/thumbnails/pets/anna.webp", b"a picture", overwrite=False)
    Tags().put(root, "pets/anna", ["pet"])
    return data


def test_a_workflow_goes_from_one_data_folder_into_another(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed, there = tmp_path / "anna.zip", tmp_path / "there"
    assert main(["bundle", "export", "pets/anna", "--data", str(here), "--out", str(packed)]) == 0
    (there / "input" / "deep").mkdir(parents=True)
    (there / "input" / "deep" / "cat.png").write_bytes(b"another cat")
    capsys.readouterr()
    assert main(["bundle", "import", str(packed), "--data", str(there), "--json"]) == 0
    renamed = "deep/cat (1).png"
    told = json.loads(capsys.readouterr().out)
    assert told == {"name": "pets/anna", "inputs": {"deep/cat.png": renamed}}
    assert (there / "input" / "deep" / "cat.png").read_bytes() == b"another cat"
    assert (there / "input" / renamed).read_bytes() == b"a cat"
    root = there / "user" / "default"
    assert json.loads((root / "workflows/pets/anna.json").read_text())["1"]["inputs"]["image"] == renamed
    assert (root / "wireloom/thumbnails/pets/anna.webp").read_bytes() == b"a picture"
    assert Tags().all(root) == {"pets/anna": ["pet"]}


def test_a_file_is_packed_too_and_no_file_is_replaced_unasked(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "mine.json", tmp_path / "mine.zip"
    source.write_text(json.dumps(WORKFLOW))
    argv = ["bundle", "export", str(source), "--data", str(here), "--out", str(out)]
    assert main(argv) == 0
    assert "1 input file" in capsys.readouterr().out
    assert main(argv) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*argv, "--force"]) == 0


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["export", "none"], "neither a workflow nor a file"),
        (["export", "pets/anna", "--max-mb", "0"], "more than 0"),
        (["export", "pets/anna", "--user", "../x"], "no user's id"),
        (["import", "none.zip"], "none.zip"),
    ],
)
def test_what_cannot_be_done_is_told(
    here: Path, argv: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bundle", *argv, "--data", str(here)]) in (1, 2)
    assert reason in capsys.readouterr().err


def test_a_name_that_leads_out_of_the_library_is_refused(here: Path, tmp_path: Path) -> None:
    packed = tmp_path / "anna.zip"
    main(["bundle", "export", "pets/anna", "--data", str(here), "--out", str(packed)])
    assert main(["bundle", "import", str(packed), "--data", str(here), "--name", "../../x"]) == 2
    assert not (here / "user" / "x.json").exists()
