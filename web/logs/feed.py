"""New lines of the log, sent to the clients that asked for them."""

from __future__ import annotations

import asyncio
import shutil
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Any

from aiohttp import web

from web.logs.book import LAST, Entry, LogBook
from web.messages.sockets import Sockets
from web.messages.wire import Message

EVERY_S = 0.1
MOST_SUBSCRIBERS = 100


class LogFeed:
    """Gathers lines for a moment, then tells the sessions that subscribed. A session stays while it reconnects; when
    there are too many, the oldest go."""

    def __init__(self, book: LogBook, sockets: Sockets) -> None:
        self.book, self._sockets = book, sockets
        self._sessions: dict[str, None] = {}
        self._waiting: deque[Entry] = deque(maxlen=LAST)

    def subscribe(self, sid: str) -> None:
        """Send what comes to this session."""
        self._sessions.pop(sid, None)
        self._sessions[sid] = None
        while len(self._sessions) > MOST_SUBSCRIBERS:
            del self._sessions[next(iter(self._sessions))]

    def unsubscribe(self, sid: str) -> None:
        """No longer."""
        self._sessions.pop(sid, None)

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """Listen while the app runs."""
        loop = asyncio.get_running_loop()

        def pass_on(entry: Entry) -> None:
            loop.call_soon_threadsafe(self._take, entry)

        self.book.listen(pass_on)
        yield
        self.book.listen(None)

    def _take(self, entry: Entry) -> None:
        if not self._sessions:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_later(EVERY_S, self._send)
        self._waiting.append(entry)

    def _send(self) -> None:
        # Passing, because a line less in the browser is better than a client that is given up.
        message = Message("logs", shown(self._waiting), passing=True)
        self._waiting.clear()
        for sid in list(self._sessions):
            self._sockets.tell_session(sid, message)


def shown(entries: Iterable[Entry]) -> dict[str, Any]:
    """Entries as the front end reads them, with the size of the terminal that the server writes to."""
    size = shutil.get_terminal_size()
    return {
        "entries": [{"t": entry.time, "m": entry.text} for entry in entries],
        "size": {"cols": size.columns, "rows": size.lines},
    }


log_feed_key = web.AppKey("log_feed", LogFeed)
