"""A server that somebody else has started, as aiohttp's test client wants to see it."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp.test_utils import BaseTestServer, TestClient
from aiohttp.web_runner import BaseRunner
from yarl import URL

CALM_WITHIN_S = 15


class Remote(BaseTestServer):
    """Starting and stopping it is not our business."""

    def __init__(self, url: str) -> None:
        self._url = URL(url)
        super().__init__(scheme=self._url.scheme, host=self._url.host or "", port=self._url.port)

    async def start_server(self, loop: asyncio.AbstractEventLoop | None = None, **_: Any) -> None:
        return

    async def close(self) -> None:
        return

    async def _make_runner(self, **_: Any) -> BaseRunner:
        raise NotImplementedError("a server elsewhere has no runner here")

    def make_url(self, path: str | URL) -> URL:
        return self._url.join(URL(path))


async def calm(client: TestClient[Any, Any], *, forget: bool) -> None:
    """End what other tests have left: jobs, history, with ``forget`` also what is in memory.

    The server must be there for tests alone.
    """
    await client.post("/queue", json={"clear": True})
    for _ in range(CALM_WITHIN_S * 100):
        if not await _remaining(client):
            break
        await client.post("/interrupt")
        await asyncio.sleep(0.01)
    else:
        raise TimeoutError(f"a job does not end within {CALM_WITHIN_S} s, though it was interrupted")
    await client.post("/history", json={"clear": True})
    await client.post("/free", json={"free_memory": forget})


async def _remaining(client: TestClient[Any, Any]) -> int:
    async with client.get("/prompt") as response:
        left: int = (await response.json())["exec_info"]["queue_remaining"]
        return left
