"""/v1/workflows: what can be run by name, and what each takes and gives."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient

from tests.conformance.test_v1_jobs import UI, exposing, get, post, workflow

Server = TestClient[Any, Any]
pytestmark = pytest.mark.conformance

SHIPPED = ["batch_and_grid", "for_each", "hires_fix", "image_to_image", "inpaint", "text_to_image"]


async def save(server: Server, name: str, document: Any) -> None:
    path = quote(f"workflows/{name}.json", safe="")
    async with server.post(f"/userdata/{path}?overwrite=true", json=document) as response:
        assert response.status == 200, await response.text()


async def remove(server: Server, name: str) -> None:
    async with server.delete(f"/userdata/{quote(f'workflows/{name}.json', safe='')}") as response:
        assert response.status in (204, 404)


async def test_saved_workflows_come_first_and_hide_shipped_ones(server: Server) -> None:
    try:
        for name in ("mine/for_tests", "inpaint"):
            await save(server, name, exposing())
        listed = (await get(server, "/v1/workflows"))["workflows"]
        sources = {each["name"]: each["source"] for each in listed}
        assert sources["mine/for_tests"] == sources["inpaint"] == "saved"
        assert {name for name in SHIPPED if sources[name] == "shipped"} == {*SHIPPED} - {"inpaint"}
        mine = next(each for each in listed if each["name"] == "mine/for_tests")
        assert (mine["title"], mine["links"]) == ("For tests", {"self": "/v1/workflows/mine%2Ffor_tests"})
        assert [each["name"] for each in listed].count("inpaint") == 1
    finally:
        for name in ("mine/for_tests", "inpaint"):
            await remove(server, name)


@pytest.mark.usefixtures("small_nodes")
@pytest.mark.parametrize("path", ["mine/for_tests", "mine%2Ffor_tests"])
async def test_a_signature_is_a_schema_of_the_exposed_inputs(server: Server, path: str) -> None:
    document = exposing()
    del document["1"]["inputs"]["s"]
    await save(server, "mine/for_tests", document)
    try:
        found = await get(server, f"/v1/workflows/{path}")
    finally:
        await remove(server, "mine/for_tests")
    assert found["inputs"] == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "number": {"type": "integer", "minimum": 0, "maximum": 10, "title": "Number: v", "default": 1},
            "word": {"type": "string", "title": "Number: s"},
        },
        "required": ["word"],
        "additionalProperties": False,
    }
    assert found["places"] == {
        "number": {"node_id": "1", "class_type": "TInt", "input": "v"},
        "word": {"node_id": "1", "class_type": "TInt", "input": "s"},
    }
    assert found["outputs"] == {"count": {"node_id": "2", "class_type": "TOut", "title": "Show"}}


@pytest.mark.usefixtures("small_nodes")
async def test_a_workflow_that_exposes_nothing_offers_its_constants(server: Server) -> None:
    await save(server, "plain", workflow())
    try:
        found = await get(server, "/v1/workflows/plain")
        job = await post(server, {"workflow": "plain", "inputs": {"1.v": 5}}, "?wait=20", 200)
    finally:
        await remove(server, "plain")
    assert list(found["inputs"]["properties"]) == ["1.v", "1.f", "1.s", "1.b", "1.c", "1.c2"]
    assert found["places"]["1.c"] == {"node_id": "1", "class_type": "TInt", "input": "c"}
    assert found["inputs"]["properties"]["1.c"]["enum"] == ["x", "y"]
    assert found["inputs"]["properties"]["1.c2"]["enum"] == ["p", "q"]
    assert list(found["outputs"]) == ["Show", "Show (3)"]
    assert (job["workflow"], job["outputs"]["Show"]["data"]) == ("plain", {"text": ["5"]})


@pytest.mark.usefixtures("small_nodes")
async def test_a_workflow_saved_by_an_editor_runs_by_its_name(server: Server) -> None:
    await save(server, "edited", UI)
    try:
        found = await get(server, "/v1/workflows/edited")
        job = await post(server, {"workflow": "edited", "inputs": {"word": "hey"}}, "?wait=20", 200)
    finally:
        await remove(server, "edited")
    assert found["inputs"]["properties"]["word"]["default"] == "hello"
    assert job["outputs"]["said"]["data"] == {"text": ["hey"]}


@pytest.mark.parametrize(
    "name", ["nobody", "..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "a%00b", "..", "C:%5Cx", "%2e%2e%2fusers"]
)
async def test_a_name_leads_nowhere_else(server: Server, name: str) -> None:
    async with server.get(f"/v1/workflows/{name}") as response:
        assert response.status in (400, 404)
    async with server.post("/v1/jobs", json={"workflow": name.replace("%2F", "/").replace("%00", "\0")}) as response:
        assert response.status in (400, 404)


async def test_what_is_no_workflow_is_refused(server: Server) -> None:
    await save(server, "broken", [1, 2])
    try:
        refused = await get(server, "/v1/workflows/broken", 400)
    finally:
        await remove(server, "broken")
    assert "broken" in refused["error"]["message"]


async def converted(server: Server, document: Any, status: int = 200) -> Any:
    async with server.post("/v1/workflows/convert", json=document) as response:
        assert response.status == status, await response.text()
        return await response.json()


@pytest.mark.usefixtures("small_nodes")
async def test_a_workflow_saved_by_an_editor_is_told_in_the_form_that_is_queued(server: Server) -> None:
    nodes = [{**UI["nodes"][0], "widgets_values": [2**64 - 1, 0.5, "hello", True, "x", "p"]}, UI["nodes"][1]]  # type: ignore[index]
    found = await converted(server, {**UI, "nodes": nodes})
    assert list(found) == ["1", "2"]
    assert found["1"]["inputs"] == {"v": 2**64 - 1, "f": 0.5, "s": "hello", "b": True, "c": "x", "c2": "p"}
    assert found["1"]["_meta"] == {"title": "Number", "wireloom": {"inputs": {"s": "word", "v": "number"}}}
    assert found["2"]["inputs"] == {"v": ["1", 1]}
    assert await converted(server, found) == found


@pytest.mark.usefixtures("small_nodes")
@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([1], "body"),
        ("hello", "body"),
        ({"nodes": [{"id": 1}]}, "type"),
        ({"1": 5}, "at 1"),
        ({**UI, "nodes": [{"id": 7, "type": "Nowhere", "title": "Mine"}]}, "Mine"),
    ],
)
async def test_what_cannot_be_converted_is_refused_with_the_reason(server: Server, document: Any, said: str) -> None:
    error = (await converted(server, document, 400))["error"]
    assert said in error["message"] + error["details"]


INFOTEXT = """a panda
Steps: 4, Sampler: DPM++ 2M Karras, CFG scale: 4, Seed: 7, Size: 128x64, Model: Wireloom-Mini, Tiling: True, RNG: CPU"""


async def test_infotext_is_told_as_a_workflow_that_can_be_queued(core: Server) -> None:
    async with core.post("/v1/workflows/infotext", json={"text": INFOTEXT}) as response:
        assert response.status == 200
        read = await response.json()
    assert read["left_out"] == ["Tiling: True"]
    assert read["workflow"]["1"]["inputs"] == {"ckpt_name": "wireloom-mini.safetensors"}
    job = await post(core, {"workflow": read["workflow"], "embed": "none"}, "?wait=120", 200)
    assert job["state"] == "succeeded"
    (file,) = job["outputs"]["Save"]["files"]
    async with core.get(file["url"]) as response:
        data = await response.read()
    assert data.startswith(b"\x89PNG")
    assert b"tEXt" not in data


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"text": "a cat"}, "no line that begins with 'Steps:'"),
        ({"text": 5}, "text"),
        ({}, "text"),
        ({"text": INFOTEXT, "more": 1}, "more"),
        ({"text": "x" * 60_000}, "text"),
    ],
)
async def test_what_is_no_infotext_is_refused(server: Server, body: Any, said: str) -> None:
    async with server.post("/v1/workflows/infotext", json=body) as response:
        assert response.status == 400
        error = (await response.json())["error"]
    assert said in error["message"] + error["details"]


async def compared(server: Server, a: Any, b: Any, status: int = 200) -> Any:
    async with server.post("/v1/workflows/diff", json={"a": a, "b": b}) as response:
        assert response.status == status, await response.text()
        return await response.json()


@pytest.mark.usefixtures("small_nodes")
async def test_the_difference_of_two_workflows_is_told_by_node_and_input(server: Server) -> None:
    moved = {**UI, "nodes": [{**UI["nodes"][0], "pos": [9, 9], "color": "#322"}, UI["nodes"][1]]}  # type: ignore[index]
    same = {"equal": True, "only_a": [], "only_b": [], "nodes": [], "values": [], "links": []}
    assert await compared(server, UI, moved) == same
    assert await compared(server, UI, await converted(server, UI)) == same
    other = workflow(5)
    del other["3"]
    other["2"]["inputs"]["v"] = ["1", 1]
    found = await compared(server, workflow(1), other)
    number = {"a": "1", "b": "1", "type": "TInt", "title": "Number"}
    shown = {"a": "2", "b": "2", "type": "TOut", "title": "Show"}
    assert found == {
        "equal": False,
        "only_a": [{**shown, "a": "3", "b": None}],
        "only_b": [],
        "nodes": [],
        "values": [{"node": number, "input": "v", "before": 1, "after": 5}],
        "links": [
            {
                "node": shown,
                "input": "v",
                "before": {"node": number, "slot": 0, "output": "INT"},
                "after": {"node": number, "slot": 1, "output": "STRING"},
                "value": None,
            }
        ],
    }


@pytest.mark.usefixtures("small_nodes")
async def test_saved_workflows_are_compared_by_their_names(server: Server) -> None:
    await save(server, "mine", exposing())
    try:
        found = await compared(server, "mine", workflow())
        absent = await compared(server, "mine", "nobody", 404)
    finally:
        await remove(server, "mine")
    assert [(each["node"]["b"], each["what"]) for each in found["nodes"]] == [("1", "exposes"), ("2", "exposes")]
    assert "nobody" in absent["error"]["details"]


@pytest.mark.usefixtures("small_nodes")
@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (workflow(), [1], "b"),
        (5, workflow(), "a"),
        (workflow(), {"nodes": [{"id": 1}]}, "b: workflow: at nodes.0.type"),
        ({"1": 5}, workflow(), "a: workflow: at 1"),
        ({"1": {"inputs": {}}}, workflow(), "a: workflow: node '1' has no class_type"),
        (workflow(), {**UI, "nodes": [{"id": 7, "type": "Nowhere", "title": "Mine"}]}, "Mine"),
    ],
)
async def test_what_cannot_be_compared_is_refused_with_the_reason(server: Server, a: Any, b: Any, said: str) -> None:
    error = (await compared(server, a, b, 400))["error"]
    assert said in error["message"] + error["details"]


async def test_a_comparison_takes_two_workflows(server: Server) -> None:
    for body in ({"a": {}}, {"a": {}, "b": {}, "c": {}}, []):
        async with server.post("/v1/workflows/diff", json=body) as response:
            assert response.status == 400


async def test_a_shipped_workflow_makes_its_picture_by_name(core: Server) -> None:
    found = await get(core, "/v1/workflows/text_to_image")
    steps = found["inputs"]["properties"]["steps"]
    assert (found["title"], steps["type"], steps["minimum"], steps["default"]) == ("Text to image", "integer", 1, 20)
    inputs = {"text": "a red apple", "steps": 2, "seed": 7}
    job = await post(core, {"workflow": "text_to_image", "inputs": inputs}, "?wait=120", 200)
    assert job["state"] == "succeeded"
    (file,) = job["outputs"]["picture"]["files"]
    assert file["media_type"] == "image/png"
    async with core.get(file["url"]) as response:
        assert response.status == 200
        assert (await response.read()).startswith(b"\x89PNG")
    assert job["nodes"]["5"]["class_type"] == "KSampler"
    assert job["nodes"]["5"]["how"] in ("ran", "memory", "disk")
    again = await post(core, {"workflow": "text_to_image", "inputs": {**inputs, "seed": 8}}, "?wait=120", 200)
    assert again["nodes"]["5"]["how"] == "ran"
    assert {"kind": "input", "input": "seed", "node": None, "before": 7, "now": 8} in again["nodes"]["5"]["why"]
