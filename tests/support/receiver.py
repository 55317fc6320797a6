"""A server that webhooks lead to."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDictProxy


@dataclass(frozen=True)
class Call:
    headers: CIMultiDictProxy[str]
    body: bytes
    at: float = field(default_factory=time.monotonic)


class Receiver:
    """Answers with ``answers`` one after the other, then 200; notes what it hears. A ``silent`` one never answers."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.answers: list[int] = []
        self.retry_after: str | None = None
        self.silent = False
        self.heard: list[Call] = []
        self.called = asyncio.Event()
        app = web.Application()
        app.router.add_post("/hook", self._answer)
        self._server = TestServer(app, scheme="https" if tls else "http")

    @property
    def url(self) -> str:
        return str(self._server.make_url("/hook"))

    async def calls(self, count: int, within_s: float = 10) -> list[Call]:
        """The first calls, once there are so many."""
        async with asyncio.timeout(within_s):
            while len(self.heard) < count:
                self.called.clear()
                await self.called.wait()
        return self.heard[:count]

    async def __aenter__(self) -> Self:
        await self._server.start_server(ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._server.close()

    async def _answer(self, request: web.Request) -> web.Response:
        self.heard.append(Call(request.headers, await request.read()))
        self.called.set()
        if self.silent:
            await asyncio.sleep(60)
        status = self.answers.pop(0) if self.answers else 200
        headers = {"Retry-After": self.retry_after} if self.retry_after else {}
        if status == 302:
            headers["Location"] = "/hook"
        return web.Response(status=status, headers=headers)
