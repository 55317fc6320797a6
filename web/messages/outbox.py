"""What waits to be sent over one socket."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import TypeAlias

from aiohttp import web

Frame: TypeAlias = str | bytes
LIMIT_BYTES = 2 * 1024 * 1024
"""What may wait for one client: some thousands of messages, or some tens of previews."""
FRAME_BYTES = 100
"""What a waiting frame takes besides its text."""


class Outbox:
    """A queue of bounded size, so that a slow client costs nobody else time or memory.

    When it is full, the oldest frames that are ``passing`` (progress, previews) go first.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._waiting: OrderedDict[int, Frame] = OrderedDict()
        self._passing: deque[int] = deque()  # numbers of frames; those sent already are still among them
        self._arrivals = 0
        self._bytes = 0
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, frame: Frame, *, passing: bool = False) -> bool:
        """Take a frame; False if there is no room even so, and the client should be given up."""
        if not self._make_room(_size(frame)):
            return passing  # one preview less is no reason to hang up
        self._waiting[self._arrivals] = frame
        if passing:
            self._passing.append(self._arrivals)
        self._arrivals += 1
        self._bytes += _size(frame)
        self._filled.set()
        return True

    async def send_to(self, socket: web.WebSocketResponse) -> None:
        """Send frames as they come, as fast as the client takes them, until cancelled or the client is gone."""
        while True:
            await self._filled.wait()
            while self._waiting:
                number, frame = self._waiting.popitem(last=False)
                self._bytes -= _size(frame)
                if self._passing and self._passing[0] == number:
                    self._passing.popleft()
                await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))
            self._filled.clear()

    def _make_room(self, size: int) -> bool:
        """Let passing frames go until so many bytes fit. One frame fits an empty box, however large it is."""
        while self._waiting and self._bytes + size > self._limit and self._passing:
            self._bytes -= _size(self._waiting.pop(self._passing.popleft()))
        return not self._waiting or self._bytes + size <= self._limit


def _size(frame: Frame) -> int:
    """Bytes a frame takes. The JSON of messages is ASCII."""
    return len(frame) + FRAME_BYTES
