"""The server under load, from outside: a remembered prompt of 1,000 nodes, 200 prompts at once, a restart."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.benchmarks.conftest import Report
from tests.support.server import Server

pytestmark = pytest.mark.benchmark

ROUNDS = 5
NODES = 1_000
PROMPTS = 200
TEXT_TO_IMAGE = Path(__file__).parents[2] / "workflows" / "text_to_image.json"


class Client:
    """A client with a websocket, as the editor is."""

    def __init__(self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse, url: str) -> None:
        self._session, self._socket, self._url = session, socket, url

    async def post(self, prompt: dict[str, Any]) -> str:
        body = {"prompt": prompt, "client_id": "bench"}
        async with self._session.post(f"{self._url}/prompt", json=body) as answer:
            assert answer.status == 200, await answer.text()
            return str((await answer.json())["prompt_id"])

    async def done(self, count: int = 1) -> list[dict[str, Any]]:
        """The messages until so many jobs have ended."""
        heard: list[dict[str, Any]] = []
        while count:
            message = await self._socket.receive(timeout=120)
            if message.type is aiohttp.WSMsgType.TEXT:
                heard.append(message.json())
                count -= heard[-1]["type"] == "executing" and heard[-1]["data"]["node"] is None
        return heard

    async def run(self, prompt: dict[str, Any]) -> tuple[float, list[dict[str, Any]]]:
        """Milliseconds from the request to the last message, and the messages."""
        before = time.perf_counter()
        await self.post(prompt)
        heard = await self.done()
        return (time.perf_counter() - before) * 1e3, heard


async def with_client(server: Server, work: Any) -> Any:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{server.url}/ws?clientId=bench") as socket:
        return await work(Client(session, socket, server.url))


def integers(count: int, start: int) -> dict[str, Any]:
    """A chain of whole numbers with an output at its end."""
    nodes: dict[str, Any] = {"0": {"class_type": "PrimitiveInt", "inputs": {"value": start}}}
    for i in range(1, count - 1):
        nodes[str(i)] = {"class_type": "PrimitiveInt", "inputs": {"value": [str(i - 1), 0]}}
    nodes["end"] = {"class_type": "PreviewAny", "inputs": {"source": [str(count - 2), 0]}}
    return nodes


def test_a_remembered_prompt(report: Report, tmp_path: Path) -> None:
    async def work(client: Client) -> list[float]:
        fresh, _ = await client.run(integers(NODES, 1))
        times = [fresh]
        for _ in range(ROUNDS):
            took, heard = await client.run(integers(NODES, 1))
            cached = next(m["data"]["nodes"] for m in heard if m["type"] == "execution_cached")
            assert len(cached) == NODES
            times.append(took)
        return times

    with Server(tmp_path) as server:
        server.get("/object_info/PrimitiveInt")
        fresh, *again = asyncio.run(with_client(server, work))
    report("server", f"{NODES:,} nodes over HTTP, all remembered", f"{min(again):.0f} ms, at most {max(again):.0f} ms")
    report("server", f"the same when new, {NODES:,} nodes run", f"{fresh:.0f} ms")


def test_many_prompts_at_once(report: Report, tmp_path: Path) -> None:
    async def work(client: Client) -> float:
        before = time.perf_counter()
        await asyncio.gather(*(client.post(integers(2, seed)) for seed in range(PROMPTS)))
        await client.done(PROMPTS)
        return time.perf_counter() - before

    with Server(tmp_path) as server:
        server.get("/object_info/PrimitiveInt")
        seconds = asyncio.run(with_client(server, work))
        assert len(server.get("/history")) == PROMPTS
    report("server", f"{PROMPTS} trivial prompts posted at once", f"{PROMPTS / seconds:.0f} a second, posting included")


def test_a_restart(report: Report, tmp_path: Path) -> None:
    """Text to image, then another process: the answer comes from disk, and no model is loaded."""
    prompt = json.loads(TEXT_TO_IMAGE.read_text())

    async def work(client: Client) -> tuple[float, list[dict[str, Any]]]:
        took, heard = await client.run(prompt)
        return took, heard

    with Server(tmp_path) as server:
        server.get("/object_info/KSampler")
        fresh, _ = asyncio.run(with_client(server, work))
        server.stop()
        server.start()
        server.get("/object_info/KSampler")
        took, heard = asyncio.run(with_client(server, work))
        ran = [m["data"]["node"] for m in heard if m["type"] == "executing" and m["data"]["node"]]
        assert ran == []
    report("server", "text to image, new", f"{fresh:.0f} ms")
    report("server", "text to image after a restart, from disk", f"{took:.0f} ms, no node run")
