"""A line in the log for each step in a job's life, for those who read logs by program."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from aiohttp import web

from engine.bus import Subscription
from engine.events import Event, JobDone, JobQueued, JobRemoved, JobTaken, RunCancelled, RunFailed, RunFinished
from web.keys import bus_key

logger = logging.getLogger(__name__)


class Lifecycle:
    """Logs when jobs are queued, begin and end."""

    def __init__(self) -> None:
        self._running: dict[str, JobTaken | None] = {}  # None once it has been told how it ended

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """Listen as long as the server runs."""
        async with app[bus_key].subscribe() as events:
            listening = asyncio.create_task(self._listen(events), name="job log")
            yield
            listening.cancel()
            await asyncio.wait([listening])

    async def _listen(self, events: Subscription) -> None:
        async for event in events:
            try:
                self.tell(event)
            except Exception:
                logger.exception("%s could not be logged", type(event).__name__)

    def tell(self, event: Event) -> None:
        """Log an event, if it is one in a job's life."""
        match event:
            case JobQueued():
                self._say(event, "job queued")
            case JobTaken():
                self._running[event.job_id] = event
                self._say(event, "job started", attempt=event.attempt, client_id=event.client_id)
            case RunFinished():
                self._end(event, "succeeded")
            case RunFailed(failure=failure):
                why = f"{failure.exception_type}: {failure.message}"
                self._end(event, "failed", why, node_id=failure.node_id, node_type=failure.node_type)
            case RunCancelled():
                self._end(event, "cancelled", node_id=event.node_id, node_type=event.node_type)
            case JobDone():
                if self._running.pop(event.job_id, event):  # nothing has told its end: it was not running
                    self._say(event, "job cancelled while it waited", outcome="cancelled")
            case JobRemoved():
                self._running.pop(event.job_id, None)
                self._say(event, "job removed while it waited", outcome="removed")

    def _end(self, event: Event, outcome: str, why: str = "", **more: object) -> None:
        taken = self._running.get(event.job_id)
        if taken is None:
            return
        self._running[event.job_id] = None
        seconds = (event.at_ms - taken.at_ms) / 1000
        text = f"job {outcome} after {seconds:.3f} s" + (f": {why}" if why else "")
        self._say(event, text, outcome=outcome, seconds=seconds, client_id=taken.client_id, **more)

    def _say(self, event: Event, text: str, **more: object) -> None:
        logger.info("%s", text, extra={"job_id": event.job_id, **more})
