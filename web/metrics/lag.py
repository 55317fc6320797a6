"""How late the event loop is: whatever holds it up holds up every client."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from aiohttp import web

from web.metrics.meters import Meters

EVERY_S = 0.5
WORST_OF_S = 60.0


class Lag:
    """Makes an appointment twice a second, and notes how late it came."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters
        self._last: deque[float] = deque(maxlen=round(WORST_OF_S / EVERY_S))
        meters.worst_lag.set_function(lambda: max(self._last, default=0.0))

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """Watch as long as the server runs."""
        watching = asyncio.create_task(self._watch(), name="event loop lag")
        yield
        watching.cancel()
        await asyncio.wait([watching])

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY_S
            await asyncio.sleep(EVERY_S)
            self.note(max(loop.time() - due, 0.0))

    def note(self, late_s: float) -> None:
        """Take an observation in."""
        self._last.append(late_s)
        self._meters.lag.observe(late_s)
