"""Submitting workflows."""

from __future__ import annotations

import asyncio
import uuid

from aiohttp import web

from engine.events import QueueChanged, now_ms
from engine.jobs import Job
from engine.ui_workflow import is_ui
from engine.workflow import read_api
from web.errors import complaint, problems
from web.keys import bus_key, pool_key, queue_key
from web.operations import operation
from web.replies import read_body, reply
from web.schemas import PromptAccepted, PromptRequest, QueueLength, Refusal, is_uuid

SECRETS = frozenset({"auth_token_comfy_org", "api_key_comfy_org"})
"""Keys that some clients send along for services of others: nothing here needs them, so they are not kept."""

routes = web.RouteTableDef()
submitting = web.AppKey("submitting", asyncio.Lock)


@routes.get("/prompt")
@operation("queue", answers={200: QueueLength})
async def length(request: web.Request) -> web.Response:
    """How many jobs are pending or running."""
    return reply({"exec_info": {"queue_remaining": await request.app[queue_key].remaining()}})


@routes.post("/prompt")
@operation("queue", body=PromptRequest, answers={200: PromptAccepted, 400: Refusal})
async def submit(request: web.Request) -> web.Response:
    """Queue a workflow: 200 with its id and number, or 400 with ComfyUI's error body."""
    body = await read_body(request, PromptRequest)
    if body.prompt is None:
        return complaint("no_prompt", "No prompt provided", "No prompt provided")
    if body.prompt_id is not None and not is_uuid(body.prompt_id):
        return complaint("invalid_prompt_id", "prompt_id must be a valid UUID", f"got {body.prompt_id!r}")
    if not is_ui(body.prompt):
        read_api(body.prompt)
    checked = await request.app[pool_key].plan(body.prompt, body.partial_execution_targets)
    job = Job(
        prompt=checked.prompt,
        targets=checked.targets,
        id=body.prompt_id or str(uuid.uuid4()),
        extra_data=_extra_data(body, request),
    )
    queue = request.app[queue_key]
    async with request.app[submitting]:  # clients hear of the queued job before the runner speaks of it
        waiting = await queue.remaining()
        job = await queue.put(job, number=body.number, front=body.front)
        request.app[bus_key].publish(QueueChanged(job.id, remaining=waiting + 1))
    return reply({"prompt_id": job.id, "number": job.number, "node_errors": problems(checked.rejected)})


def _extra_data(body: PromptRequest, request: web.Request) -> dict[str, object]:
    """What goes along with the workflow: the client's own data, who it is, and when this was."""
    extra = {key: value for key, value in (body.extra_data or {}).items() if key not in SECRETS}
    if is_ui(body.prompt):  # it goes into the pictures, as if the client had sent it twice
        info = extra.get("extra_pnginfo")
        extra["extra_pnginfo"] = {"workflow": body.prompt, **(info if isinstance(info, dict) else {})}
    if body.client_id is not None:
        extra["client_id"] = body.client_id
    if source := request.headers.get("Comfy-Usage-Source"):
        extra.setdefault("comfy_usage_source", source)
    return {**extra, "create_time": now_ms()}
