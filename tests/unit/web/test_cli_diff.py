"""``wireloom diff``: what it says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.web.test_cli import png
from web.cli import main
from web.cli.documents import SHIPPED

FLOW = json.loads((SHIPPED / "text_to_image.json").read_text())
DRAWN = json.loads((SHIPPED / "ui" / "text_to_image.json").read_text())


def written(path: Path, document: Any) -> str:
    path.write_text(json.dumps(document))
    return str(path)


def test_a_workflow_and_the_picture_of_it_are_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moved = {**DRAWN, "nodes": [{**node, "pos": [0, 0], "color": "#322"} for node in reversed(DRAWN["nodes"])]}
    drawn, flow = written(tmp_path / "drawn.json", moved), png(tmp_path / "made.png", prompt=json.dumps(FLOW))
    for pair in ((drawn, SHIPPED / "ui" / "text_to_image.json"), (drawn, flow), (flow, flow)):
        assert main(["diff", *map(str, pair), "--data", str(tmp_path)]) == 0
        assert capsys.readouterr().out == ""


def test_what_differs_is_told_node_by_node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = json.loads(json.dumps(FLOW))
    sampler = next(each for each, node in other.items() if node["class_type"] == "KSampler")
    other[sampler]["inputs"]["steps"] = 31
    other[sampler]["inputs"]["positive"], other["new"] = ["new", 0], {"class_type": "MyOwn", "inputs": {}}
    a, b = written(tmp_path / "a.json", FLOW), written(tmp_path / "b.json", other)
    assert main(["diff", a, b, "--data", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert f"only in {b}\n  new MyOwn\nchanged\n  {sampler} KSampler" in told
    assert f"steps: {FLOW[sampler]['inputs']['steps']} -> 31\n" in told
    assert "+ 0 of new MyOwn\n" in told
    assert "\x1b" not in told
    assert main(["diff", a, b, "--data", str(tmp_path), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["equal"], found["only_a"], found["only_b"][0]["b"]) == (False, [], "new")
    assert found["values"][0]["after"] == 31
    assert found["links"][0]["before"]["output"] == "CONDITIONING"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "other.json: not valid JSON"),
        ('{"nodes": [{"id": 1}]}', "other.json: workflow: at nodes.0.type"),
        ('{"name": {"inputs": {}}}', "other.json: workflow: node 'name' has no class_type"),
    ],
)
def test_a_file_that_cannot_be_read_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    flow, other = written(tmp_path / "a.json", FLOW), tmp_path / "other.json"
    other.write_text(text)
    assert main(["diff", flow, str(other), "--data", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err
    assert main(["diff", flow, str(tmp_path / "gone.json")]) == 2
    assert "gone.json" in capsys.readouterr().err
