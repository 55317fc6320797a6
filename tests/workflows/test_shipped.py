"""Every shipped workflow runs to its end on a fresh machine, through the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.lower import lower
from engine.raise_ui import raise_ui
from engine.registry import Registry
from web.cli import main
from web.cli.documents import SHIPPED
from web.cli.pools import NodeTypes
from web.cli.wiring import build_folders

SIZES = {
    "text_to_image": [(128, 128)],
    "image_to_image": [(128, 128)] * 2,
    "inpaint": [(128, 128)] * 2,
    "hires_fix": [(192, 192)],
    "batch_and_grid": [(128, 128)] * 4 + [(260, 260)],  # two by two, with a gap of 4
    "for_each": [(260, 260)],
}


TRAINING = ("train_mini",)
"""It takes hours, see ``test_train_mini`` for a small run of it."""


def test_every_shipped_workflow_is_tested() -> None:
    assert {path.stem for path in SHIPPED.glob("*.json")} == {*SIZES, *TRAINING}
    assert {path.stem for path in (SHIPPED / "ui").glob("*.json")} == {*SIZES, *TRAINING}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The built-in node types."""
    return NodeTypes(build_folders(tmp_path_factory.mktemp("data"))).load()


@pytest.mark.parametrize("name", [*SIZES, *TRAINING])
def test_both_formats_of_a_shipped_workflow_say_the_same(name: str, registry: Registry) -> None:
    api, ui = (json.loads((SHIPPED / place / f"{name}.json").read_text()) for place in ("", "ui"))
    assert ui["version"] == 0.4
    assert lower(ui, registry) == api
    # What ``wireloom convert`` makes of the API form is what is shipped, but for places: those are chosen by eye.
    assert unplaced(raise_ui(api, registry)) == unplaced(ui)
    for version in (0.4, 1):
        drawn = raise_ui(api, registry, version)
        assert lower(drawn, registry) == api
        assert raise_ui(lower(drawn, registry), registry, version) == drawn


def unplaced(workflow: dict[str, Any]) -> dict[str, Any]:
    nodes = [{key: value for key, value in node.items() if key != "pos"} for node in workflow["nodes"]]
    return {**workflow, "nodes": nodes}


def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, *argv: str) -> tuple[int, dict[str, Any]]:
    """``wireloom run --json``: its exit status and what it told."""
    places = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    status = main(["run", *argv, *places, "--json"])
    return status, json.loads(capsys.readouterr().out)


def pictures(result: dict[str, Any]) -> list[Path]:
    return [Path(file) for output in result["outputs"].values() for file in output["files"]]


def opened(path: Path) -> Image.Image:
    """A picture and its text chunks, the file closed again."""
    with Image.open(path) as picture:
        picture.load()
        return picture


@pytest.mark.parametrize("steps", [2, pytest.param(None, marks=pytest.mark.slow)], ids=["few steps", "as shipped"])
@pytest.mark.parametrize("name", SIZES)
def test_a_shipped_workflow_makes_its_pictures(
    name: str, steps: int | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = SHIPPED / f"{name}.json"
    if steps:
        file = tmp_path / file.name
        file.write_text(json.dumps(in_steps(json.loads((SHIPPED / file.name).read_text()), steps)))
    status, result = run(capsys, tmp_path, str(file))
    assert (status, result["status"], result["errors"]) == (0, "succeeded", [])
    shown = [opened(path) for path in pictures(result)]
    assert sorted(picture.size for picture in shown) == SIZES[name]
    assert all(path.is_relative_to(tmp_path / "out" / "wireloom") for path in pictures(result))
    assert all(json.loads(picture.info["prompt"]) == json.loads(file.read_text()) for picture in shown)
    assert not any("workflow" in picture.info for picture in shown)


def in_steps(prompt: dict[str, Any], steps: int) -> dict[str, Any]:
    """The same workflow, each of whose samplers takes so many steps."""
    told = [node for node in prompt.values() if "steps" in node["inputs"]]
    assert told
    for node in told:
        node["inputs"]["steps"] = steps
    return prompt


def test_a_picture_runs_again_and_passes_its_workflow_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prompt = json.loads((SHIPPED / "text_to_image.json").read_text())
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"prompt": prompt, "extra_data": {"extra_pnginfo": {"workflow": {"id": "mine"}}}}))
    _, first = run(capsys, tmp_path, str(body), "--set", "Draw.steps=2")
    status, again = run(capsys, tmp_path / "where nothing is remembered", str(pictures(first)[0]))
    assert status == 0
    one, other = (opened(pictures(result)[0]) for result in (first, again))
    assert json.loads(other.info["workflow"]) == {"id": "mine"}
    assert other.info["prompt"] == one.info["prompt"]
    assert other.tobytes() == one.tobytes()


def test_words_and_seed_reach_the_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "a cat on a red background"
    status, result = run(capsys, tmp_path, "--text", words, "--seed", "7", "--set", "Draw.steps=2")
    assert status == 0
    saved = json.loads(opened(pictures(result)[0]).info["prompt"])
    assert (saved["2"]["inputs"]["text"], saved["5"]["inputs"]["seed"]) == (words, 7)
    assert set(result["nodes"]) == set(saved)


def test_an_invalid_workflow_lists_every_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edits = ["--set", "Draw.steps=0", "--set", "Draw.sampler_name=magic"]
    assert main(["run", *edits, "--data", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Draw (node 5, KSampler), input steps" in said.err
    assert "Draw (node 5, KSampler), input sampler_name" in said.err
    assert "Traceback" not in said.err


def test_a_failing_node_is_named_with_its_cause(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data" / "models" / "checkpoints").mkdir(parents=True)
    (tmp_path / "data" / "models" / "checkpoints" / "broken.safetensors").write_bytes(b"nothing of use")
    argv = ["run", "--set", "Model.ckpt_name=broken.safetensors", "--data", str(tmp_path / "data")]
    assert main(argv) == 1
    said = capsys.readouterr().err
    assert "Model (node 1, CheckpointLoaderSimple): " in said
    assert "Traceback" not in said
    assert "File " not in said
    assert main([*argv, "--verbose"]) == 1
    assert "File " in capsys.readouterr().err


def test_validate_accepts_a_shipped_workflow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(SHIPPED / "text_to_image.json"), "--data", str(tmp_path)]) == 0
    assert "7 nodes" in capsys.readouterr().out


def test_validate_shows_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prompt = json.loads((SHIPPED / "text_to_image.json").read_text())
    prompt["5"]["inputs"]["steps"] = 0
    file = tmp_path / "flow.json"
    file.write_text(json.dumps(prompt))
    assert main(["validate", str(file), "--data", str(tmp_path)]) == 2
    assert "steps" in capsys.readouterr().err


def test_nodes_describes_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nodes", "KSampler", "--json", "--data", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["inputs"]["required"]["steps"][1]["default"] == 20
    assert main(["nodes", "KSampler", "--data", str(tmp_path)]) == 0
    assert "sampler_name" in capsys.readouterr().out
    assert main(["nodes", "Ksampler", "--data", str(tmp_path)]) == 2
    assert "did you mean KSampler" in capsys.readouterr().err


def test_nodes_lists_all_with_categories(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nodes", "--data", str(tmp_path)]) == 0
    assert "EmptyLatentImage" in capsys.readouterr().out
