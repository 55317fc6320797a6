"""A line to a server that is cut now and then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from types import TracebackType
from typing import Self


class CuttingProxy:
    """Passes bytes on to a port of this machine; answers are cut off after as many bytes as ``lengths`` say."""

    def __init__(self, port: int, lengths: Iterator[int]) -> None:
        self._port, self._lengths = port, lengths
        self._server: asyncio.Server | None = None
        self.cuts = 0

    @property
    def url(self) -> str:
        assert self._server
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        assert self._server
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection("127.0.0.1", self._port)
        asking = asyncio.create_task(_pass_on(reader, requests))
        try:
            if await _pass_on(answers, writer, next(self._lengths, None)):
                self.cuts += 1
        finally:
            asking.cancel()
            requests.close()
            writer.transport.abort()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter, left: int | None = None) -> bool:
    """Whether the limit was reached before the end."""
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65536 if left is None else min(left, 65536)):
            target.write(data)
            await target.drain()
            if left is not None and (left := left - len(data)) <= 0:
                return True
    return False
