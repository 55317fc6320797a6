"""A workflow as an editor saves it runs as its API form does: through the command line, into the same pictures."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from web.cli import main

FIXTURES = Path(__file__).parents[1] / "fixtures"
NESTED_UI, NESTED_API = FIXTURES / "nested_subgraphs.ui.json", FIXTURES / "nested_subgraphs.api.json"


def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, *argv: str) -> tuple[dict[str, Any], Image.Image]:
    """``wireloom run --json``: what it told, and the only picture it made."""
    places = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    assert main(["run", *argv, *places, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    (file,) = [file for output in result["outputs"].values() for file in output["files"]]
    with Image.open(file) as picture:
        picture.load()
        return result, picture


def test_two_levels_of_subgraphs_give_the_pixels_of_the_hand_lowered_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a muted and a bypassed node, reroutes of both kinds, and a primitive that reaches through both levels."""
    ui, api = (json.loads(file.read_text()) for file in (NESTED_UI, NESTED_API))
    told, drawn = run(capsys, tmp_path, str(NESTED_UI))
    _, expected = run(capsys, tmp_path, str(NESTED_API))
    assert drawn.tobytes() == expected.tobytes()
    assert len(drawn.getcolors(128 * 128) or []) > 100  # a picture, not a blank
    assert json.loads(drawn.info["prompt"]) == json.loads(expected.info["prompt"]) == api
    assert json.loads(drawn.info["workflow"]) == ui
    assert told["nodes"]["2:8:1"]["title"] == "Draw"


def test_words_seed_and_inputs_can_be_set_in_such_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edits = ["--text", "a dog", "--seed", "9", "--set", "Draw.steps=1", "--set", "2:8:1.cfg=1.5"]
    _, drawn = run(capsys, tmp_path, str(NESTED_UI), *edits)
    prompt = json.loads(drawn.info["prompt"])
    sampler = prompt["2:8:1"]["inputs"]
    assert (prompt["2:5"]["inputs"]["text"], sampler["seed"], sampler["steps"], sampler["cfg"]) == ("a dog", 9, 1, 1.5)


def test_a_picture_with_nothing_but_an_editors_workflow_is_validated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    info = PngInfo()
    info.add_text("workflow", NESTED_UI.read_text())
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png", pnginfo=info)
    assert main(["validate", str(tmp_path / "a.png"), "--data", str(tmp_path)]) == 0
    assert "7 nodes" in capsys.readouterr().out


def test_validate_names_the_node_that_cannot_be_lowered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(NESTED_UI.read_text())
    for node in document["definitions"]["subgraphs"][0]["nodes"]:
        if node["id"] == 8:
            node["widgets_values"] = [1, 2, 3]
    (tmp_path / "flow.json").write_text(json.dumps(document))
    for command in ("validate", "run", "convert"):
        assert main([command, str(tmp_path / "flow.json"), "--data", str(tmp_path)]) == 2
        said = " ".join(capsys.readouterr().err.split())
        assert "2:8" in said
        assert "Traceback" not in said


def test_convert_goes_either_way_and_leaves_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = ["--data", str(tmp_path)], tmp_path / "out.json"
    assert main(["convert", str(NESTED_UI), "--out", str(out), *data]) == 0
    assert json.loads(out.read_text()) == json.loads(NESTED_API.read_text())
    assert main(["convert", str(NESTED_UI), "--to", "ui", *data]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(NESTED_UI.read_text())
    assert main(["convert", str(NESTED_API), *data]) == 0
    drawn = json.loads(capsys.readouterr().out)
    assert {node["id"] for node in drawn["nodes"]} == {1, 4, "2:5", "2:6", "2:7", "2:8:1", "2:8:3"}
    assert main(["convert", str(NESTED_UI), "--out", str(tmp_path / "no" / "where.json"), *data]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_convert_takes_the_workflow_that_a_picture_carries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info = PngInfo()
    info.add_text("prompt", NESTED_API.read_text())
    info.add_text("workflow", NESTED_UI.read_text())
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png", pnginfo=info)
    for wanted, file in (("ui", NESTED_UI), ("api", NESTED_API)):
        assert main(["convert", str(tmp_path / "a.png"), "--to", wanted, "--data", str(tmp_path)]) == 0
        assert json.loads(capsys.readouterr().out) == json.loads(file.read_text())


def test_convert_refuses_a_node_of_no_known_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "flow.json").write_text('{"7": {"class_type": "Nobody", "inputs": {}}}')
    assert main(["convert", str(tmp_path / "flow.json"), "--data", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Nobody (node 7, Nobody): Node 'Nobody' not found" in said.err


def test_validate_names_every_node_of_no_known_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [{"id": 7, "type": "Nobody"}, {"id": 8, "type": "Nowhere", "title": "Mine"}]
    (tmp_path / "flow.json").write_text(json.dumps({"nodes": nodes, "links": [], "version": 0.4}))
    assert main(["validate", str(tmp_path / "flow.json"), "--data", str(tmp_path)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "Node 'Nobody' not found" in said
    assert "Node 'Mine' not found" in said
