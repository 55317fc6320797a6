"""The queue: what goes in, what shows, what is taken out, and what stops."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.conformance.asking import FAILS, LONG, SLOW, ended, get, post, run, running, shows, submit
from tests.conformance.conftest import Listener, Server

pytestmark = [pytest.mark.conformance, pytest.mark.usefixtures("small_nodes")]

FRONT_END = {
    "client_id": "cid1",
    "prompt": SLOW,
    "partial_execution_targets": ["3"],
    "extra_data": {
        "auth_token_comfy_org": "a token",
        "api_key_comfy_org": "a key",
        "comfy_usage_source": "comfyui-frontend",
        "extra_pnginfo": {"workflow": {"id": "w", "nodes": [], "extra": {"é": "€"}}},
        "preview_method": "default",
    },
    "front": True,
}


@pytest.mark.protocol("http.1.a", "ws.4.b")
async def test_the_length_counts_what_waits_and_what_runs(server: Server, listener: Listener) -> None:
    assert await get(server, "/prompt") == {"exec_info": {"queue_remaining": 0}}
    await running(server, listener)
    await submit(server, LONG)
    assert await get(server, "/prompt") == {"exec_info": {"queue_remaining": 2}}


@pytest.mark.protocol("http.1.b", "http.1.d")
async def test_a_job_is_accepted_with_id_and_number(server: Server) -> None:
    first = await post(server, "/prompt", {"prompt": SLOW})
    assert list(first) == ["prompt_id", "number", "node_errors"]
    assert str(uuid.UUID(first["prompt_id"])) == first["prompt_id"]
    assert isinstance(first["number"], int)
    chosen = str(uuid.uuid4())
    second = await post(server, "/prompt", {"prompt": SLOW, "prompt_id": chosen})
    assert second == {"prompt_id": chosen, "number": first["number"] + 1, "node_errors": {}}


@pytest.mark.protocol("http.1.c", "http.1.w")
async def test_a_refusal_has_a_message_for_the_whole_and_for_each_input(server: Server) -> None:
    prompt = {
        "1": {"class_type": "TInt", "inputs": {"v": 99, "f": 0.5, "s": "a", "b": True, "c": "x", "c2": "p"}},
        "2": {"class_type": "TOut", "inputs": {"v": ["1", 0]}},
    }
    answer = await post(server, "/prompt", {"prompt": prompt}, 400)
    assert list(answer) == ["error", "node_errors"]
    assert list(answer["error"]) == ["type", "message", "details", "extra_info"]
    assert answer["error"]["message"]
    (problem,) = answer["node_errors"]["1"]["errors"]
    assert problem["message"]
    assert problem["details"]
    assert problem["extra_info"]["input_name"] == "v"
    assert (await get(server, "/prompt"))["exec_info"]["queue_remaining"] == 0


@pytest.mark.protocol("http.1.v")
async def test_the_body_of_the_front_end_is_taken_as_it_is(server: Server) -> None:
    entry = await ended(server, (await post(server, "/prompt", FRONT_END))["prompt_id"])
    assert entry["status"]["completed"] is True
    _, _, _, extra, targets = entry["prompt"]
    assert targets == ["3"]
    assert extra["preview_method"] == "default"
    assert extra["comfy_usage_source"] == "comfyui-frontend"
    assert extra["extra_pnginfo"] == {"workflow": {"id": "w", "nodes": [], "extra": {"é": "€"}}}


@pytest.mark.protocol("http.1.e")
async def test_a_number_or_the_front_decides_what_runs_first(server: Server, listener: Listener) -> None:
    await running(server, listener)
    wanted: list[dict[str, Any]] = [{}, {"front": True}, {"number": -1000}, {"number": 0.5}]
    jobs = [await post(server, "/prompt", {"prompt": shows({"text": [str(more)]}), **more}) for more in wanted]
    last, front, first, sooner = [job["prompt_id"] for job in jobs]
    assert jobs[1]["number"] < 0
    assert [job["number"] for job in jobs[2:]] == [-1000.0, 0.5]
    waiting = {item[1]: item[0] for item in (await get(server, "/queue"))["queue_pending"]}
    assert waiting[sooner] == 0.5
    await post(server, "/interrupt")
    for job in jobs:
        await ended(server, job["prompt_id"])
    done = [prompt_id for prompt_id in await get(server, "/history") if prompt_id in (last, front, first, sooner)]
    assert set(done[:2]) == {front, first}  # they may begin while another job runs
    assert done[2:] == [sooner, last]


@pytest.mark.protocol("http.1.f")
async def test_targets_are_chosen_among_the_outputs(server: Server) -> None:
    prompt = {**shows({"text": ["one"]}), "2": {"class_type": "TOut", "inputs": {"v": 2}}}
    entry = await ended(server, await submit(server, prompt, partial_execution_targets=["2"]))
    assert entry["prompt"][4] == ["2"]
    assert entry["outputs"] == {"2": {"text": ["2"]}}


@pytest.mark.protocol("http.1.g", "http.1.h")
async def test_the_queue_shows_jobs_without_their_secrets(server: Server, listener: Listener) -> None:
    held = await running(server, listener)
    secrets = {"auth_token_comfy_org": "a token", "api_key_comfy_org": "a key"}
    waiting = await submit(server, SLOW, number=7, extra_data={**secrets, "mine": [1]})
    queue = await get(server, "/queue")
    assert list(queue) == ["queue_running", "queue_pending"]
    assert [item[1] for item in queue["queue_running"]] == [held]
    ((number, prompt_id, prompt, extra, targets),) = queue["queue_pending"]
    assert (number, prompt_id, prompt, targets) == (7.0, waiting, SLOW, ["3"])
    assert extra["mine"] == [1]
    assert extra["client_id"] == "cid1"
    assert isinstance(extra["create_time"], int)
    assert not secrets.keys() & extra.keys()
    assert "a token" not in json.dumps(queue)


@pytest.mark.protocol("http.1.j", "http.1.k", "http.1.l")
async def test_waiting_jobs_can_be_taken_out_and_the_running_one_stays(server: Server, listener: Listener) -> None:
    held = await running(server, listener)
    ids = [await submit(server, LONG) for _ in range(4)]
    assert await post(server, "/queue", {"delete": [ids[1], held, "unknown"]}) is None
    queue = await get(server, "/queue")
    assert [item[1] for item in queue["queue_running"]] == [held]
    assert sorted(item[1] for item in queue["queue_pending"]) == sorted([ids[0], ids[2], ids[3]])
    assert await post(server, "/queue", {"clear": True}) is None
    queue = await get(server, "/queue")
    assert [item[1] for item in queue["queue_running"]] == [held]
    assert queue["queue_pending"] == []


@pytest.mark.protocol("http.1.r")
@pytest.mark.parametrize("body", [b"", b"{}", b"no json", b"[]", b'{"prompt_id": null}', b'{"prompt_id": 5}'])
async def test_interrupting_stops_what_runs_whatever_the_body(server: Server, listener: Listener, body: bytes) -> None:
    held = await running(server, listener)
    async with server.post("/interrupt", data=body) as response:
        assert (response.status, await response.read()) == (200, b"")
    assert (await ended(server, held))["status"]["messages"][-1][0] == "execution_interrupted"


@pytest.mark.protocol("http.1.s")
async def test_interrupting_one_job_spares_others(server: Server, listener: Listener) -> None:
    held = await running(server, listener)
    waiting = await submit(server, SLOW)
    for other in (waiting, str(uuid.uuid4())):
        await post(server, "/interrupt", {"prompt_id": other})
    assert [item[1] for item in (await get(server, "/queue"))["queue_running"]] == [held]
    await post(server, "/interrupt", {"prompt_id": held})
    assert (await ended(server, held))["status"]["status_str"] == "error"
    assert (await ended(server, waiting))["status"]["status_str"] == "success"


@pytest.mark.protocol("http.1.t", "http.1.u")
@pytest.mark.parametrize(
    ("body", "kept"), [({}, True), ({"unload_models": True}, True), ({"free_memory": True}, False)]
)
async def test_freeing_memory_forgets_results(server: Server, listener: Listener, body: Any, kept: bool) -> None:
    prompt = {"1": {"class_type": "TOut", "inputs": {"v": str(uuid.uuid4())}}}
    await run(server, prompt, client_id=None)
    held = await running(server, listener)
    assert await post(server, "/free", body) is None
    assert [item[1] for item in (await get(server, "/queue"))["queue_running"]] == [held]  # it waits for this one
    await post(server, "/interrupt")
    entry = await ended(server, await submit(server, prompt))
    cached = dict(entry["status"]["messages"])["execution_cached"]["nodes"]
    assert cached == (["1"] if kept else [])


@pytest.mark.protocol("http.1.m", "http.1.n", "http.1.o")
async def test_history_is_read_from_either_end(server: Server) -> None:
    ids = [await run(server, shows({"text": [str(n)]}), client_id=None) for n in range(4)]
    assert list(await get(server, "/history")) == ids
    assert list(await get(server, "/history?max_items=2")) == ids[2:]
    assert list(await get(server, "/history?max_items=2&offset=-1")) == ids[2:]
    assert list(await get(server, "/history?max_items=2&offset=1")) == ids[1:3]
    assert list(await get(server, "/history?offset=3")) == ids[3:]


@pytest.mark.protocol("http.1.p")
async def test_one_job_of_history_is_there_once_it_has_ended(server: Server, listener: Listener) -> None:
    assert await get(server, f"/history/{uuid.uuid4()}") == {}
    held = await running(server, listener)
    assert await get(server, f"/history/{held}") == {}
    await post(server, "/interrupt")
    await ended(server, held)
    entry = (await get(server, f"/history/{held}"))[held]
    assert list(entry) == ["prompt", "outputs", "status", "meta"]
    assert list(entry["status"]) == ["status_str", "completed", "messages"]
    assert len(entry["prompt"]) == 5


@pytest.mark.protocol("http.1.q")
async def test_history_can_be_forgotten(server: Server) -> None:
    ids = [await run(server, FAILS if n else SLOW, client_id=None) for n in range(3)]
    assert await post(server, "/history", {"delete": [ids[1], "unknown"]}) is None
    assert list(await get(server, "/history")) == [ids[0], ids[2]]
    assert await post(server, "/history", {"clear": True}) is None
    assert await get(server, "/history") == {}
