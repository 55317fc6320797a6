"""What waits and what runs: looking, removing, interrupting, letting go of memory."""

from __future__ import annotations

from collections.abc import Collection

from aiohttp import web
from pydantic import ValidationError

from engine.errors import NotAWorkflow
from engine.events import JobRemoved, QueueChanged
from engine.workflow import parse
from web.answers import QueueListing
from web.keys import bus_key, pool_key, queue_key
from web.operations import operation
from web.records import queue_item
from web.replies import read_body, reply
from web.schemas import FreeRequest, InterruptRequest, QueueRequest

routes = web.RouteTableDef()


@routes.get("/queue")
@operation("queue", answers={200: QueueListing})
async def show(request: web.Request) -> web.Response:
    """Running and pending jobs as queue tuples."""
    queue = request.app[queue_key]
    pending, running = await queue.pending(), await queue.running()  # in this order none slips through
    taken = {job.id for job in running}
    return reply(
        {
            "queue_running": [queue_item(job) for job in running],
            "queue_pending": [queue_item(job) for job in pending if job.id not in taken],
        }
    )


@routes.post("/queue")
@operation("queue", body=QueueRequest, answers={200: None})
async def change(request: web.Request) -> web.Response:
    """Remove pending jobs: all, or those named. What runs goes on."""
    body = await read_body(request, QueueRequest)
    if body.clear:
        await remove(request.app, None)
    if body.delete:
        await remove(request.app, body.delete)
    return web.Response()


@routes.post("/interrupt")
@operation("queue", body=InterruptRequest | None, answers={200: None})
async def interrupt(request: web.Request) -> web.Response:
    """Stop what runs, or only the job named. Old clients send no body, or anything."""
    try:
        prompt_id = InterruptRequest.model_validate(parse(await request.read())).prompt_id
    except (NotAWorkflow, ValidationError):
        prompt_id = None
    for job in await request.app[queue_key].running():
        if prompt_id in (None, job.id):
            await request.app[pool_key].cancel(job.id)
    return web.Response()


@routes.post("/free")
@operation("queue", body=FreeRequest, answers={200: None})
async def free(request: web.Request) -> web.Response:
    """Let go of models, or of models and results, after what runs now."""
    body = await read_body(request, FreeRequest)
    models = body.unload_models or body.free_memory
    if models:
        await request.app[pool_key].free(models=models, cache=body.free_memory)
    return web.Response()


async def remove(app: web.Application, job_ids: Collection[str] | None) -> set[str]:
    """Remove pending jobs (None: all) and tell every client how many are left; return which were removed."""
    removed = await app[queue_key].cancel(job_ids)
    for job_id in removed:
        app[bus_key].publish(JobRemoved(job_id))
    if removed:
        app[bus_key].publish(QueueChanged(next(iter(removed)), remaining=await app[queue_key].remaining()))
    return removed
