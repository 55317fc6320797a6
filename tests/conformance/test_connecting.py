"""Opening a websocket: who one is, what one can do, and what is not listened to."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from tests.conformance.asking import get
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance

FLAGS = {
    "supports_preview_metadata": True,
    "supports_manager_v4_ui": True,
    "supports_progress_text_metadata": True,
}
"""What the official front end says of itself."""

Socket = ClientWebSocketResponse


async def silence(socket: Socket) -> None:
    with pytest.raises(asyncio.TimeoutError):
        await socket.receive(timeout=0.1)


@pytest.mark.protocol("ws.1.a", "ws.1.b", "ws.1.f", "ws.1.h", "http.0.a")
@pytest.mark.parametrize("path", ["/ws", "/api/ws"])
async def test_a_new_socket_is_told_the_queue_and_its_id(server: Server, path: str) -> None:
    async with server.ws_connect(f"{path}?clientId=me") as socket:
        greeting = await socket.receive_json(timeout=5)
        assert greeting == {"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 0}}, "sid": "me"}}
        await silence(socket)


@pytest.mark.protocol("ws.1.d")
@pytest.mark.parametrize("query", ["", "?clientId="])
async def test_without_an_id_the_server_makes_one(server: Server, query: str) -> None:
    async with server.ws_connect(f"/ws{query}") as one, server.ws_connect(f"/ws{query}") as two:
        ids = [(await socket.receive_json(timeout=5))["data"]["sid"] for socket in (one, two)]
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)
    assert ids[0] != ids[1]


@pytest.mark.protocol("ws.1.e")
async def test_what_the_cloud_adds_is_ignored(server: Server) -> None:
    async with server.ws_connect("/ws?clientId=me&token=t&workspace_id=w") as socket:
        assert (await socket.receive_json(timeout=5))["data"]["sid"] == "me"


@pytest.mark.protocol("ws.1.i")
async def test_pings_are_answered(server: Server) -> None:
    async with server.ws_connect("/ws", autoping=False) as socket:
        await socket.receive(timeout=5)
        await socket.ping(b"there?")
        answer = await socket.receive(timeout=5)
        assert (answer.type, bytes(answer.data)) == (WSMsgType.PONG, b"there?")


@pytest.mark.protocol("ws.1.j", "ws.1.m", "ws.1.n", "ws.1.o", "ws.1.q", "ws.1.s", "ws.1.u", "http.5.d")
async def test_flags_are_exchanged(server: Server) -> None:
    async with server.ws_connect("/ws") as socket:
        await socket.receive(timeout=5)
        await socket.send_json({"type": "feature_flags", "data": FLAGS})
        answer = await socket.receive_json(timeout=5)
        await silence(socket)
    flags = answer["data"]
    assert answer == {"type": "feature_flags", "data": await get(server, "/features")}
    assert flags["supports_preview_metadata"] is True
    assert type(flags["max_upload_size"]) is int
    assert flags["max_upload_size"] >= 1024 * 1024
    assert flags["assets"] is False
    assert "manager" not in flags.get("extension", {})
    assert "supports_progress_text_metadata" not in flags


@pytest.mark.protocol("ws.1.r")
async def test_replacements_are_there_if_the_flag_says_so(server: Server) -> None:
    async with server.get("/node_replacements") as response:
        there = response.status == 200
    assert (await get(server, "/features")).get("node_replacements", False) is there


ODD = ["no json", "", "[" * 10_000, '{"type": ', "[]", "3", "null", '{"type": 5}', '{"data": {}}', '{"type": "other"}']


@pytest.mark.protocol("ws.1.k", "ws.1.l")
@pytest.mark.parametrize("first", ODD, ids=range(len(ODD)))
async def test_anything_else_first_is_ignored_and_so_is_all_that_follows(server: Server, first: str) -> None:
    async with server.ws_connect("/ws") as socket:
        await socket.receive(timeout=5)
        await socket.send_str(first)
        await socket.send_json({"type": "feature_flags", "data": FLAGS})
        await silence(socket)


@pytest.mark.protocol("ws.1.k")
async def test_flags_are_exchanged_once(server: Server) -> None:
    async with server.ws_connect("/ws") as socket:
        await socket.receive(timeout=5)
        for _ in range(3):
            await socket.send_str(json.dumps({"type": "feature_flags", "data": {}}))
        assert (await socket.receive_json(timeout=5))["type"] == "feature_flags"
        await silence(socket)


@pytest.mark.protocol("ws.1.j")
@pytest.mark.parametrize("data", [None, [], "x", 3])
async def test_flags_of_the_wrong_kind_are_answered_all_the_same(server: Server, data: Any) -> None:
    async with server.ws_connect("/ws") as socket:
        await socket.receive(timeout=5)
        await socket.send_json({"type": "feature_flags", "data": data})
        assert (await socket.receive_json(timeout=5))["type"] == "feature_flags"
