"""A whole server with the nodes that open and save files, and ways to send it what no client library would."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient
from PIL import Image

from engine.bus import Bus
from engine.cache import MemoryCache
from engine.declare import node
from engine.folders import Folders
from engine.jobs_sqlite import SqliteQueue
from engine.lanes import Lanes
from engine.pool_local import LocalPool
from engine.registry import Registry
from nodes.images import empty_image, load_image
from nodes.saving import save_image
from tests.conformance import tiny
from web.app import make_app
from web.keys import Parts
from web.settings import Settings

Server = TestClient[Any, Any]
Serve = Callable[[Settings], Awaitable[Server]]

OUT = {"1": {"class_type": "TOut", "inputs": {"v": 1}}}


@node("TWaits", is_output=True)
async def t_waits() -> None:
    await asyncio.sleep(3600)


@dataclass(frozen=True)
class Answer:
    """What came back over a bare connection."""

    status: int
    headers: dict[str, str]
    body: bytes


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The server's data folder; what lies beside it is not its business."""
    made = tmp_path / "data"
    Folders(made).lay_out()
    (tmp_path / "secret.png").write_bytes(png())
    (tmp_path / "secret.json").write_text('{"secret": 1}')
    return made


@pytest.fixture
def folders(data: Path) -> Folders:
    return Folders(data)


@pytest.fixture
def serve(aiohttp_client: Callable[..., Awaitable[Server]], folders: Folders) -> Serve:
    """Start a server with these settings."""

    def load() -> Registry:
        known = tiny.registry(folders)
        known.add(*(each.definition for each in (load_image, save_image, empty_image, t_waits)))
        return known

    async def start(settings: Settings) -> Server:
        pool = LocalPool(load, MemoryCache(1 << 20), Lanes({"gpu": 1, "cpu": 2, "hook": 1}))
        app = make_app(Parts(SqliteQueue(":memory:"), pool, Bus(), folders, settings))
        return await aiohttp_client(app, cookie_jar=CookieJar(unsafe=True))

    return start


@pytest.fixture
def settings() -> Settings:
    return Settings(max_upload_mb=1)


@pytest.fixture
async def server(serve: Serve, settings: Settings) -> Server:
    return await serve(settings)


async def raw(server: Server, request: bytes) -> Answer:
    """Send bytes over a connection of its own and read one answer."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    try:
        writer.write(request)
        await writer.drain()
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        body = await asyncio.wait_for(reader.readexactly(int(headers.get("content-length", "0"))), 5)
        return Answer(int(first.split()[1]), headers, body)
    finally:
        writer.close()


async def raw_get(server: Server, target: str, *lines: str) -> Answer:
    """GET a target as it is written here, dots and all."""
    head = "\r\n".join([f"GET {target} HTTP/1.1", *(lines or ("Host: localhost",)), "Connection: close", "", ""])
    return await raw(server, head.encode("latin-1"))


async def job(server: Server, prompt: Any) -> dict[str, Any]:
    """Run a workflow; return its entry in the history, or the refusal."""
    async with server.post("/prompt", json={"prompt": prompt}) as response:
        answer: dict[str, Any] = await response.json()
        if response.status != 200:
            return answer
    for _ in range(3000):
        async with server.get(f"/history/{answer['prompt_id']}") as response:
            if found := (await response.json()).get(answer["prompt_id"]):
                entry: dict[str, Any] = found
                return entry
        await asyncio.sleep(0.01)
    raise AssertionError("the job did not end")


def loading(name: str) -> dict[str, Any]:
    """A workflow that opens a picture, and saves it as ``copy``."""
    save = {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "copy"}}
    return {"1": {"class_type": "LoadImage", "inputs": {"image": name}}, "2": save}


async def works(server: Server) -> bool:
    """Whether jobs still run."""
    return bool((await job(server, OUT))["status"]["completed"])


def png(width: int = 4, height: int = 4, **more: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", (width, height), (255, 0, 0, 128)).save(buffer, "PNG", **more)
    return buffer.getvalue()


def tree(folder: Path) -> set[Path]:
    """All files and folders."""
    return set(folder.rglob("*"))


def strict_json(text: bytes) -> Any:
    """JSON as browsers parse it: no NaN, no infinities, and nothing but UTF-8."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(text.decode("utf-8", errors="strict"), parse_constant=refuse)
