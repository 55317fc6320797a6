"""Clients that are slow, silent or odd."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import WSMsgType

from engine.events import NodeBlocked, NodeFinished, NodePreview, NodeStarted, NodeText, RunFinished, RunStarted
from tests.unit.web.conftest import PROMPT, FakePool, Server, ref
from web.keys import sockets_key
from web.messages.outbox import FRAME_BYTES, Outbox
from web.messages.wire import JobMessages, Message, Text

Submit = Callable[..., Awaitable[str]]


class Listener:
    """A socket that remembers."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    async def send_str(self, text: str) -> None:
        self.sent.append(text)

    async def send_bytes(self, data: bytes) -> None:
        self.sent.append(data)


async def test_a_full_outbox_drops_what_is_passing_and_keeps_the_order() -> None:
    outbox, listener = Outbox(limit_bytes=3 * (5 + FRAME_BYTES)), Listener()
    assert outbox.put("start")
    assert outbox.put(b"old 1", passing=True)
    assert outbox.put(b"new 2", passing=True)
    assert outbox.put("next")
    assert outbox.put("end")
    assert outbox.put(b"too late", passing=True)
    assert not outbox.put("one too many")
    sending = asyncio.create_task(outbox.send_to(listener))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    sending.cancel()
    assert listener.sent == ["start", "next", "end"]


async def silent_client(server: Server, sid: str) -> asyncio.StreamWriter:
    """Connects, says hello, and never reads."""
    host, port = server.server.host, server.server.port
    _, writer = await asyncio.open_connection(host, port, limit=1)
    lines = [
        f"GET /ws?clientId={sid} HTTP/1.1",
        f"Host: {host}:{port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    await writer.drain()
    return writer


async def test_a_slow_client_costs_previews_not_the_job(server: Server, pool: FakePool, finished: Submit) -> None:
    picture = b"x" * 64 * 1024
    pool.script = lambda job: [
        RunStarted(job.id),
        *(NodePreview(job.id, ref("1"), "image/jpeg", picture) for _ in range(2000)),
        RunFinished(job.id),
    ]
    writer = await silent_client(server, "slow")
    async with server.ws_connect("/ws?clientId=quick") as quick:
        await quick.receive(timeout=5)
        await finished(client_id="slow")
        heard = await quick.receive_json(timeout=5)
        assert heard["type"] == "status"
    assert "slow" in server.app[sockets_key]._sessions
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_takes_nothing_is_given_up(
    server: Server, pool: FakePool, finished: Submit, caplog: pytest.LogCaptureFixture
) -> None:
    reason = "x" * 64 * 1024
    pool.script = lambda job: [
        RunStarted(job.id),
        *(NodeBlocked(job.id, ref("1"), "Save", reason) for _ in range(1500)),
        RunFinished(job.id),
    ]
    writer = await silent_client(server, "dead")
    await finished(client_id="dead")
    for _ in range(200):
        if "dead" not in server.app[sockets_key]._sessions:
            break
        await asyncio.sleep(0.01)
    assert "dead" not in server.app[sockets_key]._sessions
    assert "too slow" in caplog.text
    writer.close()


async def test_odd_messages_are_ignored(server: Server) -> None:
    async with server.ws_connect("/ws?clientId=a") as socket:
        assert (await socket.receive_json(timeout=5))["data"]["sid"] == "a"
        await socket.send_str("no json")
        await socket.send_bytes(b"\0")
        await socket.send_json([])
        await socket.send_json({"type": "feature_flags", "data": {}})
        with pytest.raises(asyncio.TimeoutError):
            await socket.receive(timeout=0.1)


async def test_the_first_message_exchanges_feature_flags(server: Server) -> None:
    async with server.ws_connect("/ws") as socket:
        await socket.receive(timeout=5)
        await socket.send_json({"type": "feature_flags", "data": {"x": 1}})
        answer = await socket.receive_json(timeout=5)
        assert answer["type"] == "feature_flags"
        async with server.get("/features") as response:
            assert answer["data"] == await response.json()


async def test_a_second_socket_takes_over_the_session(server: Server, finished: Submit) -> None:
    async with server.ws_connect("/ws?clientId=a") as old, server.ws_connect("/ws?clientId=a") as new:
        await old.receive(timeout=5)
        await new.receive(timeout=5)
        await old.close()
        await finished(client_id="a")
        heard = [(await new.receive_json(timeout=5))["type"] for _ in range(4)]
        assert heard == ["status", "status", "execution_start", "execution_cached"]


async def test_all_sockets_of_a_session_hear_and_strangers_do_not(server: Server, finished: Submit) -> None:
    """Two tabs with one id, or a socket that reconnected before its old connection was missed."""
    names = ("a", "a", "b")
    async with contextlib.AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(server.ws_connect(f"/ws?clientId={name}")) for name in names]
        await finished(client_id="a")
        for name, socket in zip(names, sockets, strict=True):
            heard = [(await socket.receive_json(timeout=5))["type"] for _ in range(3)]
            assert heard == ["status"] * 3, name
        for socket in sockets[:2]:
            assert (await socket.receive_json(timeout=5))["type"] == "execution_start"
        assert (await sockets[2].receive_json(timeout=5))["type"] == "status"


async def test_a_picture_larger_than_the_box_is_sent_when_nothing_else_waits() -> None:
    outbox = Outbox(limit_bytes=1000)
    assert outbox.put(b"x" * 5000)
    assert not outbox.put("more")


def test_a_job_of_many_nodes_tells_each_end_once_and_few_bytes() -> None:
    """Repeating every node in every message would be 2,000 messages of up to 200 kB."""
    job, told = JobMessages("j"), {}
    messages = []
    for number in range(1000):
        node = ref(str(number))
        messages += job.of(NodeStarted("j", node, at_ms=number))
        messages += job.of(NodeFinished("j", node, at_ms=number))
    messages += job.of(RunFinished("j", at_ms=1000))
    for message in messages:
        if isinstance(message, Message) and message.type == "progress_state":
            told |= {node_id: state["state"] for node_id, state in message.data["nodes"].items()}
    assert told == {str(number): "finished" for number in range(1000)}
    assert sum(len(m.frame) for m in messages if isinstance(m, Message)) < 1_000_000


def test_a_job_of_many_nodes_goes_on_telling_what_runs() -> None:
    job = JobMessages("j")
    for number in range(100):
        job.of(NodeFinished("j", ref(str(number)), at_ms=number))
    job.of(NodeStarted("j", ref("slow"), at_ms=1000))
    job.of(NodeFinished("j", ref("quick"), at_ms=2000))
    job.of(NodeStarted("j", ref("other"), at_ms=2010))
    (state,) = job.overdue(2100)
    assert isinstance(state, Message)
    assert {node_id: node["state"] for node_id, node in state.data["nodes"].items()} == {
        "slow": "running",
        "other": "running",
    }
    assert not job.owes


async def test_progress_that_was_held_back_is_told_in_time(server: Server, pool: FakePool) -> None:
    """A long silent node must not hide that those before it have ended."""
    pool.end.clear()
    pool.script = lambda job: [
        RunStarted(job.id),
        *(NodeFinished(job.id, ref(str(number)), {"text": []}) for number in range(100)),
        RunFinished(job.id),
    ]
    async with server.ws_connect("/ws?clientId=a") as socket:
        async with server.post("/prompt", json={"prompt": PROMPT, "client_id": "a"}) as response:
            assert response.status == 200
        told: set[str] = set()
        while len(told) < 100:
            message = await socket.receive_json(timeout=5)
            if message["type"] == "progress_state":
                told |= set(message["data"]["nodes"])
        pool.end.set()


async def test_stopping_says_goodbye(server: Server) -> None:
    async with server.ws_connect("/ws") as socket:
        await socket.receive(timeout=5)
        closing = asyncio.create_task(server.server.close())
        assert (await socket.receive(timeout=5)).type in (WSMsgType.CLOSE, WSMsgType.CLOSING)
        await closing


def test_a_remembered_node_that_is_no_output_is_not_mentioned() -> None:
    job = JobMessages("j")
    assert job.of(NodeFinished("j", ref("1"), {"a": []}, cached=True)) == []


def test_a_remembered_output_without_ui_sends_null() -> None:
    executed, state = JobMessages("j").of(NodeFinished("j", ref("1"), None, cached=True, is_output=True))
    assert isinstance(executed, Message)
    assert executed.data["output"] is None
    assert isinstance(state, Message)
    assert state.data["nodes"]["1"]["max"] == 1


def test_text_of_a_node_has_the_layout_that_clients_read() -> None:
    """Event 3: the length of the node id, the id, then text to the end."""
    (text,) = JobMessages("j").of(NodeText("j", ref("12"), "round 3 of 10, é"))
    assert isinstance(text, Text)
    assert text.frame == b"\0\0\0\3\0\0\0\x0212" + "round 3 of 10, é".encode()
