"""The whole path from outside: a real server process, the bundled model, HTTP and a websocket."""

from __future__ import annotations

import copy
import io
import json
import signal
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.conformance.asking import ended, get, own_name, post, submit, upload
from tests.conformance.conftest import URL, Listener, Server
from tests.support.server import Server as Process

pytestmark = pytest.mark.conformance

WORKFLOW = Path(__file__).parents[2] / "workflows" / "text_to_image.json"


@pytest.fixture
def workflow() -> dict[str, Any]:
    """Text to image in few steps, of a text that no server remembers."""
    made: dict[str, Any] = json.loads(WORKFLOW.read_text())
    for node in made.values():
        if "steps" in node["inputs"]:
            node["inputs"]["steps"] = 4
            made[node["inputs"]["negative"][0]]["inputs"]["text"] = f"a cat {uuid.uuid4()}"
    return made


def of_type(workflow: dict[str, Any], kind: str) -> list[str]:
    return [node_id for node_id, node in workflow.items() if node["class_type"] == kind]


async def submitted(core: Server, workflow: dict[str, Any]) -> list[dict[str, Any]]:
    """Post a workflow and collect its messages until it is done."""
    async with core.ws_connect("/ws?clientId=tester") as socket:
        await socket.send_json({"type": "feature_flags", "data": {}})
        await submit(core, workflow, "tester", extra_data={"extra_pnginfo": {"workflow": {"id": "a picture's own"}}})
        return await Listener(socket).until_done()


def executed_nodes(messages: list[dict[str, Any]]) -> set[str]:
    return {m["data"]["node"] for m in messages if m["type"] == "executing" and m["data"]["node"]}


@pytest.mark.protocol("http.10.a", "ws.3.i", "ws.3.j")
async def test_a_picture_by_post_websocket_and_view(core: Server, workflow: dict[str, Any]) -> None:
    messages = await submitted(core, workflow)
    kinds = [message["type"] for message in messages]
    order = ["execution_start", "execution_cached", "executing", "progress", "executed", "execution_success"]
    assert [kinds.index(kind) for kind in order] == sorted(kinds.index(kind) for kind in order)
    assert kinds.count("progress") == 4
    previews = [message["binary"] for message in messages if "binary" in message]
    assert previews
    assert all(frame.startswith(b"\0\0\0\1\0\0\0\1\xff\xd8\xff") for frame in previews)
    assert Image.open(io.BytesIO(previews[0][8:])).size == (512, 512)  # enlarged to the size asked for
    assert messages[-1]["data"]["node"] is None

    (shown,) = next(m for m in messages if m["type"] == "executed")["data"]["output"]["images"]
    async with core.get("/view", params=shown) as answer:
        assert answer.status == 200
        picture = Image.open(io.BytesIO(await answer.read()))
    assert picture.size == (128, 128)
    assert json.loads(picture.text["prompt"]) == workflow
    assert json.loads(picture.text["workflow"]) == {"id": "a picture's own"}

    prompt_id = messages[-1]["data"]["prompt_id"]
    entry = (await get(core, f"/history/{prompt_id}"))[prompt_id]
    assert entry["status"]["status_str"] == "success"
    assert shown in [image for output in entry["outputs"].values() for image in output["images"]]


async def test_again_is_remembered_and_other_negative_words_run_only_what_they_affect(
    core: Server, workflow: dict[str, Any]
) -> None:
    (sampler,) = of_type(workflow, "KSampler")
    negative = workflow[sampler]["inputs"]["negative"][0]
    await submitted(core, workflow)
    again = await submitted(core, workflow)
    assert executed_nodes(again) == set()
    assert "progress" not in [message["type"] for message in again]

    changed = copy.deepcopy(workflow)
    changed[negative]["inputs"]["text"] = f"a dog {uuid.uuid4()}"
    (decoder,), (saver,) = of_type(workflow, "VAEDecode"), of_type(workflow, "SaveImage")
    assert executed_nodes(await submitted(core, changed)) == {negative, sampler, decoder, saver}


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
async def test_bad_values_are_refused_by_name(
    core: Server, workflow: dict[str, Any], kind: str, name: str, value: Any, problem: str
) -> None:
    (node_id,) = of_type(workflow, kind)
    if problem == "value_too_large":
        workflow[node_id]["inputs"] |= {"width": 16384, "height": 16384}
    workflow[node_id]["inputs"][name] = value
    answer = await post(core, "/prompt", {"prompt": workflow}, 400)
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
async def test_bodies_that_are_no_prompt(core: Server, body: bytes) -> None:
    async with core.post("/prompt", data=body) as response:
        assert response.status == 400
        assert (await response.json())["error"]["message"]
    assert await get(core, "/queue") == {"queue_running": [], "queue_pending": []}


async def test_pictures_that_cannot_be_read(core: Server) -> None:
    whole = io.BytesIO()
    Image.effect_noise((64, 64), 80).save(whole, "PNG")
    broken, words = own_name(), own_name()
    await upload(core, broken, whole.getvalue()[: len(whole.getvalue()) // 2])
    await upload(core, words, b"this is no picture")
    document = {
        "1": {"class_type": "LoadImage", "inputs": {"image": broken}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    entry = await ended(core, await submit(core, document))  # only reading it whole shows that it is cut short
    assert entry["status"]["status_str"] == "error"
    _, data = entry["status"]["messages"][-1]
    assert data["node_id"] == "1"
    assert f"{broken} is not a picture" in data["exception_message"]

    for name in (words, "gone.png", "../../secret.png"):
        document["1"]["inputs"]["image"] = name
        answer = await post(core, "/prompt", {"prompt": document}, 400)
        assert name in answer["node_errors"]["1"]["errors"][0]["details"]


@pytest.mark.slow
@pytest.mark.skipif(bool(URL), reason="kills and restarts a server of its own, not the one at WIRELOOM_URL")
def test_killed_with_five_queued_it_goes_on_and_sigterm_loses_nothing(tmp_path: Path, workflow: dict[str, Any]) -> None:
    (sampler,) = of_type(workflow, "KSampler")

    def submit(server: Process, seed: int) -> str:
        workflow[sampler]["inputs"] |= {"seed": seed, "steps": 12}
        status, answer = server.post("/prompt", {"prompt": workflow})
        assert status == 200
        return str(answer["prompt_id"])

    with Process(tmp_path) as server:
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


def finished(server: Process, prompt_id: str, within_s: float = 240) -> dict[str, Any]:
    """The history entry of a job, once it is there."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if entry := server.get(f"/history/{prompt_id}"):
            return dict(entry[prompt_id])
        time.sleep(0.05)
    raise AssertionError(f"{prompt_id} did not finish:\n" + (server.data / "server.log").read_text()[-2000:])
