"""Finished jobs."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from engine.jobs import Record
from web.answers import HistoryEntry
from web.keys import queue_key
from web.operations import operation, read_query
from web.records import history_entry
from web.replies import dumps, read_body, reply
from web.schemas import HistoryQuery, QueueRequest

routes = web.RouteTableDef()

PORTION = 100
LARGEST = 2**63 - 1


@routes.get("/history")
@operation("history", query=HistoryQuery, answers={200: dict[str, HistoryEntry]})
async def listing(request: web.Request) -> web.StreamResponse:
    """Finished jobs by id, oldest first: all, the newest ``max_items``, or so many after ``offset``."""
    query, queue = read_query(request, HistoryQuery), request.app[queue_key]
    limit = LARGEST if query.max_items is None else max(0, query.max_items)
    offset = query.offset if query.offset >= 0 else max(0, await queue.ended() - limit)
    first = await queue.history(min(limit, PORTION), offset)
    if len(first) < PORTION:
        return reply(_by_id(first))
    return await _streamed(request, first, limit, offset)


async def _streamed(request: web.Request, records: list[Record], limit: int, offset: int) -> web.StreamResponse:
    """So many jobs that others would have to wait until all are read and written: they go out bit by bit."""
    response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
    await response.prepare(request)
    written, text = 0, "{"
    while records:
        await response.write((text + dumps(_by_id(records))[1:-1]).encode())
        written, text = written + len(records), ", "
        records = await request.app[queue_key].history(min(limit - written, PORTION), offset + written)
    await response.write(b"}")
    await response.write_eof()
    return response


def _by_id(records: list[Record]) -> dict[str, Any]:
    return {record.job.id: history_entry(record) for record in records}


@routes.get("/history/{prompt_id}")
@operation("history", answers={200: dict[str, HistoryEntry]})
async def one(request: web.Request) -> web.Response:
    """One finished job by id; an empty object if it is unknown, or not finished."""
    record = await request.app[queue_key].record(request.match_info["prompt_id"])
    return reply({record.job.id: history_entry(record)} if record else {})


@routes.post("/history")
@operation("history", body=QueueRequest, answers={200: None})
async def forget(request: web.Request) -> web.Response:
    """Remove finished jobs: all, or those named."""
    body = await read_body(request, QueueRequest)
    if body.clear:
        await request.app[queue_key].forget(None)
    if body.delete:
        await request.app[queue_key].forget(body.delete)
    return web.Response()
