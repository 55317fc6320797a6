"""``/v1/verify``: a picture made again by its own workflow, and whether the same came of it."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from engine.errors import InvalidWorkflow, JobNotFound
from engine.jobs import Job
from web.errors import complaint
from web.keys import folders_key, pool_key, queue_key
from web.operations import Media, operation
from web.replies import reply
from web.safety.limits import check_size, pictures_key
from web.schemas import Refusal
from web.submitting import Submission, submit
from web.verifying.judging import Verification, begun, failed, judged
from web.verifying.kept import Kept, kept_of, original_of

if TYPE_CHECKING:
    from web.verifying.picture import Picture

routes = web.RouteTableDef()


@routes.post("/v1/verify")
@operation(
    "verifying",
    body=Media("*/*"),
    answers={200: Verification, 202: Verification, 400: Refusal, 429: Refusal, 503: Refusal, 507: Refusal},
)
async def begin(request: web.Request) -> web.Response:
    """Make a picture again with what is here now: 202 with the job that does it, or 200 if that cannot be.

    Nothing that is remembered is used. Models that its ``wireloom.lock`` names are known by their content.
    """
    from web.verifying.picture import NotVerifiable, read  # Pillow comes with the first picture

    app, data = request.app, await request.read()
    try:
        async with app[pictures_key]:
            picture = await asyncio.to_thread(read, data, app[folders_key])
    except NotVerifiable as error:
        return complaint("not_verifiable", "That is no picture that can be made again", str(error))
    job_id, kept = str(uuid.uuid4()), Kept()
    path = original_of(Job({}, (), id=job_id), app[folders_key])
    try:
        prompt, kept = await _recognised(app, picture)
        await asyncio.to_thread(_keep, path, data)
        job, _ = await submit(app, _submission(job_id, prompt, kept))
    except BaseException as error:
        await asyncio.to_thread(_forget, path)
        if not isinstance(error, InvalidWorkflow):
            raise
        return reply(failed(kept, _lines(error)).model_dump(mode="json"))
    return reply(begun(job, kept, "pending").model_dump(mode="json"), 202)


@routes.get("/v1/verify/{job_id}")
@operation("verifying", answers={200: Verification, 404: Refusal})
async def outcome(request: web.Request) -> web.Response:
    """What came of a picture that was made again; without a verdict before the job has ended."""
    app, job_id = request.app, request.match_info["job_id"]
    entry = await app[queue_key].find(job_id)
    kept = kept_of(entry.job) if entry else None
    if entry is None or kept is None:
        raise JobNotFound(f"no job {job_id!r} makes a picture again")
    if entry.outcome is None or entry.outcome.status == "cancelled":
        return reply(begun(entry.job, kept, entry.state).model_dump(mode="json"))
    async with app[pictures_key]:
        found = await asyncio.to_thread(judged, entry.job, entry.outcome, kept, app[folders_key])
    return reply(found.model_dump(mode="json"))


async def _recognised(app: web.Application, picture: Picture) -> tuple[dict[str, Any], Kept]:
    """The workflow in API format, with the names that its models have here."""
    check_size(picture.workflow)
    prompt = dict(await app[pool_key].lower(picture.workflow))
    if picture.lock is None:
        return prompt, Kept.of(None, None)
    found = await app[pool_key].recognise(picture.lock.model_dump(mode="json"), prompt)
    return dict(found.prompt), Kept.of(picture.lock, found.comparison)


def _submission(job_id: str, prompt: dict[str, Any], kept: Kept) -> Submission:
    """Of what the workflow makes, only the node is asked for that saved the picture, if that is one of its own."""
    only = [kept.node] if kept.node in prompt else None
    return Submission(workflow=prompt, only=only, job_id=job_id, extra_data=kept.as_extra_data(), whole=True)


def _lines(invalid: InvalidWorkflow) -> list[str]:
    """Why a workflow cannot run, node by node."""
    told = [
        f"{node.class_type} (node {node_id}): {problem.message}: {problem.details}"
        for node_id, node in invalid.node_problems.items()
        for problem in node.errors
    ]
    return told or [": ".join(filter(None, (invalid.problem.message, invalid.problem.details)))]


def _keep(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _forget(path: Path) -> None:
    shutil.rmtree(path.parent, ignore_errors=True)
