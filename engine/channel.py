"""Messages between two processes over a socket: JSON values, each behind its length in four bytes."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any, Self

from engine.told import to_json

LENGTH = 4
LARGEST = 2 ** (8 * LENGTH) - 1
READ_BYTES = 1 << 20
FULL_BYTES = 1 << 20
"""What may wait to be sent before who sends much should wait."""


class Channel:
    """One end. For one event loop; what is sent in one turn of it goes out in one write."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._read_ahead = bytearray()

    @classmethod
    async def over(cls, end: socket.socket) -> Self:
        """Speak over one end of a socket pair, which belongs to the channel from now on."""
        return cls(*await asyncio.open_connection(sock=end, limit=READ_BYTES))

    def send(self, message: Any) -> None:
        """Send soon; nothing if the other end has gone, which ``messages`` tells.

        Raises ValueError for what JSON cannot hold: circles, or more than 4 GiB.
        """
        text = to_json(message).encode()
        if len(text) > LARGEST:
            raise ValueError(f"a message of {len(text)} bytes is longer than {LARGEST}")
        if not self._waiting:
            self._loop.call_soon(self._write)
        self._waiting += (len(text).to_bytes(LENGTH, "big"), text)
        self._waiting_bytes += LENGTH + len(text)

    @property
    def is_full(self) -> bool:
        """Whether it is time to await ``drain``."""
        return self._waiting_bytes + self._writer.transport.get_write_buffer_size() > FULL_BYTES

    async def drain(self) -> None:
        """Wait until the other end has read most of it. Raises ConnectionError if that has gone."""
        self._write()
        await self._writer.drain()

    async def messages(self) -> AsyncIterator[Any]:
        """What the other end sends, until it hangs up. Raises ValueError for what is no JSON."""
        while True:
            while (text := self._next()) is not None:
                yield json.loads(text)
            if not (chunk := await self._read()):
                return
            self._read_ahead += chunk

    def close(self) -> None:
        """Hang up, once what was sent is written."""
        self._write()
        self._writer.close()

    def _next(self) -> bytearray | None:
        end = LENGTH + int.from_bytes(self._read_ahead[:LENGTH], "big")
        if len(self._read_ahead) < max(end, LENGTH):
            return None
        text = self._read_ahead[LENGTH:end]
        del self._read_ahead[:end]  # cheap: a bytearray only notes where it begins
        return text

    async def _read(self) -> bytes:
        try:
            return await self._reader.read(READ_BYTES)
        except ConnectionError:  # it died with something unread
            return b""

    def _write(self) -> None:
        if self._waiting and not self._writer.is_closing():
            self._writer.write(b"".join(self._waiting))
        self._waiting.clear()
        self._waiting_bytes = 0
