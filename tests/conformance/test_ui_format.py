"""``POST /prompt`` with a workflow as an editor saves it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.conformance.conftest import Listener, Server

pytestmark = [pytest.mark.conformance, pytest.mark.usefixtures("small_nodes")]

UI: dict[str, Any] = {
    "version": 0.4,
    "id": "drawn",
    "nodes": [
        {"id": 2, "type": "TOut", "inputs": [{"name": "v", "type": "INT,STRING", "link": 2}], "title": "Shown"},
        {"id": 3, "type": "Reroute", "inputs": [{"name": "", "type": "*", "link": 1}], "outputs": []},
        {"id": 1, "type": "TInt", "widgets_values": [7, 0.5, "a", True, "x", "p"]},
        {"id": 4, "type": "TOut", "inputs": [{"name": "v", "type": "INT,STRING", "link": 3}]},
        {"id": 5, "type": "Note", "widgets_values": ["words"]},
    ],
    "links": [[1, 1, 0, 3, 0, "INT"], [2, 3, 0, 2, 0, "INT"], [3, 1, 1, 4, 0, "STRING"]],
}


async def post(server: Server, **body: Any) -> tuple[int, dict[str, Any]]:
    async with server.post("/prompt", json={"client_id": "cid1", **body}) as response:
        answer: dict[str, Any] = await response.json()
        return response.status, answer


async def kept(server: Server, prompt_id: str) -> tuple[dict[str, Any], dict[str, Any], list[str], dict[str, Any]]:
    """The prompt, extra data, targets and outputs of a job in history."""
    async with server.get(f"/history/{prompt_id}") as response:
        entry = (await response.json())[prompt_id]
    _, _, prompt, extra, targets = entry["prompt"]
    return prompt, extra, targets, entry["outputs"]


async def test_it_runs_as_its_api_form_and_goes_into_the_pictures(server: Server, listener: Listener) -> None:
    status, answer = await post(server, prompt=UI)
    assert status == 200, answer
    await listener.until_done()
    prompt, extra, targets, outputs = await kept(server, answer["prompt_id"])
    assert prompt["1"]["inputs"] == {"v": 7, "f": 0.5, "s": "a", "b": True, "c": "x", "c2": "p"}
    assert prompt["2"] == {"class_type": "TOut", "inputs": {"v": ["1", 0]}, "_meta": {"title": "Shown"}}
    assert set(prompt) == {"1", "2", "4"}
    assert extra["extra_pnginfo"] == {"workflow": UI}
    assert sorted(targets) == ["2", "4"]
    assert outputs["2"] == {"text": ["7"]}


async def test_a_workflow_of_the_clients_own_is_kept(server: Server, listener: Listener) -> None:
    info = {"workflow": {"id": "mine"}, "more": 1}
    _, answer = await post(server, prompt=UI, extra_data={"extra_pnginfo": info})
    await listener.until_done()
    _, extra, _, _ = await kept(server, answer["prompt_id"])
    assert extra["extra_pnginfo"] == info


async def test_targets_are_named_by_the_ids_of_the_api_form(server: Server, listener: Listener) -> None:
    _, answer = await post(server, prompt=UI, partial_execution_targets=["4"])
    await listener.until_done()
    _, _, targets, outputs = await kept(server, answer["prompt_id"])
    assert targets == ["4"]
    assert set(outputs) == {"4"}


@pytest.mark.parametrize(
    ("place", "change", "kind", "said"),
    [
        (0, {"type": "Nobody"}, "missing_node_type", "Shown"),
        (0, {"inputs": [{"name": "v", "link": 9}]}, "cannot_lower_workflow", "node 2 ('Shown', TOut): its input 'v'"),
        (3, {"id": 2}, "cannot_lower_workflow", "another node of the same graph has the id 2"),
        (0, {"mode": "off"}, "invalid_prompt", "(node 2, 'Shown')"),
        (2, {"widgets_values": [11]}, "prompt_outputs_failed_validation", "Value 11 bigger than max"),
    ],
)
async def test_what_cannot_run_is_refused_by_name(
    server: Server, place: int, change: Any, kind: str, said: str
) -> None:
    document = copy.deepcopy(UI)
    document["nodes"][place] |= change
    status, answer = await post(server, prompt=document)
    assert status == 400
    assert answer["error"]["type"] == kind
    assert said in json.dumps(answer)


@pytest.mark.parametrize("document", [{"nodes": []}, {"nodes": [3]}, {"nodes": [], "links": [[1]]}, {"nodes": [{}]}])
async def test_a_malformed_one_is_never_a_server_error(server: Server, document: Any) -> None:
    status, answer = await post(server, prompt=document)
    assert status == 400
    assert answer["error"]["message"]
