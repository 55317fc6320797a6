"""Workflows that are large, circular, or linked to nowhere."""

import asyncio
import json
import time
from typing import Any

import pytest

from tests.attacks.conftest import Server, job, works
from web.safety.limits import MAX_NODES

pytestmark = pytest.mark.conformance


def chain(length: int) -> dict[str, Any]:
    """One node after the other; the last one shows something."""
    nodes: dict[str, Any] = {"0": {"class_type": "TSlow", "inputs": {"v": 1}}}
    for i in range(1, length):
        nodes[str(i)] = {"class_type": "TSlow", "inputs": {"v": [str(i - 1), 0]}}
    return {**nodes, "out": {"class_type": "TOut", "inputs": {"v": [str(length - 1), 0]}}}


async def refused(server: Server, prompt: Any) -> dict[str, Any]:
    answer = await job(server, prompt)
    assert "error" in answer, answer
    text = json.dumps(answer)
    assert "Traceback" not in text
    assert "site-packages" not in text
    assert ".py" not in text
    return answer


@pytest.mark.slow
async def test_a_chain_of_3000_nodes_runs(server: Server) -> None:
    entry = await job(server, chain(3000))
    assert entry["outputs"] == {"out": {"text": ["3001"]}}


async def test_too_many_nodes_are_refused_with_the_limit(server: Server) -> None:
    answer = await refused(server, {str(i): {"class_type": "T"} for i in range(MAX_NODES + 1)})
    assert f"more than {MAX_NODES}" in answer["error"]["message"]
    assert await works(server)


@pytest.mark.parametrize("length", [1, 2, 3000])
async def test_a_cycle_is_named(server: Server, length: int) -> None:
    prompt = chain(length)
    prompt["0"]["inputs"]["v"] = [str(length - 1), 0]
    answer = await refused(server, prompt)
    reasons = [error for node in answer["node_errors"].values() for error in node["errors"]]
    said = json.dumps([answer["error"], reasons]).lower()
    assert "cycle" in said or "circ" in said, said[:300]


@pytest.mark.parametrize("slot", [-1, -(10**18), 5, 10**18, 1.5, True, "0", None, [], {}])
async def test_a_slot_that_is_not_there_is_refused(server: Server, slot: Any) -> None:
    prompt = {"1": {"class_type": "TInt", "inputs": {}}, "2": {"class_type": "TOut", "inputs": {"v": ["1", slot]}}}
    answer = await job(server, prompt)
    if "error" in answer:
        assert answer["node_errors"]["2"]["errors"], answer
    else:  # a list that is no link is a value like others
        assert answer["status"]["status_str"] in ("success", "error")
        assert isinstance(slot, float | str | list | dict | bool | None)
    assert await works(server)


@pytest.mark.parametrize("missing", ["9", "", "<b>", "x" * 100])
async def test_a_link_to_nowhere_is_named(server: Server, missing: str) -> None:
    prompt = {
        "1": {"class_type": "TSlow", "inputs": {"v": [missing, 0]}},
        "2": {"class_type": "TOut", "inputs": {"v": ["1", 0]}},
    }
    answer = await refused(server, prompt)
    (error,) = answer["node_errors"]["1"]["errors"]
    assert f"links to node {missing}, which is not in the workflow" in error["extra_info"]["hint"]


async def test_nested_subgraphs_do_not_multiply_without_end(server: Server) -> None:
    """Ten of the next in each, nine deep: a billion nodes in 30 kB."""

    def graph(name: str, inner: str) -> dict[str, Any]:
        nodes = [{"id": i, "type": inner, "inputs": [], "outputs": []} for i in range(10)]
        return {"id": name, "name": name, "nodes": nodes, "links": [], "inputs": [], "outputs": []}

    names = [f"00000000-0000-4000-8000-00000000000{i}" for i in range(9)]
    definitions = [graph(name, inner) for name, inner in zip(names, [*names[1:], "TOut"], strict=True)]
    top = {"id": 1, "type": names[0], "inputs": [], "outputs": []}
    body = {"nodes": [top], "links": [], "version": 1, "definitions": {"subgraphs": definitions}}
    began = time.perf_counter()
    await refused(server, body)
    assert time.perf_counter() - began < 20
    assert await works(server)


async def test_interrupting_a_node_that_waits_is_answered_at_once(server: Server) -> None:
    async with server.post("/prompt", json={"prompt": {"1": {"class_type": "TWaits", "inputs": {}}}}) as response:
        prompt_id = (await response.json())["prompt_id"]
    async with asyncio.timeout(5):
        while True:
            async with server.get("/queue") as response:
                if (await response.json())["queue_running"]:
                    break
        await asyncio.sleep(0.05)
        async with server.post("/interrupt") as response:
            assert response.status == 200
        while True:
            async with server.get(f"/history/{prompt_id}") as response:
                if found := await response.json():
                    break
            await asyncio.sleep(0.01)
    assert found[prompt_id]["status"]["messages"][-1][0] == "execution_interrupted"
    assert await works(server)
