"""``/v1/jobs/{id}/events``: what happens in a job, as server-sent events that can be resumed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, ConfigDict, Field

from engine.errors import JobNotFound
from engine.jobs import Entry
from web.keys import pool_key, queue_key
from web.operations import Media, operation, read_query
from web.schemas import Refusal
from web.shapes import Shape
from web.v1.frames import ALIVE, frame
from web.v1.log import JobLog, log_key
from web.v1.reading import END, Cursor, Reader, read_cursor
from web.v1.views import describe, instant
from web.v1.waiting import found

routes = web.RouteTableDef()

ALIVE_EVERY_S = 15.0
HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""The last asks proxies to pass each event on at once."""


def _checked(text: str) -> str:
    if text:
        read_cursor(text)
    return text


EventId = Annotated[
    str, AfterValidator(_checked), Field(json_schema_extra={"pattern": "^([0-9]{1,9}-([0-9]{1,15}|end))?$"})
]


class EventQuery(Shape):
    """``previews=1`` brings pictures of unfinished work; ``last_event_id`` is for clients that cannot set headers."""

    model_config = ConfigDict(extra="forbid")

    previews: bool = False
    last_event_id: EventId = ""


class EventHeaders(Shape):
    """The id of the last event that the client has: what came after it follows."""

    last_event_id: EventId = Field(default="", alias="Last-Event-ID")


@routes.get("/v1/jobs/{job_id}/events")
@operation(
    "jobs",
    query=EventQuery,
    headers=EventHeaders,
    answers={200: Media("text/event-stream"), 204: None, 400: Refusal, 404: Refusal},
)
async def events(request: web.Request) -> web.StreamResponse:
    """Events from the beginning, or after ``Last-Event-ID``, until the one that tells how the job ended.

    204 if that was the last one that the client has. If the job was taken up again since, all of the new attempt
    follows. Named ``queued``, ``started``, ``node_started``, ``progress``, ``text``, ``note``, ``node_blocked``,
    ``node_finished``, ``preview``, ``gap`` (events that are no longer kept), ``succeeded``, ``failed`` and
    ``cancelled``; the data of the last three is the job.
    """
    query = read_query(request, EventQuery)
    headers = EventHeaders.model_validate({"Last-Event-ID": request.headers.get("Last-Event-ID", "")})
    last = headers.last_event_id or query.last_event_id
    after = read_cursor(last) if last else None
    job_id = request.match_info["job_id"]
    with request.app[log_key].following(job_id) as log:
        entry = await request.app[queue_key].find(job_id)
        if entry is None:
            raise JobNotFound(f"there is no job {job_id!r}")
        if entry.outcome and after == Cursor(entry.job.attempts, END):
            return web.Response(status=204)
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        with contextlib.suppress(ConnectionResetError):  # the reader is gone, and may come again
            if after is None:
                await response.write(_queued(entry))
            await _follow(request.app, response, entry, log, Reader(log, after, previews=query.previews))
            await response.write_eof()
    return response


async def _follow(
    app: web.Application, response: web.StreamResponse, entry: Entry, log: JobLog, reader: Reader
) -> None:
    """Write what happens until the job has ended, or the server stops."""
    while not app[log_key].closed:
        stirred = log.stirred()
        if chunk := reader.take():
            await response.write(chunk)
            continue
        if log.settled or (entry.outcome and not log.attempt):
            await response.write(await _ending(app, entry, log))
            return
        try:
            async with asyncio.timeout(ALIVE_EVERY_S):
                await stirred.wait()
        except TimeoutError:
            await response.write(ALIVE)


def _queued(entry: Entry) -> bytes:
    data: dict[str, Any] = {"at": instant(entry.job.created_ms)}
    return frame("queued", data, str(Cursor(0, 0)))


async def _ending(app: web.Application, entry: Entry, log: JobLog) -> bytes:
    """The last event; nothing if the job is no longer known, which the client hears when it asks again."""
    try:
        ended = await found(app, entry, log)
    except JobNotFound:
        return b""
    view = await describe(app[pool_key], ended)
    return frame(ended.state, view, str(Cursor(ended.job.attempts, END)))
