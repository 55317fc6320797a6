"""What jobs stored to go on from, should the process die, goes when they have ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from aiohttp import web

from engine.bus import Subscription
from engine.checkpoints import Checkpoints
from engine.errors import EngineError
from engine.events import JobDone, JobRemoved
from engine.jobs import JobQueue
from web.keys import bus_key

logger = logging.getLogger(__name__)


class Leftovers:
    """Removes them here, where the end of a job is known to be on the disk: before that it might run again."""

    def __init__(self, queue: JobQueue, checkpoints: Checkpoints) -> None:
        self._queue, self._checkpoints = queue, checkpoints

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """Tidy up as long as the server runs; first after one that was killed."""
        async with app[bus_key].subscribe() as events:
            tidying = asyncio.create_task(self._follow(events), name="leftovers")
            yield
            tidying.cancel()
            await asyncio.wait([tidying])

    async def _follow(self, events: Subscription) -> None:
        for job_id in await asyncio.to_thread(lambda: list(self._checkpoints.jobs())):
            await self._tidy(job_id)
        async for event in events:
            if isinstance(event, JobDone | JobRemoved):
                await self._tidy(event.job_id)

    async def _tidy(self, job_id: str) -> None:
        """Remove what a job stored, unless one of that id is still to run, perhaps another."""
        try:
            entry = await self._queue.find(job_id)
        except EngineError as error:  # the next start of the server tries again
            logger.warning("what job %s stored stays for now: %s", job_id, error)
            return
        if entry is None or entry.state not in ("pending", "running"):
            await asyncio.to_thread(self._checkpoints.forget, job_id)
