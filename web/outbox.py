"""What waits to be sent over one socket."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple, TypeAlias

from aiohttp import web

Frame: TypeAlias = str | bytes
LIMIT = 1024


class _Waiting(NamedTuple):
    frame: Frame
    passing: bool


class Outbox:
    """A short queue, so that a slow client costs nobody else time or memory.

    When it is full, the oldest frame that is ``passing`` (progress, previews) goes first.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._waiting: deque[_Waiting] = deque()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, frame: Frame, *, passing: bool = False) -> bool:
        """Take a frame; False if there is no room even so, and the client should be given up."""
        if len(self._waiting) >= self._limit and not self._make_room():
            return passing  # one preview less is no reason to hang up
        self._waiting.append(_Waiting(frame, passing))
        self._filled.set()
        return True

    async def send_to(self, socket: web.WebSocketResponse) -> None:
        """Send frames as they come, as fast as the client takes them, until cancelled or the client is gone."""
        while True:
            await self._filled.wait()
            while self._waiting:
                frame = self._waiting.popleft().frame
                await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))
            self._filled.clear()

    def _make_room(self) -> bool:
        for waiting in self._waiting:
            if waiting.passing:
                self._waiting.remove(waiting)
                return True
        return False
