"""Many clients at once: 50 websockets, half of them never reading, while 100 prompts draw; loops and their messages."""

from __future__ import annotations

import asyncio
import copy
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from tests.benchmarks.bench_server import integers
from tests.benchmarks.conftest import Report
from tests.support.server import Server

pytestmark = pytest.mark.benchmark

SESSIONS, SOCKETS_EACH, PROMPTS = 5, 10, 100
STEPS = 4
NODES, ROUNDS = 1_000, 250
WARM = 20
"""Prompts after which everything is loaded. What may still grow is what is remembered, and what waits for the deaf: at
most 2 MiB each."""
TEXT_TO_IMAGE = json.loads((Path(__file__).parents[2] / "workflows" / "text_to_image.json").read_text())
TIMED = ("execution_start", "execution_success")
FLAGS = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
"""What front ends announce: they are shown unfinished work."""
CACHE_MB = "16"
"""Little, so that memory does not grow by what is remembered."""


async def deaf(session: aiohttp.ClientSession, server: Server, sid: str) -> asyncio.StreamWriter:
    """Shakes hands and never reads again."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    lines = [
        f"GET /ws?clientId={sid} HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    await reader.readline()
    writer.write(bytes([0x81, 0x80 | len(FLAGS), 0, 0, 0, 0]) + FLAGS.encode())  # a text frame, its mask all zeros
    await writer.drain()
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # a stream's transport can
    return writer


async def read(socket: aiohttp.ClientWebSocketResponse, delays: list[float], sizes: list[int]) -> None:
    """Note how long after a job's start and end they are heard of, in milliseconds, and what is received."""
    async for message in socket:
        sizes.append(len(message.data))
        if message.type is aiohttp.WSMsgType.TEXT:
            heard = message.json()
            if heard["type"] in TIMED:
                delays.append(time.time() * 1e3 - heard["data"]["timestamp"])


def drawing(seed: int) -> dict[str, Any]:
    prompt = copy.deepcopy(TEXT_TO_IMAGE)
    for node in prompt.values():
        if node["class_type"] == "KSampler":
            node["inputs"] |= {"seed": seed, "steps": STEPS}
    return prompt


async def post(session: aiohttp.ClientSession, server: Server, prompt: dict[str, Any], sid: str) -> None:
    async with session.post(f"{server.url}/prompt", json={"prompt": prompt, "client_id": sid}) as answer:
        assert answer.status == 200, await answer.text()


async def finished(session: aiohttp.ClientSession, server: Server, count: int) -> None:
    while True:
        async with session.get(f"{server.url}/history") as answer:
            if len(await answer.json()) >= count:
                return
        await asyncio.sleep(0.2)


async def soak(server: Server) -> tuple[list[float], list[int], int]:
    """Delays in milliseconds, sizes in bytes, and the growth of memory in bytes after the first prompts."""
    delays: list[float] = []
    sizes: list[int] = []
    assert server.process
    process = psutil.Process(server.process.pid)
    async with aiohttp.ClientSession() as session:
        tasks, writers = [], []
        for number in range(SESSIONS * SOCKETS_EACH):
            sid = f"session-{number % SESSIONS}"
            if number < SESSIONS * SOCKETS_EACH // 2:
                writers.append(await deaf(session, server, sid))
            else:
                socket = await session.ws_connect(f"{server.url}/ws?clientId={sid}")
                await socket.send_str(FLAGS)
                tasks.append(asyncio.create_task(read(socket, delays, sizes)))
        for number in range(WARM):
            await post(session, server, drawing(number), f"session-{number % SESSIONS}")
        await finished(session, server, WARM)
        before = process.memory_info().rss
        for number in range(WARM, PROMPTS):
            await post(session, server, drawing(number), f"session-{number % SESSIONS}")
        await finished(session, server, PROMPTS)
        after = process.memory_info().rss
        for task in tasks:
            task.cancel()
        for writer in writers:
            writer.close()
    return delays, sizes, after - before


def test_readers_do_not_wait_for_sockets_that_never_read(tmp_path: Path, report: Report) -> None:
    with Server(tmp_path, "--cache-mb", CACHE_MB) as server:
        server.get("/object_info/KSampler")  # loading node types holds up everything else in the process
        delays, sizes, growth = asyncio.run(soak(server))
    readers = SESSIONS * SOCKETS_EACH // 2
    assert len(delays) == len(TIMED) * PROMPTS * readers // SESSIONS  # nobody missed anything
    delays.sort()
    name = f"{readers} reading and {readers} deaf sockets, {PROMPTS} prompts of {STEPS} steps"
    p50, p99, worst = (delays[min(int(len(delays) * part), len(delays) - 1)] for part in (0.5, 0.99, 1))
    report("sockets", f"{name}: delay, median / 99th / worst", f"{p50:.1f} / {p99:.1f} / {worst:.1f} ms")
    report("sockets", f"{name}: growth of memory after the first {WARM}", f"{growth / 2**20:.0f} MiB")
    report("sockets", f"{name}: received by all readers", f"{sum(sizes) / 2**20:.1f} MiB")


def for_each() -> dict[str, Any]:
    """A loop over so many words, three nodes a round."""
    return {
        "words": {"class_type": "SplitText", "inputs": {"text": ",".join(map(str, range(ROUNDS))), "separator": ","}},
        "each": {"class_type": "ForEach", "inputs": {"items": ["words", 0]}},
        "longer": {"class_type": "StringConcatenate", "inputs": concatenated(["each", 1])},
        "again": {"class_type": "StringConcatenate", "inputs": concatenated(["longer", 0])},
        "end": {"class_type": "ForEachEnd", "inputs": {"loop": ["each", 0], "result": ["again", 0]}},
        "show": {"class_type": "PreviewAny", "inputs": {"source": ["end", 0]}},
    }


def repeat() -> dict[str, Any]:
    """As many rounds, each built on the one before."""
    return {
        "start": {"class_type": "Repeat", "inputs": {"times": ROUNDS, "value_1": "a"}},
        "longer": {"class_type": "StringReplace", "inputs": {"string": ["start", 2], "find": "b", "replace": "c"}},
        "end": {"class_type": "RepeatEnd", "inputs": {"loop": ["start", 0], "value_1": ["longer", 0]}},
        "show": {"class_type": "PreviewAny", "inputs": {"source": ["end", 0]}},
    }


def concatenated(source: list[Any]) -> dict[str, Any]:
    return {"string_a": source, "string_b": "x", "delimiter": " "}


async def heard(server: Server, prompt: dict[str, Any]) -> list[aiohttp.WSMessage]:
    """What the client of a job receives until its end."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{server.url}/ws?clientId=a") as socket:
        await post(session, server, prompt, "a")
        frames = []
        while True:
            frames.append(await socket.receive(timeout=60))
            told = frames[-1].json()
            if told["type"] == "executing" and told["data"]["node"] is None:
                return frames


def test_what_a_job_of_many_nodes_sends(tmp_path: Path, report: Report) -> None:
    jobs = {
        f"a chain of {NODES:,} nodes": integers(NODES, 1),
        f"a for-each loop of {ROUNDS} rounds": for_each(),
        f"a repeat loop of {ROUNDS} rounds": repeat(),
    }
    with Server(tmp_path) as server:
        for name, prompt in jobs.items():
            frames = asyncio.run(heard(server, prompt))
            assert "execution_success" in {frame.json()["type"] for frame in frames}
            size = sum(len(frame.data) for frame in frames) / 2**20
            report("sockets", f"{name}: messages to its client", f"{len(frames):,}, {size:.2f} MiB")
