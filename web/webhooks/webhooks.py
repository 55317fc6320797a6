"""Webhooks: the end of a job is told to the URL that came with it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import ValidationError

from engine.bus import Subscription
from engine.events import JobDone, JobRemoved, now_ms
from engine.jobs import Job, JobQueue, Outcome, Record
from web.keys import bus_key
from web.replies import dumps
from web.settings import Settings
from web.v1.schemas import JobView, Webhook, WebhookView
from web.webhooks.outbox import Letter, OutboxFull, WebhookOutbox
from web.webhooks.postman import Postman

logger = logging.getLogger(__name__)

PAGE = 64
SLACK_MS = 60_000
"""How far back to look for ends: a clock may have been set, and jobs that run side by side end in any order."""
LARGEST_BODY_BYTES = 1024 * 1024
LEFT_OUT = (set[str](), {"inputs", "nodes"}, {"inputs", "nodes", "outputs", "metadata"})
"""What a letter goes without if it is too large otherwise."""
AGAIN_S = 10.0
"""When to try again to write a letter, if the file cannot be used."""

Describe = Callable[[Record], Awaitable[JobView]]


class Webhooks:
    """Knows which jobs are to be told of, and writes a letter for each that ends; a postman takes it from there."""

    def __init__(self, queue: JobQueue, outbox: WebhookOutbox, settings: Settings, describe: Describe) -> None:
        self._queue, self._outbox, self._describe = queue, outbox, describe
        self._postman = Postman(outbox, settings)
        self._expected: dict[str, Job] = {}

    def expect(self, job: Job) -> None:
        """A job was queued."""
        if "webhook" in job.extra_data:
            self._expected[job.id] = job

    async def fate(self, job_id: str) -> WebhookView | None:
        """What became of telling a job's end; None if there was nothing to tell yet."""
        fate = await self._outbox.fate(job_id)
        return WebhookView(delivered=fate[0], tries=fate[1]) if fate else None

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """Listen and send as long as the server runs."""
        async with app[bus_key].subscribe() as events:
            tasks = [
                asyncio.create_task(self._follow(events), name="webhooks"),
                asyncio.create_task(self._postman.work(), name="postman"),
            ]
            for task in tasks:
                task.add_done_callback(_note_death)
            yield
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        await self._outbox.close()

    async def _follow(self, events: Subscription) -> None:
        """Write a letter for each job that ends, until cancelled; first for those that ended unheard of.

        A process that is killed may have had no time to write: the queue's own file knows of the job.
        """
        await self._catch_up()
        async for event in events:
            job = self._expected.get(event.job_id)
            if job is None:
                continue
            if isinstance(event, JobDone | JobRemoved):
                del self._expected[event.job_id]
                if record := await self._queue.record(event.job_id):
                    await self._tell(record)
                elif isinstance(event, JobRemoved):
                    await self._tell(Record(job, Outcome("cancelled", event.at_ms, event.at_ms)))

    async def _catch_up(self) -> None:
        for job in (*await self._queue.pending(), *await self._queue.running()):
            self.expect(job)
        now, since_ms = now_ms(), await self._outbox.seen_ms()
        for record in await self._ended_since(since_ms - SLACK_MS):
            await self._tell(record)
        await self._outbox.saw(now)

    async def _ended_since(self, since_ms: int) -> list[Record]:
        """The jobs that ended since then, oldest first."""
        count = PAGE
        while True:
            newest = await self._queue.history(count, -1)
            if len(newest) < count or newest[0].outcome.finished_ms < since_ms:
                return [record for record in newest if record.outcome.finished_ms >= since_ms]
            count *= 4

    async def _tell(self, record: Record) -> None:
        """Have the end of a job told, if that was asked for. One that cannot be told keeps no other from it."""
        if "webhook" not in record.job.extra_data:
            return
        try:
            await self._write(record)
        except Exception:
            logger.exception("the end of job %s is not told", record.job.id)

    async def _write(self, record: Record) -> None:
        try:
            hook = Webhook.model_validate(record.job.extra_data["webhook"])
        except ValidationError as error:  # of POST /prompt, which takes any extra data
            logger.warning("job %s has no webhook that could be called: %s", record.job.id, error)
            return
        if record.outcome.status not in hook.states:
            return
        letter = await self._letter(record, hook)
        while True:
            try:
                await self._outbox.put(letter, record.outcome.finished_ms)
                self._postman.stir()
            except OutboxFull as full:
                logger.error("webhook for job %s is not sent: %s", record.job.id, full)
            except sqlite3.Error:
                logger.exception("webhook for job %s waits for its file", record.job.id)
                await asyncio.sleep(AGAIN_S)
                continue
            return

    async def _letter(self, record: Record, hook: Webhook) -> Letter:
        """The same job and end make the same id, so that none is written twice."""
        job_id, url = record.job.id, str(hook.url)
        name = f"{job_id} {record.outcome.finished_ms}"
        view = await self._describe(record)
        return Letter(
            id=f"msg_{uuid.uuid5(uuid.NAMESPACE_OID, name).hex}",
            job_id=job_id,
            host=urlsplit(url).netloc,
            url=url,
            secret=hook.secret,
            body=_body(view),
        )


def _note_death(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.critical("no more webhooks will be called", exc_info=error)


def _body(view: JobView) -> bytes:
    for left_out in LEFT_OUT:
        data = view.model_dump(mode="json", exclude=left_out)
        body = dumps({"type": f"job.{view.state}", "timestamp": view.finished, "data": data}).encode()
        if len(body) <= LARGEST_BODY_BYTES:
            break
    return body


webhooks_key = web.AppKey("webhooks", Webhooks)
