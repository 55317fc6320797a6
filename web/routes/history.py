"""Finished jobs."""

from __future__ import annotations

from aiohttp import web

from web.answers import HistoryEntry
from web.keys import queue_key
from web.operations import operation, read_query
from web.records import history_entry
from web.replies import read_body, reply
from web.schemas import HistoryQuery, QueueRequest

routes = web.RouteTableDef()


@routes.get("/history")
@operation("history", query=HistoryQuery, answers={200: dict[str, HistoryEntry]})
async def listing(request: web.Request) -> web.Response:
    """Finished jobs by id, oldest first: all, the newest ``max_items``, or so many after ``offset``."""
    query = read_query(request, HistoryQuery)
    if query.max_items is not None and query.max_items <= 0:
        return reply({})
    records = await request.app[queue_key].history(query.max_items, query.offset)
    return reply({record.job.id: history_entry(record) for record in records})


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
