"""``GET /explain/{prompt_id}`` and ``wireloom run --explain``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from engine.bus import Bus
from engine.cache import MemoryCache
from engine.folders import Folders
from engine.jobs_sqlite import SqliteQueue
from engine.notebook import Notebook
from engine.pool_local import LocalPool
from tests.support.toys import api, new_lanes, registry
from web.app import make_app
from web.cli import main
from web.keys import Parts
from web.settings import Settings

DOCUMENT = api(n=("Number", {"value": 1}), o=("Show", {"value": ["n", 0], "style": "plain"}))


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[TestClient[Any, Any]]:
    folders = Folders(tmp_path)
    folders.lay_out()
    pool = LocalPool(registry, MemoryCache(1 << 20), new_lanes(), notebook=Notebook(tmp_path / "runs.sqlite"))
    parts = Parts(SqliteQueue(":memory:"), pool, Bus(), folders, Settings())
    async with TestClient(TestServer(make_app(parts))) as client:
        yield client


async def finished(client: TestClient[Any, Any], document: dict[str, Any]) -> str:
    """Submit a workflow and wait for its end; the job's id."""
    async with client.ws_connect("/ws?clientId=me") as socket:
        answer = await (await client.post("/prompt", json={"prompt": document, "client_id": "me"})).json()
        async for message in socket:
            told = json.loads(message.data)
            if told["type"] == "executing" and told["data"]["node"] is None:
                break
    return str(answer["prompt_id"])


async def test_a_job_is_explained_when_it_has_ended(client: TestClient[Any, Any]) -> None:
    await finished(client, DOCUMENT)
    changed = {**DOCUMENT, "n": {"class_type": "Number", "inputs": {"value": 2}}}
    for path in ("/explain/", "/api/explain/"):
        job_id = await finished(client, changed)
        told = await (await client.get(f"{path}{job_id}")).json()
        assert told["prompt_id"] == job_id
        assert told["nodes"].keys() == {"n", "o"}
        if path == "/explain/":
            assert told["nodes"]["n"]["how"] == "ran"
            assert told["nodes"]["n"]["causes"] == [{"kind": "input", "input": "value", "before": 1, "now": 2}]
        else:
            assert (told["nodes"]["o"]["how"], told["nodes"]["o"]["causes"]) == ("memory", [])


async def test_an_unknown_job_is_404_by_name(client: TestClient[Any, Any]) -> None:
    answer = await client.get("/explain/nobody")
    assert answer.status == 404
    assert "nobody" in (await answer.json())["error"]["details"]


def test_the_command_line_draws_a_tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "flow.json"
    flow = {
        "text": {
            "class_type": "StringTrim",
            "inputs": {"string": " hello ", "mode": "Both"},
            "_meta": {"title": "Trim"},
        },
        "show": {"class_type": "PreviewAny", "inputs": {"source": ["text", 0]}, "_meta": {"title": "Look"}},
    }
    file.write_text(json.dumps(flow))
    command = ["run", str(file), "--explain", "--data", str(tmp_path / "data")]
    assert main(command) == 0
    first = capsys.readouterr().err
    assert "Look: ran" in first
    assert "└── Trim: ran" in first
    assert first.count("because it is new") == 2

    assert main([*command, "--set", "Trim.mode=Left"]) == 0
    said = capsys.readouterr().err
    assert "because source comes from Trim, which changed" in said
    assert "because mode changed from 'Both' to 'Left'" in said

    assert main([*command, "--set", "Trim.mode=Left", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["explain"]
    assert {node_id: account["how"] for node_id, account in told.items()} == {"text": "skipped", "show": "disk"}
