"""What a client hears of a job, message by message."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from tests.conformance.asking import FAILS, LONG, SLOW, ended, get, post, run, running, submit
from tests.conformance.conftest import Listener, Server

pytestmark = [pytest.mark.conformance, pytest.mark.usefixtures("small_nodes")]

Heard = list[dict[str, Any]]


async def told(server: Server, listener: Listener, prompt: Any) -> Heard:
    """Run a job; what is heard of it, from its place in the queue to its end."""
    await listener.until("status")  # the greeting
    await submit(server, prompt)
    return await listener.until_done()


def brief(heard: Heard) -> list[str]:
    """Messages as the specification writes them down: type, and the node or the length of the queue."""
    said = []
    for message in heard:
        data = message.get("data", {})
        match message["type"]:
            case "status":
                said.append(f"status {data['status']['exec_info']['queue_remaining']}")
            case "executing" | "executed" | "progress":
                said.append(f"{message['type']} {data['node'] or 'null'}")
            case "progress_state":
                last = list(data["nodes"].values())[-1]
                said.append(f"state {last['node_id']} {last['state']} {last['value']:g}/{last['max']:g}")
            case kind:
                said.append(kind)
    return said


def of(heard: Heard, kind: str) -> list[Any]:
    """The data of the messages of one type."""
    return [message["data"] for message in heard if message["type"] == kind]


def fresh() -> dict[str, Any]:
    """The slow job with a text of its own, so that nothing is remembered of it."""
    first = {**SLOW["1"]["inputs"], "s": uuid.uuid4().hex}  # type: ignore[dict-item]
    return {**SLOW, "1": {"class_type": "TInt", "inputs": first}}


@pytest.mark.protocol("ws.2.u", "ws.2.i", "ws.4.f")
async def test_a_simple_job_is_told_in_the_order_that_is_written_down(server: Server, listener: Listener) -> None:
    await listener.socket.send_json({"type": "feature_flags", "data": {}})
    await listener.until("feature_flags")
    await submit(server, fresh())
    heard = await listener.until_done()
    assert brief([message for message in heard if message["type"] != "binary"]) == [
        *("status 1", "status 1", "execution_start", "execution_cached"),
        *("state 1 running 0/1", "executing 1", "state 1 finished 1/1"),
        *("state 2 running 0/1", "executing 2"),
        *("state 2 running 1/2", "progress 2", "state 2 running 2/2", "progress 2", "state 2 finished 2/2"),
        *("state 3 running 0/1", "executing 3", "executed 3", "state 3 finished 1/1"),
        *("execution_success", "status 0", "executing null"),
    ]
    kinds = [message["type"] for message in heard]
    assert kinds.count("binary") == 2  # each goes with an update of node 2


@pytest.mark.protocol("ws.2.b", "ws.2.c", "ws.2.d", "ws.2.g", "ws.2.k", "ws.2.l")
async def test_messages_have_the_keys_that_clients_read(server: Server, listener: Listener) -> None:
    began = time.time_ns() // 1_000_000
    prompt_id = await submit(server, fresh())
    heard = await listener.until_done()
    (start,), (cached,), (success,) = (of(heard, f"execution_{kind}") for kind in ("start", "cached", "success"))
    assert list(start) == ["prompt_id", "timestamp"]
    assert list(cached) == ["nodes", "prompt_id", "timestamp"]
    assert cached["nodes"] == []
    assert list(success) == ["prompt_id", "timestamp"]
    times = [data["timestamp"] for data in (start, cached, success)]
    assert times == sorted(times)
    assert all(type(each) is int for each in times)
    assert abs(times[0] - began) < 60_000  # milliseconds of about now, on whatever clock the server has
    assert of(heard, "executing")[0] == {"node": "1", "display_node": "1", "prompt_id": prompt_id}
    assert of(heard, "progress") == [{"value": n, "max": 2, "prompt_id": prompt_id, "node": "2"} for n in (1, 2)]
    (executed,) = of(heard, "executed")
    assert list(executed) == ["node", "display_node", "output", "prompt_id"]
    assert executed == {"node": "3", "display_node": "3", "output": {"text": ["2"]}, "prompt_id": prompt_id}


@pytest.mark.protocol("ws.2.h", "ws.2.i", "ws.2.j")
async def test_states_gather_the_nodes_so_far(server: Server, listener: Listener) -> None:
    prompt_id = await submit(server, fresh())
    states = of(await listener.until_done(), "progress_state")
    assert [list(data["nodes"]) for data in states] == [["1"]] * 2 + [["1", "2"]] * 4 + [["1", "2", "3"]] * 2
    assert {data["prompt_id"] for data in states} == {prompt_id}
    state = states[-1]["nodes"]["1"]
    assert list(state) == [
        *("value", "max", "state", "node_id", "prompt_id", "display_node_id", "parent_node_id", "real_node_id")
    ]
    assert list(state.values()) == [1.0, 1.0, "finished", "1", prompt_id, "1", None, "1"]


@pytest.mark.protocol("ws.2.w", "ws.2.d", "ws.2.k")
async def test_a_remembered_job_tells_its_outputs_alone(server: Server, listener: Listener) -> None:
    prompt = fresh()
    await told(server, listener, prompt)
    prompt_id = await submit(server, prompt)
    heard = await listener.until_done()
    assert brief(heard) == [
        *("status 1", "status 1", "execution_start", "execution_cached"),
        *("executed 3", "state 3 finished 1/1", "execution_success", "status 0", "executing null"),
    ]
    assert sorted(of(heard, "execution_cached")[0]["nodes"]) == ["1", "2", "3"]
    assert of(heard, "executed")[0]["output"] == {"text": ["2"]}
    assert list(of(heard, "progress_state")[0]["nodes"]) == ["3"]
    assert of(heard, "executing") == [{"node": None, "prompt_id": prompt_id}]


@pytest.mark.protocol("ws.2.f")
async def test_the_last_message_comes_when_history_has_the_job(server: Server, listener: Listener) -> None:
    prompt_id = await submit(server, fresh())
    heard = await listener.until_done()
    assert heard[-1] == {"type": "executing", "data": {"node": None, "prompt_id": prompt_id}}
    assert prompt_id in await get(server, f"/history/{prompt_id}")


@pytest.mark.protocol("ws.2.m", "ws.2.v")
async def test_a_failure_comes_in_the_place_of_success(server: Server, listener: Listener) -> None:
    heard = await told(server, listener, FAILS)
    assert brief(heard) == [
        *("status 1", "status 1", "execution_start", "execution_cached", "state 1 running 0/1", "executing 1"),
        *("execution_error", "status 0", "executing null"),
    ]
    (error,) = of(heard, "execution_error")
    assert list(error) == [
        *("prompt_id", "node_id", "node_type", "executed", "exception_message", "exception_type", "traceback"),
        *("current_inputs", "current_outputs", "timestamp"),
    ]
    assert (error["node_id"], error["node_type"], error["executed"]) == ("1", "TErr", [])
    assert (error["exception_type"], error["exception_message"]) == ("ValueError", "boom\n")


@pytest.mark.protocol("ws.2.n")
async def test_a_node_that_is_blocked_with_words_tells_them(server: Server, listener: Listener) -> None:
    prompt = {
        "1": {"class_type": "TBlock", "inputs": {"v": 1, "m": "closed today"}},
        "2": {"class_type": "TOut", "inputs": {"v": ["1", 0]}},
    }
    heard = await told(server, listener, prompt)
    (error,) = of(heard, "execution_error")
    assert "timestamp" not in error
    assert (error["node_id"], error["node_type"]) == ("2", "TOut")
    assert "closed today" in error["exception_message"]
    assert of(heard, "execution_success")


@pytest.mark.protocol("ws.2.o", "ws.2.v")
async def test_an_interrupt_comes_in_the_place_of_success(server: Server, listener: Listener) -> None:
    prompt_id = await running(server, listener)
    await post(server, "/interrupt")
    heard = await listener.until_done()
    assert brief(heard) == ["execution_interrupted", "status 0", "executing null"]
    (data,) = of(heard, "execution_interrupted")
    assert list(data) == ["prompt_id", "node_id", "node_type", "executed", "timestamp"]
    assert (data["prompt_id"], data["node_id"], data["node_type"]) == (prompt_id, "1", "TLong")
    assert data["executed"] == []


@pytest.mark.protocol("ws.2.x")
async def test_inner_nodes_are_shown_as_the_outer_one(server: Server, listener: Listener) -> None:
    prompt = {
        "1": {"class_type": "TExpand", "inputs": {"v": 5}},
        "2": {"class_type": "TOut", "inputs": {"v": ["1", 0]}},
    }
    heard = await told(server, listener, prompt)
    executing = [(data["node"], data.get("display_node")) for data in of(heard, "executing")]
    assert executing == [("1", "1"), ("1.0.0.1", "1"), ("1.0.0.2", "1"), ("2", "2"), (None, None)]
    inner = [data for data in of(heard, "executed") if data["node"] == "1.0.0.2"]
    assert inner[0]["display_node"] == "1"
    states = of(heard, "progress_state")
    ends = [
        {node_id for node_id, node in data["nodes"].items() if node["state"] == "finished"} & {"1", "1.0.0.1"}
        for data in states
    ]
    assert ends.index({"1.0.0.1"}) < ends.index({"1", "1.0.0.1"})
    last = states[-1]["nodes"]["1.0.0.1"]
    assert (last["display_node_id"], last["parent_node_id"], last["real_node_id"]) == ("1", "1", "1")


@pytest.mark.protocol("ws.2.e")
async def test_a_lazy_node_begins_again_when_it_has_what_it_asked_for(server: Server, listener: Listener) -> None:
    first = {"class_type": "TInt", "inputs": {"v": 3, "f": 0.5, "s": uuid.uuid4().hex, "b": True, "c": "x", "c2": "p"}}
    prompt = {
        "1": first,
        "2": {"class_type": "TLazy", "inputs": {"sw": True, "a": ["1", 0], "b": ["1", 0]}},
        "3": {"class_type": "TOut", "inputs": {"v": ["2", 0]}},
    }
    heard = await told(server, listener, prompt)
    assert [data["node"] for data in of(heard, "executing")] == ["2", "1", "2", "3", None]


@pytest.mark.protocol("ws.2.a")
async def test_everybody_is_told_how_long_the_queue_is(server: Server, listener: Listener) -> None:
    async with server.ws_connect("/ws") as socket:
        stranger = Listener(socket)
        await stranger.until("status")
        held = await running(server, listener)
        waiting = [await submit(server, LONG), await submit(server, LONG)]
        await post(server, "/queue", {"delete": waiting[:1]})
        await post(server, "/queue", {"clear": True})
        await post(server, "/interrupt")
        await ended(server, held)
        heard = [await stranger.hear() for _ in range(7)]
    assert brief(heard) == [f"status {n}" for n in (1, 1, 2, 3, 2, 1, 0)]


@pytest.mark.protocol("ws.2.p")
async def test_a_job_without_client_is_told_to_nobody(server: Server, listener: Listener) -> None:
    await listener.until("status")
    async with server.ws_connect("/ws") as nameless:
        await nameless.receive(timeout=5)
        await run(server, fresh(), client_id=None)
        await run(server, fresh(), client_id="somebody else")
        await run(server, fresh(), client_id="")
        for each in (listener, Listener(nameless)):
            assert [(await each.hear())["type"] for _ in range(9)] == ["status"] * 9


@pytest.mark.protocol("ws.2.q")
async def test_an_interrupted_job_without_client_is_told_to_all(server: Server, listener: Listener) -> None:
    await listener.until("status")
    held = await submit(server, LONG, client_id=None)
    for _ in range(2):  # queued, taken
        await listener.until("status")
    await post(server, "/interrupt")
    assert (await listener.until("execution_interrupted"))["data"]["prompt_id"] == held
