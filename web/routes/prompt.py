"""Submitting workflows."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from web.errors import complaint, problems
from web.idempotency import KeyHeader, taking_in
from web.keys import queue_key
from web.operations import operation
from web.replies import read_body, reply
from web.schemas import PromptAccepted, PromptRequest, QueueLength, Refusal, is_uuid
from web.submitting import Submission
from web.submitting import submit as queued

routes = web.RouteTableDef()


@routes.get("/prompt")
@operation("queue", answers={200: QueueLength})
async def length(request: web.Request) -> web.Response:
    """How many jobs are pending or running."""
    return reply({"exec_info": {"queue_remaining": await request.app[queue_key].remaining()}})


@routes.post("/prompt")
@operation(
    "queue",
    headers=KeyHeader,
    body=PromptRequest,
    answers={200: PromptAccepted} | dict.fromkeys((400, 409, 422, 429, 503, 507), Refusal),
)
async def submit(request: web.Request) -> web.Response:
    """Queue a workflow: 200 with its id and number, or 400 with ComfyUI's error body.

    Sent again under the same ``Idempotency-Key``, it answers the job that is there, and no ``node_errors``.
    """
    body = await read_body(request, PromptRequest)
    if body.prompt is None:
        return complaint("no_prompt", "No prompt provided", "No prompt provided")
    if body.prompt_id is not None and not is_uuid(body.prompt_id):
        return complaint("invalid_prompt_id", "prompt_id must be a valid UUID", f"got {body.prompt_id!r}")
    async with taking_in(request) as ticket:
        if ticket and (first := await request.app[queue_key].again(ticket)):
            return reply({"prompt_id": first.job.id, "number": first.job.number, "node_errors": {}})
        job, checked = await queued(
            request.app,
            Submission(
                workflow=body.prompt,
                only=body.partial_execution_targets,
                job_id=body.prompt_id,
                client_id=body.client_id,
                extra_data=_extra_data(body, request),
                number=body.number,
                front=body.front,
                ticket=ticket,
            ),
        )
    return reply({"prompt_id": job.id, "number": job.number, "node_errors": problems(checked.rejected)})


def _extra_data(body: PromptRequest, request: web.Request) -> dict[str, Any]:
    extra = dict(body.extra_data or {})
    if source := request.headers.get("Comfy-Usage-Source"):
        extra.setdefault("comfy_usage_source", source)
    return extra
