"""One job from POST to history, as ComfyUI's clients see it. The recorded transcripts: tests/semantics/test_s14*."""

import asyncio
import json
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.conftest import Listener, Server

pytestmark = [pytest.mark.conformance, pytest.mark.usefixtures("small_nodes")]

EXAMPLES = json.loads(Path(__file__).with_name("examples.json").read_text())
CASES = EXAMPLES["run_cases"]
EXTRA = {"extra_pnginfo": {"workflow": {"id": "w"}}}


async def submit(server: Server, prompt: Any, **more: Any) -> dict[str, Any]:
    body = {"prompt": prompt, "client_id": "cid1", "extra_data": EXTRA, **more}
    async with server.post("/prompt", json=body) as response:
        answer: dict[str, Any] = await response.json()
        assert response.status == 200, answer
    return answer


async def run(server: Server, listener: Listener, prompt: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    answer = await submit(server, prompt)
    return answer, await listener.until_done()


def comparable(value: Any, prompt_id: str = "") -> Any:
    """A transcript without what differs from run to run."""
    if isinstance(value, dict):
        fixed = {"timestamp": "<ms>", "traceback": [], "current_outputs": [], "create_time": 0}
        return {
            comparable(k, prompt_id): fixed.get(k, comparable(v, prompt_id)) for k, v in value.items() if k != "sid"
        }
    if isinstance(value, list):
        return [comparable(item, prompt_id) for item in value]
    return "<prompt_id>" if prompt_id and value == prompt_id else value


async def greeted(listener: Listener) -> None:
    assert await listener.hear() == EXAMPLES["connect"][0]


async def test_a_cached_run_sends_the_recorded_messages_quickly(server: Server, listener: Listener) -> None:
    await greeted(listener)
    await run(server, listener, CASES["ok"]["prompt"])
    took = []
    for _ in range(5):
        began = time.perf_counter()
        answer, heard = await run(server, listener, CASES["ok_cached"]["prompt"])
        took.append(time.perf_counter() - began)
        assert comparable(heard, answer["prompt_id"]) == comparable(CASES["ok_cached"]["messages"])
    assert min(took) < 0.1  # seconds, end to end: what a remembered prompt may cost; the best of a busy machine


async def test_an_expansion_shows_the_outer_node(server: Server, listener: Listener) -> None:
    _, heard = await run(server, listener, CASES["expand"]["prompt"])
    executing = [(m["data"]["node"], m["data"].get("display_node")) for m in heard if m["type"] == "executing"]
    assert executing == [("1", "1"), ("2", "2"), ("2.0.0.1", "2"), ("2.0.0.2", "2"), ("3", "3"), (None, None)]
    states = [m["data"]["nodes"] for m in heard if m["type"] == "progress_state"]
    assert states[-1]["2.0.0.1"]["parent_node_id"] == "2"


async def test_previews_carry_metadata_for_clients_that_know_it(server: Server, listener: Listener) -> None:
    flags = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
    await listener.socket.send_json(flags)
    assert (await listener.until("feature_flags"))["data"]["supports_preview_metadata"] is True
    _, heard = await run(server, listener, CASES["ok"]["prompt"])
    frame = next(m["binary"] for m in heard if "binary" in m)
    size = int.from_bytes(frame[4:8], "big")
    assert frame[:4] == b"\0\0\0\4"
    assert list(json.loads(frame[8 : 8 + size])) == [
        "node_id",
        "prompt_id",
        "display_node_id",
        "parent_node_id",
        "real_node_id",
        "image_type",
    ]
    assert frame[8 + size :].startswith(b"\xff\xd8\xff")


async def test_previews_are_plain_for_other_clients(server: Server, listener: Listener) -> None:
    await listener.socket.send_json({"type": "feature_flags", "data": {}})
    _, heard = await run(server, listener, CASES["ok"]["prompt"])
    frames = [m["binary"] for m in heard if "binary" in m]
    assert len(frames) == 2
    assert frames[0][:11] == b"\0\0\0\1\0\0\0\1\xff\xd8\xff"


async def test_only_the_submitting_client_hears_of_a_job(server: Server, listener: Listener) -> None:
    async with server.ws_connect("/ws") as other:
        greeting = await other.receive_json(timeout=5)
        assert len(greeting["data"]["sid"]) == 32
        await run(server, listener, CASES["list"]["prompt"])
        heard = [await other.receive_json(timeout=5) for _ in range(3)]
        assert {message["type"] for message in heard} == {"status"}
        with pytest.raises(asyncio.TimeoutError):
            await other.receive(timeout=0.1)


LONG = {"1": {"class_type": "TLong", "inputs": {"v": 1}}}


async def test_interrupting_ends_a_job_and_tells_its_client(server: Server, listener: Listener) -> None:
    answer = await submit(server, LONG)
    await listener.until("executing")
    second = await submit(server, LONG, number=3)
    assert second["number"] == 3.0
    async with server.get("/queue") as response:
        queue = await response.json()
    assert [item[1] for item in queue["queue_running"]] == [answer["prompt_id"]]
    assert [item[1] for item in queue["queue_pending"]] == [second["prompt_id"]]
    assert len(queue["queue_pending"][0]) == 5
    async with server.get("/prompt") as response:
        assert await response.json() == {"exec_info": {"queue_remaining": 2}}
    await server.post("/queue", json={"delete": [second["prompt_id"], "unknown"]})
    await server.post("/interrupt", json={"prompt_id": str(uuid.uuid4())})
    await server.post("/interrupt", data=b"no json")
    heard = await listener.until_done()
    ends = [m for m in heard if m["type"] == "execution_interrupted"]
    assert comparable(ends[0]["data"], answer["prompt_id"]) == {
        "prompt_id": "<prompt_id>",
        "node_id": "1",
        "node_type": "TLong",
        "executed": [],
        "timestamp": "<ms>",
    }
    async with server.get("/history") as response:
        entry = (await response.json())[answer["prompt_id"]]
    assert entry["status"]["status_str"] == "error"
    assert entry["status"]["completed"] is False
    assert comparable(entry["status"]["messages"][-1][1]) == comparable(ends[0]["data"])


async def test_a_job_without_client_tells_everyone_when_interrupted(server: Server, listener: Listener) -> None:
    await submit(server, LONG, client_id=None)
    await server.post("/interrupt")  # too early perhaps, for an executor that has not begun
    for _ in range(100):
        async with server.get("/queue") as response:
            if (await response.json())["queue_running"] == []:
                break
        await server.post("/interrupt")
        await asyncio.sleep(0.01)
    assert (await listener.until("execution_interrupted"))["data"]["node_type"] in ("TLong", "")


async def test_reconnecting_during_a_run_says_which_node_runs(server: Server, listener: Listener) -> None:
    await submit(server, LONG)
    await listener.until("executing")
    async with server.ws_connect("/ws?clientId=cid1") as again:
        assert (await again.receive_json(timeout=5))["type"] == "status"
        assert await again.receive_json(timeout=5) == {"type": "executing", "data": {"node": "1"}}
        await server.post("/interrupt")
        assert (await Listener(again).until_done())[-1]["data"]["node"] is None
