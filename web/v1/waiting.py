"""Waiting for a job to end."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from engine.errors import JobNotFound
from engine.jobs import Entry
from web.keys import queue_key
from web.v1.log import JobLog, log_key
from web.v1.views import removed


async def ended_within(app: web.Application, entry: Entry, seconds: float) -> Entry:
    """The job once it has ended, or as it is when the time is over. One that is taken out of the queue counts as
    cancelled. Raises JobNotFound if it was taken out of the history."""
    log, queue = app[log_key], app[queue_key]
    with log.following(entry.job.id) as story:
        now = await queue.find(entry.job.id)
        if now and now.outcome:
            return now
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not (story.settled or log.closed):
                    await story.stirred().wait()
        return await found(app, entry, story)


async def found(app: web.Application, entry: Entry, story: JobLog) -> Entry:
    """The job as it is now. Raises JobNotFound if it is no longer known, and was not taken out of the queue."""
    if story.removed:
        return removed(entry)
    if now := await app[queue_key].find(entry.job.id):
        return now
    raise JobNotFound(f"job {entry.job.id} is no longer in the history")
