"""Jobs in the form that newer frontends ask for: one list over queue and history."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import ValidationError

from engine.errors import NotAWorkflow
from web.answers import Cancelled, JobDetail, JobListing, PlainError
from web.job_list import JobQuery, arranged, detail, finished, unfinished
from web.keys import pool_key, queue_key
from web.operations import operation, read_query
from web.replies import read_body, reply
from web.routes.queue import remove
from web.schemas import CancelRequest, is_uuid

routes = web.RouteTableDef()

NEWEST = 1000
"""How far back the list reaches; older jobs are found by id and in the history."""


@routes.get("/jobs")
@operation("job list", query=JobQuery, answers={200: JobListing, 400: PlainError})
async def listing(request: web.Request) -> web.Response:
    """Jobs by status, sorted, page by page."""
    try:
        query = read_query(request, JobQuery)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return _refused(str(first["ctx"]["error"]) if "ctx" in first and "error" in first["ctx"] else first["msg"])
    jobs = await _jobs(request.app, query)
    page = jobs[query.offset :][: query.limit]
    more = query.offset + len(page) < len(jobs)
    pagination = {"offset": query.offset, "limit": query.limit, "total": len(jobs), "has_more": more}
    return reply({"jobs": page, "pagination": pagination})


@routes.get("/jobs/{job_id}")
@operation("job list", answers={200: JobDetail, 404: PlainError})
async def one(request: web.Request) -> web.Response:
    """One job; if it is finished, with its outputs and its workflow."""
    queue, job_id = request.app[queue_key], request.match_info["job_id"]
    waiting = [unfinished(job, "pending") for job in await queue.pending()]
    running = [unfinished(job, "in_progress") for job in await queue.running()]
    if record := await queue.record(job_id):
        return reply(detail(record))
    for job in (*running, *waiting):
        if job["id"] == job_id:
            return reply(job)
    return reply({"error": "Job not found"}, 404)


@routes.post("/jobs/{job_id}/cancel")
@operation("job list", answers={200: Cancelled})
async def cancel_one(request: web.Request) -> web.Response:
    """Stop or remove a job."""
    return reply({"cancelled": await _cancel(request.app, [request.match_info["job_id"]])})


@routes.post("/jobs/cancel")
@operation("job list", body=CancelRequest, answers={200: Cancelled, 400: PlainError})
async def cancel_many(request: web.Request) -> web.Response:
    """Stop or remove jobs."""
    try:
        body = await read_body(request, CancelRequest)
    except NotAWorkflow as error:
        return _refused(str(error))
    except ValidationError:
        return _refused("job_ids must be a list")
    if wrong := [job_id for job_id in body.job_ids if not is_uuid(job_id)]:
        return reply({"error": "job_ids must be UUIDs", "invalid_ids": wrong}, 400)
    return reply({"cancelled": await _cancel(request.app, body.job_ids)})


async def _jobs(app: web.Application, query: JobQuery) -> list[dict[str, Any]]:
    """The jobs asked for; one that moves on meanwhile is listed once, by its later state."""
    queue, wanted = app[queue_key], query.statuses
    jobs = [unfinished(job, "pending") for job in await queue.pending()]
    jobs += [unfinished(job, "in_progress") for job in await queue.running()]
    if wanted & {"completed", "failed", "cancelled"}:
        jobs += [finished(record) for record in await queue.history(NEWEST, -1)]
    latest = {job["id"]: job for job in jobs}
    return arranged([job for job in latest.values() if job["status"] in wanted], query)


async def _cancel(app: web.Application, job_ids: list[str]) -> bool:
    removed = await remove(app, job_ids)
    stopped = [await app[pool_key].cancel(job_id) for job_id in job_ids if job_id not in removed]
    return bool(removed) or any(stopped)


def _refused(message: str) -> web.Response:
    return reply({"error": message}, 400)
