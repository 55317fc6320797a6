"""``/v1/jobs``: submitting, looking, cancelling."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from aiohttp import web
from pydantic import BeforeValidator, ConfigDict, Field

from engine.errors import JobNotFound
from engine.events import JobDone, QueueChanged
from engine.exposed import OWN, exposed
from engine.jobs import Entry, Ticket
from engine.workflow import is_ui
from web.errors import complaint
from web.idempotency import KeyHeader, taking_in
from web.keys import bus_key, pool_key, queue_key, settings_key
from web.operations import operation, read_query
from web.replies import read_body, reply
from web.safety.limits import check_size
from web.schemas import Refusal
from web.shapes import Shape
from web.submitting import Submission, submit
from web.v1.naming import UnknownName, nodes_of, with_values
from web.v1.schemas import ENDED, JobPage, JobRequest, JobView, State
from web.v1.views import Given, describe, location, removed, summary
from web.v1.waiting import ended_within
from web.v1.workflows import node_types, read_named
from web.webhooks.address import refusal
from web.webhooks.webhooks import webhooks_key

routes = web.RouteTableDef()

LONGEST_WAIT_S = 600
LARGEST_PAGE = 1000
INTERRUPT_EVERY_S, INTERRUPT_FOR_S = 0.05, 2.0
"""A job that is just being taken up is not with the pool yet: it is asked again, so often and so long."""


def _listed(text: Any) -> Any:
    return [part.strip() for part in text.split(",") if part.strip()] if isinstance(text, str) else text


class _Query(Shape):
    model_config = ConfigDict(extra="forbid")


class SubmitQuery(_Query):
    """``wait``: answer when the job has ended, but after that many seconds at the latest."""

    wait: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S, allow_inf_nan=False)] = 0


class ListQuery(_Query):
    """``state`` may be several, separated by commas; ``cursor`` is ``next`` of the page before; ``workflow`` is the
    name of a saved workflow, of which alone jobs are listed."""

    state: Annotated[list[State], BeforeValidator(_listed)] = Field(default_factory=list)
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50
    cursor: Annotated[str, Field(pattern="^[0-9]{1,18}$")] | None = None
    workflow: Annotated[str, Field(min_length=1)] | None = None


@routes.post("/v1/jobs")
@operation(
    "jobs",
    query=SubmitQuery,
    headers=KeyHeader,
    body=JobRequest,
    answers={200: JobView, 202: JobView} | dict.fromkeys((400, 403, 404, 409, 422, 429, 503, 507), Refusal),
)
async def create(request: web.Request) -> web.Response:
    """Queue a workflow: 202 with the job, or with ``wait`` 200 if it ended in that time.

    Sent again under the same ``Idempotency-Key``, it answers the job that is there: 200 if that has ended.
    """
    wait = read_query(request, SubmitQuery).wait
    body = await read_body(request, JobRequest)
    app = request.app
    async with taking_in(request) as ticket:
        known = await app[queue_key].again(ticket) if ticket else None
        entry = known or await _queued(request, body, ticket)
    if isinstance(entry, web.Response):
        return entry
    if wait and not entry.outcome:
        entry = await ended_within(app, entry, wait)
    response = await _answer(app, entry, 200 if (wait or known) and entry.outcome else 202)
    response.headers["Location"] = location(entry.job.id)
    return response


async def _queued(request: web.Request, body: JobRequest, ticket: Ticket | None) -> Entry | web.Response:
    """The job, or why there is none."""
    app = request.app
    if body.webhook and (reason := refusal(app[settings_key], str(body.webhook.url))):
        return complaint("webhook_refused", "The webhook is refused", reason, status=403)
    document = body.workflow if isinstance(body.workflow, dict) else await read_named(request, body.workflow)
    prompt = await app[pool_key].lower(document)
    check_size(prompt)
    offered = exposed(prompt)
    infos = await node_types(app[pool_key]) if body.inputs and offered.lacks_values(prompt) else {}
    try:
        only = None if body.outputs is None else nodes_of(prompt, offered, body.outputs)
        prompt = with_values(prompt, offered, body.inputs, infos)
    except UnknownName as error:
        return complaint(error.kind, "The workflow has no such input or output", str(error))
    job, _ = await submit(
        app,
        Submission(
            workflow=prompt,
            only=only,
            job_id=str(uuid.uuid4()),
            client_id=body.client_id,
            extra_data=_extra_data(body, document),
            number=body.priority,
            front=body.front,
            whole=True,
            ticket=ticket,
        ),
    )
    return await app[queue_key].find(job.id) or removed(Entry(job, "pending", 0))


@routes.get("/v1/jobs")
@operation("jobs", query=ListQuery, answers={200: JobPage, 400: Refusal})
async def listing(request: web.Request) -> web.Response:
    """Jobs, the last that came first. A cursor stays right while others come and go."""
    query = read_query(request, ListQuery)
    states = query.state or ["pending", "running", *ENDED]
    before = int(query.cursor) if query.cursor else None
    entries = await request.app[queue_key].page(states, query.limit + 1, before, query.workflow)
    page, more = entries[: query.limit], len(entries) > query.limit
    made = JobPage(jobs=[summary(entry) for entry in page], next=str(page[-1].arrival) if more else None)
    return reply(made.model_dump(mode="json"))


@routes.get("/v1/jobs/{job_id}")
@operation("jobs", answers={200: JobView, 404: Refusal})
async def one(request: web.Request) -> web.Response:
    """One job, with its outputs, and once it has ended how each node came by its result."""
    return await _answer(request.app, await _entry(request))


@routes.delete("/v1/jobs/{job_id}")
@operation("jobs", answers={200: JobView, 202: JobView, 404: Refusal})
async def cancel(request: web.Request) -> web.Response:
    """Cancel a job: 200 if it has ended by now, 202 if it is about to. One that had ended is left as it is."""
    app, job_id = request.app, request.match_info["job_id"]
    queue = app[queue_key]
    await _entry(request)
    if await queue.cancel([job_id], keep=True):
        app[bus_key].publish(QueueChanged(job_id, remaining=await queue.remaining()))
        app[bus_key].publish(JobDone(job_id))
    else:
        await _interrupt(app, job_id)
    entry = await _entry(request)
    return await _answer(app, entry, 200 if entry.outcome else 202)


async def _interrupt(app: web.Application, job_id: str) -> None:
    """Stop a job if it is running."""
    loop = asyncio.get_running_loop()
    until = loop.time() + INTERRUPT_FOR_S
    while not await app[pool_key].cancel(job_id):
        entry = await app[queue_key].find(job_id)
        if entry is None or entry.state != "running" or loop.time() > until:
            return
        await asyncio.sleep(INTERRUPT_EVERY_S)


async def _entry(request: web.Request) -> Entry:
    job_id = request.match_info["job_id"]
    if entry := await request.app[queue_key].find(job_id):
        return entry
    raise JobNotFound(f"there is no job {job_id!r}")


async def _answer(app: web.Application, entry: Entry, status: int = 200) -> web.Response:
    view, told = await describe(app[pool_key], entry), await app[webhooks_key].fate(entry.job.id)
    return reply(view.model_copy(update={"webhook": told}).model_dump(mode="json"), status)


def _extra_data(body: JobRequest, document: Mapping[str, Any]) -> dict[str, Any]:
    """What the job keeps of the request. What an editor saved goes into the pictures, unless it is no longer true."""
    name = body.workflow if isinstance(body.workflow, str) else None
    given = Given(workflow=name, inputs=body.inputs, metadata=body.metadata)
    extra: dict[str, Any] = {OWN: given.model_dump(mode="json")}
    if body.webhook:
        extra["webhook"] = body.webhook.model_dump(mode="json")
    carried = {"workflow": document} if is_ui(document) and not body.inputs else {}
    if body.embed != "full":
        extra["embed"] = body.embed
    if pnginfo := {**carried, **body.extra_pnginfo}:
        extra["extra_pnginfo"] = pnginfo
    return extra
