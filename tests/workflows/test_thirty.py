"""Thirty workflow files as users publish them: what the command line and the server make of each, and say of it."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from PIL import Image

from engine.workflow import is_ui
from tests.support.server import Server
from tests.support.thirty import FIXTURES, FOLDER, THIRTY, TYPES, Expected, documented, node_types, table
from web.cli import main
from web.cli.documents import read_document, texts_in

RUNNING = [each for each in THIRTY if each.pictures]
REFUSED = [each for each in THIRTY if each.problems]
ENDS_WITHIN_S = 120


def by_name(each: Expected) -> str:
    return each.path.stem


def test_there_are_thirty_and_each_runs_or_says_why_not() -> None:
    assert [each.file for each in THIRTY] == sorted(path.name for path in FOLDER.iterdir())
    assert len(THIRTY) == 30
    assert all(bool(each.pictures) != bool(each.problems) for each in THIRTY)


def test_the_table_and_the_node_types_are_up_to_date() -> None:
    """Else: python -m tests.support.thirty."""
    assert documented() == table()
    assert json.loads(TYPES.read_text()) == json.loads(json.dumps(node_types()))


@pytest.mark.parametrize("path", sorted((FIXTURES / "carried").iterdir()), ids=lambda path: path.stem)
def test_pictures_carry_what_lies_beside_them(path: Path) -> None:
    """Else: python tests/fixtures/make_carriers.py."""
    (picture,) = FOLDER.glob(f"{path.stem}.*")
    texts = texts_in(picture.read_bytes())
    assert texts
    if path.suffix == ".txt":
        assert texts == {"parameters": path.read_text()}
    else:
        assert set(texts) == {"prompt", "workflow"}
        assert json.loads(texts["workflow"]) == json.loads(path.read_text())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("served")) as started:
        yield started


def sent(each: Expected) -> Any:
    """What a client would send of the file: its bytes if it is a workflow, or what editors saved, if that is in it."""
    document = read_document(each.path)
    if each.path.suffix == ".json" and "prompt" not in json.loads(each.path.read_text("utf-8-sig")):
        return each.path.read_bytes()
    drawn = document.extra_pnginfo.get("workflow")
    return drawn if isinstance(drawn, dict) else document.prompt


@pytest.mark.parametrize("each", THIRTY, ids=by_name)
def test_the_command_line_validates_and_converts(
    each: Expected, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(each.path), "--data", str(data)]) == (2 if each.problems else 0)
    said = capsys.readouterr()
    assert all(f"not carried over: {part}" in said.err for part in each.left_out)
    assert "Traceback" not in said.err
    if not each.problems:
        assert f"fine, {each.prompt} nodes" in said.out
    assert main(["convert", str(each.path), "--to", "api", "--data", str(data)]) == (0 if each.prompt else 2)
    said = capsys.readouterr()
    if each.prompt:
        assert len(json.loads(said.out)) == each.prompt
    missing = [problem.removesuffix(": missing_node_type") for problem in each.problems if "missing" in problem]
    assert all(f"(node {node_id}, " in said.err for node_id in missing)


@pytest.mark.parametrize("each", THIRTY, ids=by_name)
def test_the_server_converts(each: Expected, server: Server) -> None:
    status, answer = server.post("/v1/workflows/convert", sent(each))
    assert status == (200 if each.prompt else 400)
    if not each.prompt:
        assert told(answer) == sorted(each.problems)
        return
    assert len(answer) == each.prompt
    places = {place: place.rsplit(".", 1) for place in each.reaches}
    assert {place: answer[node]["inputs"].get(name) for place, (node, name) in places.items()} == each.reaches


@pytest.mark.parametrize("each", THIRTY, ids=by_name)
def test_the_server_says_what_a_saved_one_takes(each: Expected, server: Server) -> None:
    document = sent(each)
    path = quote(f"workflows/{each.path.stem}.json", safe="")
    assert server.post(f"/userdata/{path}", document)[0] == 200
    status, answer = got(server, f"/v1/workflows/{quote(each.path.stem, safe='')}")
    assert status == (200 if each.prompt else 400)
    if not each.prompt:
        assert told(answer) == sorted(each.problems)
    else:
        assert answer["name"] == each.path.stem


@pytest.mark.parametrize("each", REFUSED, ids=by_name)
def test_the_server_refuses_what_cannot_run_by_node_and_input(each: Expected, server: Server) -> None:
    status, answer = server.post("/prompt", {"prompt": read_document(each.path).prompt})
    assert status == 400
    assert told(answer) == sorted(each.problems)


@pytest.mark.parametrize("each", RUNNING, ids=by_name)
def test_what_needs_nothing_else_runs(each: Expected, server: Server) -> None:
    _, prompt = server.post("/v1/workflows/convert", sent(each))
    for node in prompt.values():
        if "steps" in node["inputs"]:
            node["inputs"]["steps"] = 2
    status, answer = server.post("/prompt", {"prompt": prompt})
    assert status == 200, answer
    pictures = [opened(server, file) for file in ended(server, answer["prompt_id"])]
    assert sorted(picture.size for picture in pictures) == sorted(each.pictures)
    for picture in pictures:
        assert len(picture.convert("RGB").getcolors(2**24) or []) > 20  # a picture, not a blank


def test_a_text_becomes_the_same_on_the_server(server: Server) -> None:
    (each,) = (each for each in THIRTY if each.left_out)
    text = (FIXTURES / "carried" / each.file).with_suffix(".txt").read_text()
    status, answer = server.post("/v1/workflows/infotext", {"text": text})
    assert status == 200
    assert answer["left_out"] == list(each.left_out)
    assert answer["workflow"] == read_document(each.path).prompt
    assert not is_ui(answer["workflow"])


def told(answer: dict[str, Any]) -> list[str]:
    """What a refusal says, as ``node.input: kind``."""
    error, nodes = answer["error"], answer.get("node_errors") or {}
    whole = [error["extra_info"], *error["extra_info"].get("others", [])] if "node_id" in error["extra_info"] else []
    inputs = (
        f"{node_id}.{problem['extra_info']['input_name']}: {problem['type']}"
        for node_id, found in nodes.items()
        for problem in found["errors"]
    )
    return sorted([*(f"{place['node_id']}: {error['type']}" for place in whole), *inputs])


def got(server: Server, path: str) -> tuple[int, Any]:
    """The status and the JSON of an answer that may be a refusal."""
    try:
        return 200, server.get(path)
    except HTTPError as error:
        return error.code, json.loads(error.read())


def ended(server: Server, prompt_id: str) -> list[dict[str, Any]]:
    """The files that a job made, once it ended well."""
    until = time.monotonic() + ENDS_WITHIN_S
    while time.monotonic() < until:
        entry = server.get(f"/history/{prompt_id}").get(prompt_id)
        if entry:
            assert entry["status"]["status_str"] == "success", entry["status"]
            return [file for shown in entry["outputs"].values() for file in shown.get("images", [])]
        time.sleep(0.05)
    raise AssertionError(f"it did not end within {ENDS_WITHIN_S} s")


def opened(server: Server, file: dict[str, Any]) -> Image.Image:
    place = f"filename={quote(file['filename'])}&subfolder={quote(file['subfolder'])}&type={file['type']}"
    with urlopen(f"{server.url}/view?{place}", timeout=60) as answer:
        picture = Image.open(io.BytesIO(answer.read()))
    picture.load()
    return picture
