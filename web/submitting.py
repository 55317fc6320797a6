"""The way into the queue for all routes that submit: a workflow is checked, becomes a job and is queued."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from engine.errors import InvalidWorkflow
from engine.events import JobQueued, QueueChanged, now_ms
from engine.graph import NodeId
from engine.jobs import Job, Ticket
from engine.pool import PlanSummary
from engine.problems import Problem
from engine.workflow import is_ui, read_api
from web.keys import bus_key, pool_key, queue_key, settings_key
from web.safety.limits import check_room, check_size
from web.webhooks.webhooks import webhooks_key

submitting_key = web.AppKey("submitting", asyncio.Lock)

SECRETS = frozenset({"auth_token_comfy_org", "api_key_comfy_org"})
"""Keys that some clients send along for services of others: nothing here needs them, so they are not kept."""


@dataclass(frozen=True)
class Submission:
    """What a client wants run: ``workflow`` is in either format, ``only`` names the output nodes wanted (None: all).

    ``number`` is the place in the queue, else the next one, or one before all others for ``front``. With ``whole`` it
    is refused if any of its outputs cannot run. By its ``ticket`` the job is found again.
    """

    workflow: Mapping[str, Any]
    only: Collection[NodeId] | None = None
    job_id: str | None = None
    client_id: str | None = None
    extra_data: Mapping[str, Any] = field(default_factory=dict)
    number: float | None = None
    front: bool = False
    whole: bool = False
    ticket: Ticket | None = None


async def submit(app: web.Application, asked: Submission) -> tuple[Job, PlanSummary]:
    """Queue a workflow. Raises InvalidWorkflow, NotAWorkflow, DuplicateJob, QueueFull, DiskFull."""
    if not is_ui(asked.workflow):
        read_api(asked.workflow)  # its shape is told before the node types are there
    check_size(asked.workflow)
    checked = await app[pool_key].plan(asked.workflow, asked.only)
    if asked.whole and checked.rejected:
        message = "Some outputs of the workflow cannot run"
        raise InvalidWorkflow(Problem("prompt_outputs_failed_validation", message), checked.rejected)
    check_size(checked.prompt)
    job = Job(
        prompt=checked.prompt,
        targets=checked.targets,
        id=asked.job_id or str(uuid.uuid4()),
        extra_data=_extra_data(asked),
    )
    queue = app[queue_key]
    async with app[submitting_key]:  # clients hear of the queued job before the runner speaks of it
        await check_room(queue, app[settings_key], job.client_id)
        waiting = await queue.remaining()
        job = await queue.put(job, number=asked.number, front=asked.front, ticket=asked.ticket)
        app[webhooks_key].expect(job)
        app[bus_key].publish(JobQueued(job.id))
        app[bus_key].publish(QueueChanged(job.id, remaining=waiting + 1))
    return job, checked


def _extra_data(asked: Submission) -> dict[str, Any]:
    """What goes along with the workflow: the client's own data, who it is, and when this was."""
    extra = {key: value for key, value in asked.extra_data.items() if key not in SECRETS}
    if is_ui(asked.workflow):  # it goes into the pictures, as if the client had sent it twice
        info = extra.get("extra_pnginfo")
        extra["extra_pnginfo"] = {"workflow": asked.workflow, **(info if isinstance(info, dict) else {})}
    if asked.client_id is not None:
        extra["client_id"] = asked.client_id
    return {**extra, "create_time": now_ms()}
