"""The whole path from outside: a real server process, the bundled model, HTTP and a websocket."""

from __future__ import annotations

import copy
import io
import json
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image

from tests.support.server import Server

pytestmark = pytest.mark.conformance

WORKFLOW = Path(__file__).parents[2] / "workflows" / "text_to_image.json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture
def workflow() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(WORKFLOW.read_text())
    for node in made.values():
        if "steps" in node["inputs"]:
            node["inputs"]["steps"] = 4
    return made


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def of_type(workflow: dict[str, Any], kind: str) -> list[str]:
    return [node_id for node_id, node in workflow.items() if node["class_type"] == kind]


async def submitted(client: aiohttp.ClientSession, server: Server, workflow: dict[str, Any]) -> list[dict[str, Any]]:
    """Post a workflow and collect its messages until it is done; binary previews count as type ``preview``."""
    messages: list[dict[str, Any]] = []
    async with client.ws_connect(f"{server.url}/ws?clientId=tester") as socket:
        extra = {"extra_pnginfo": {"workflow": {"id": "a picture's own"}}}
        body = {"prompt": workflow, "client_id": "tester", "extra_data": extra}
        async with client.post(f"{server.url}/prompt", json=body) as answer:
            assert answer.status == 200, await answer.text()
        async for message in socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                messages.append({"type": "preview", "data": {"bytes": len(message.data)}})
                continue
            messages.append(message.json())
            if messages[-1]["type"] == "executing" and messages[-1]["data"]["node"] is None:
                break
    return messages


def executed_nodes(messages: list[dict[str, Any]]) -> set[str]:
    return {m["data"]["node"] for m in messages if m["type"] == "executing" and m["data"]["node"]}


async def test_a_picture_by_post_websocket_and_view(
    server: Server, client: aiohttp.ClientSession, workflow: dict[str, Any]
) -> None:
    messages = await submitted(client, server, workflow)
    kinds = [message["type"] for message in messages]
    order = ["execution_start", "execution_cached", "executing", "progress", "executed", "execution_success"]
    assert [kinds.index(kind) for kind in order] == sorted(kinds.index(kind) for kind in order)
    assert kinds.count("progress") == 4
    assert "preview" in kinds
    assert messages[-1]["data"]["node"] is None

    (shown,) = next(m for m in messages if m["type"] == "executed")["data"]["output"]["images"]
    async with client.get(f"{server.url}/view", params=shown) as answer:
        assert answer.status == 200
        picture = Image.open(io.BytesIO(await answer.read()))
    assert picture.size == (128, 128)
    assert json.loads(picture.text["prompt"]) == workflow
    assert json.loads(picture.text["workflow"]) == {"id": "a picture's own"}

    prompt_id = messages[-1]["data"]["prompt_id"]
    async with client.get(f"{server.url}/history/{prompt_id}") as answer:
        entry = (await answer.json())[prompt_id]
    assert entry["status"]["status_str"] == "success"
    assert shown in [image for output in entry["outputs"].values() for image in output["images"]]


async def test_again_is_remembered_and_other_negative_words_run_only_what_they_affect(
    server: Server, client: aiohttp.ClientSession, workflow: dict[str, Any]
) -> None:
    await submitted(client, server, workflow)
    again = await submitted(client, server, workflow)
    assert executed_nodes(again) == set()
    assert "progress" not in [message["type"] for message in again]

    changed = copy.deepcopy(workflow)
    (sampler,) = of_type(workflow, "KSampler")
    negative = workflow[sampler]["inputs"]["negative"][0]
    changed[negative]["inputs"]["text"] = "a dog"
    (decoder,), (saver,) = of_type(workflow, "VAEDecode"), of_type(workflow, "SaveImage")
    assert executed_nodes(await submitted(client, server, changed)) == {negative, sampler, decoder, saver}


@pytest.mark.parametrize(
    ("kind", "name", "value", "problem"),
    [
        ("KSampler", "seed", 2**64, "value_bigger_than_max"),
        ("KSampler", "seed", -1, "value_smaller_than_min"),
        ("KSampler", "steps", "many", "invalid_input_type"),
        ("KSampler", "steps", 0, "value_smaller_than_min"),
        ("KSampler", "sampler_name", "magic", "value_not_in_list"),
        ("KSampler", "model", None, "invalid_input_type"),
        ("EmptyLatentImage", "width", 100, "value_not_multiple"),
        ("EmptyLatentImage", "width", 0, "value_smaller_than_min"),
        ("EmptyLatentImage", "width", 10**9, "value_bigger_than_max"),
        ("EmptyLatentImage", "batch_size", 4096, "value_too_large"),
        ("CheckpointLoaderSimple", "ckpt_name", "gone.safetensors", "value_not_in_list"),
    ],
)
def test_bad_values_are_refused_by_name(
    server: Server, workflow: dict[str, Any], kind: str, name: str, value: Any, problem: str
) -> None:
    (node_id,) = of_type(workflow, kind)
    if problem == "value_too_large":
        workflow[node_id]["inputs"] |= {"width": 16384, "height": 16384}
    workflow[node_id]["inputs"][name] = value
    status, answer = server.post("/prompt", {"prompt": workflow})
    assert status == 400
    (error,) = answer["node_errors"][node_id]["errors"]
    assert error["type"] == problem
    assert error["extra_info"]["input_name"] == (name if problem != "value_too_large" else "width")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"x"',
        b"{}",
        b'{"prompt": 5}',
        b'{"prompt": {"1": 3}}',
        b'{"prompt": {}}',
        b"\xff\xfe",
        b"[" * 10_000,
    ],
)
def test_bodies_that_are_no_prompt(server: Server, body: bytes) -> None:
    status, answer = server.post("/prompt", body)
    assert status == 400
    assert answer["error"]["message"]
    assert server.get("/queue") == {"queue_running": [], "queue_pending": []}


def test_pictures_that_cannot_be_read(server: Server) -> None:
    folder = server.data / "input"
    folder.mkdir(exist_ok=True)
    whole = io.BytesIO()
    Image.effect_noise((64, 64), 80).save(whole, "PNG")
    (folder / "broken.png").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    (folder / "words.png").write_bytes(b"this is no picture")
    document = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "broken.png"}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    status, answer = server.post("/prompt", {"prompt": document})
    assert status == 200  # only reading it whole shows that it is cut short: its job fails, alone
    entry = finished(server, answer["prompt_id"])
    assert entry["status"]["status_str"] == "error"
    _, data = entry["status"]["messages"][-1]
    assert data["node_id"] == "1"
    assert "broken.png is not a picture" in data["exception_message"]

    for name in ("words.png", "gone.png", "../../secret.png"):
        document["1"]["inputs"]["image"] = name
        status, answer = server.post("/prompt", {"prompt": document})
        assert status == 400
        assert name in answer["node_errors"]["1"]["errors"][0]["details"]


def test_killed_with_five_queued_it_goes_on_and_sigterm_loses_nothing(tmp_path: Path, workflow: dict[str, Any]) -> None:
    (sampler,) = of_type(workflow, "KSampler")

    def submit(server: Server, seed: int) -> str:
        workflow[sampler]["inputs"] |= {"seed": seed, "steps": 12}
        status, answer = server.post("/prompt", {"prompt": workflow})
        assert status == 200
        return str(answer["prompt_id"])

    with Server(tmp_path) as server:
        ids = [submit(server, seed) for seed in range(5)]
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        server.start()
        left = server.get("/queue")
        assert {item[1] for item in left["queue_running"] + left["queue_pending"]} | set(server.get("/history")) == set(
            ids
        )
        for prompt_id in ids:
            assert finished(server, prompt_id)["status"]["status_str"] == "success"

        more = [submit(server, seed) for seed in range(10, 13)]
        assert server.stop(signal.SIGTERM) == 0
        server.start()
        for prompt_id in more:
            assert finished(server, prompt_id)["status"]["status_str"] == "success"
        assert list(server.get("/history")) == ids + more
        assert server.stop(signal.SIGTERM) == 0


def finished(server: Server, prompt_id: str, within_s: float = 60) -> dict[str, Any]:
    """The history entry of a job, once it is there."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if entry := server.get(f"/history/{prompt_id}"):
            return dict(entry[prompt_id])
        time.sleep(0.05)
    raise AssertionError(f"{prompt_id} did not finish:\n" + (server.data / "server.log").read_text()[-2000:])
