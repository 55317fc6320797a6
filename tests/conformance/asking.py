"""Short forms of what most tests ask a server."""

from __future__ import annotations

import asyncio
import io
import json
import uuid
from typing import Any

from aiohttp import FormData
from PIL import Image

from tests.conformance.conftest import Listener, Server

ENDS_WITHIN_S = 10

SLOW = {
    "1": {"class_type": "TInt", "inputs": {"v": 1, "f": 0.5, "s": "a", "b": True, "c": "x", "c2": "p"}},
    "2": {"class_type": "TSlow", "inputs": {"v": ["1", 0]}},
    "3": {"class_type": "TOut", "inputs": {"v": ["2", 0]}},
}
"""1 -> 2, which tells progress and previews -> 3, which shows."""
LONG = {"1": {"class_type": "TLong", "inputs": {"v": 1}}}
FAILS = {
    "1": {"class_type": "TErr", "inputs": {"v": 1}},
    "2": {"class_type": "TOut", "inputs": {"v": ["1", 0]}},
}


def shows(ui: dict[str, Any]) -> dict[str, Any]:
    """A workflow of one node that shows these UI data."""
    return {"1": {"class_type": "TShow", "inputs": {"ui": json.dumps(ui)}}}


async def get(server: Server, path: str, status: int = 200, **query: str) -> Any:
    """The JSON of an answer."""
    async with server.get(path, params=query) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def post(server: Server, path: str, body: Any = None, status: int = 200) -> Any:
    """The JSON of an answer; None if it is empty."""
    async with server.post(path, json=body) as response:
        assert response.status == status, await response.text()
        return json.loads(await response.text() or "null")


async def submit(server: Server, prompt: Any, client_id: str | None = "cid1", **more: Any) -> str:
    """Queue a job; return its id."""
    body = {"prompt": prompt, **({} if client_id is None else {"client_id": client_id}), **more}
    return str((await post(server, "/prompt", body))["prompt_id"])


async def ended(server: Server, prompt_id: str) -> dict[str, Any]:
    """The job's entry in history, once it is there."""
    for _ in range(ENDS_WITHIN_S * 100):
        entries: dict[str, dict[str, Any]] = await get(server, f"/history/{prompt_id}")
        if prompt_id in entries:
            return entries[prompt_id]
        await asyncio.sleep(0.01)
    raise AssertionError(f"{prompt_id} did not end")


async def run(server: Server, prompt: Any, **more: Any) -> str:
    """Queue a job and wait for its end; return its id."""
    prompt_id = await submit(server, prompt, **more)
    await ended(server, prompt_id)
    return prompt_id


async def running(server: Server, listener: Listener) -> str:
    """Queue a long job and wait until its node runs; return its id."""
    prompt_id = await submit(server, LONG)
    await listener.until("executing")
    return prompt_id


async def upload(
    server: Server, name: str, data: bytes, path: str = "/upload/image", status: int = 200, **fields: str
) -> Any:
    """Send a file; return the answer."""
    form = FormData(quote_fields=False)
    form.add_field("image", data, filename=name)
    for field, value in fields.items():
        form.add_field(field, value)
    async with server.post(path, data=form) as response:
        assert response.status == status, await response.text()
        return await response.json()


def own_name(ending: str = ".png") -> str:
    """A file name that no test has used before: a server may keep files from one to the next."""
    return f"{uuid.uuid4().hex}{ending}"


def picture(color: tuple[int, ...] = (255, 0, 0, 128), size: tuple[int, int] = (8, 4), kind: str = "PNG") -> bytes:
    """An encoded picture of one colour; the mode goes by the number of channels."""
    buffer = io.BytesIO()
    Image.new("RGBA" if len(color) == 4 else "RGB", size, color).save(buffer, kind)
    return buffer.getvalue()
