"""Jobs as ``/v1`` shows them. Pure functions, but for ``describe``."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import Field, ValidationError

from engine.events import NodeFailure, now_ms
from engine.exposed import OWN, title_of
from engine.graph import NodeId
from engine.jobs import Entry, Job, Outcome, Record
from engine.pool import WorkerPool
from web.shapes import Shape
from web.v1.schemas import File, JobError, JobSummary, JobView, Links, NodeView, NoteView, Output, Seconds, Shown


class Given(Shape):
    """What ``/v1`` keeps of a request, in the job's extra data."""

    workflow: str | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    metadata: dict[str, Any] = Field(default_factory=dict)


async def describe(pool: WorkerPool, entry: Entry) -> JobView:
    """A job with all that is known of it."""
    accounts = await pool.explain(entry.job.id) if entry.outcome else None
    return JobView(
        **dict(summary(entry)),
        attempts=entry.job.attempts,
        deaths=entry.job.deaths,
        notes=[NoteView(node_id=note.node_id, text=note.text) for note in entry.outcome.notes] if entry.outcome else [],
        nodes=_nodes(entry, accounts or {}),
    )


async def describe_record(pool: WorkerPool, record: Record) -> JobView:
    """The same of a job that has ended."""
    job, outcome = record.job, record.outcome
    return await describe(pool, Entry(job, outcome.status, 0, started_ms=outcome.started_ms, outcome=outcome))


def removed(entry: Entry) -> Entry:
    """A job that was pending when it was taken out of the queue, as if it had been kept."""
    now = now_ms()
    return Entry(entry.job, "cancelled", entry.arrival, outcome=Outcome("cancelled", now, now))


def summary(entry: Entry) -> JobSummary:
    """A job in a list."""
    job, outcome, given = entry.job, entry.outcome, _given(entry.job)
    return JobSummary(
        id=job.id,
        state=entry.state,
        position=entry.ahead,
        created=instant(job.created_ms),
        started=None if entry.started_ms is None else instant(entry.started_ms),
        finished=instant(outcome.finished_ms) if outcome else None,
        seconds=_seconds(entry),
        workflow=given.workflow,
        inputs=given.inputs,
        outputs=_outputs(job, outcome) if outcome else {},
        error=_error(outcome.failure) if outcome and outcome.failure else None,
        metadata=given.metadata,
        links=Links(self=location(job.id), events=f"{location(job.id)}/events"),
    )


def instant(at_ms: int) -> str:
    """RFC 3339, UTC, milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def location(job_id: str) -> str:
    return f"/v1/jobs/{quote(job_id, safe='')}"


def shown(ui: Mapping[str, Any]) -> Shown:
    """What a node showed: files apart from the rest."""
    files: list[File] = []
    data: dict[str, list[Any]] = {}
    for key, items in ui.items():
        listed = list(items) if isinstance(items, list | tuple) else [items]
        found = [file for item in listed if (file := _file(item))]
        files += found
        if len(found) < len(listed):
            data[key] = [item for item in listed if not _file(item)]
    return Shown(files=files, data=data)


def names_of_outputs(prompt: Mapping[str, Any], node_ids: list[NodeId]) -> dict[str, NodeId]:
    """A name for each node: that which it exposes, else its title, else its id; no two are the same."""
    names: dict[str, NodeId] = {}
    for node_id in node_ids:
        node = prompt.get(node_id, {})
        own = (node.get("_meta") or {}).get(OWN)
        exposed = own.get("output") if isinstance(own, Mapping) else None
        name = exposed if isinstance(exposed, str) and exposed else title_of(node) or node_id
        names[name if name not in names else _other_name(name, node_id, names)] = node_id
    return names


def _other_name(name: str, node_id: NodeId, taken: Mapping[str, NodeId]) -> str:
    name = f"{name} ({node_id})"
    while name in taken:
        name += "'"
    return name


def _given(job: Job) -> Given:
    """Other ways of submitting may put anything there."""
    try:
        return Given.model_validate(job.extra_data.get(OWN, {}))
    except ValidationError:
        return Given()


def _seconds(entry: Entry) -> Seconds:
    ended_ms = entry.outcome.finished_ms if entry.outcome else now_ms()
    begun_ms = ended_ms if entry.started_ms is None else entry.started_ms
    running = None if entry.started_ms is None else max(0, ended_ms - entry.started_ms) / 1000
    return Seconds(waiting=max(0, begun_ms - entry.job.created_ms) / 1000, running=running)


def _error(failure: NodeFailure) -> JobError:
    return JobError(
        node_id=failure.node_id,
        node_type=failure.node_type,
        message=failure.message,
        exception_type=failure.exception_type,
        traceback=list(failure.traceback),
    )


def _outputs(job: Job, outcome: Outcome) -> dict[str, Output]:
    """What the nodes showed, by name. What a node expanded into shows counts as its own."""
    merged: dict[NodeId, Output] = {}
    for node_id, ui in outcome.outputs.items():
        owner, part = _owner(job, outcome, node_id), shown(ui)
        whole = merged.setdefault(owner, Output(node_id=owner))
        whole.files += part.files
        for key, items in part.data.items():
            whole.data.setdefault(key, []).extend(items)
    return {name: merged[node_id] for name, node_id in names_of_outputs(job.prompt, list(merged)).items()}


def _owner(job: Job, outcome: Outcome, node_id: NodeId) -> NodeId:
    """The node of the workflow that is shown for this one."""
    ref = outcome.nodes.get(node_id)
    candidates = (node_id, ref.shown_as, ref.real) if ref else (node_id,)
    return next((each for each in candidates if each in job.prompt), node_id)


def _nodes(entry: Entry, accounts: Mapping[NodeId, Any]) -> dict[NodeId, NodeView]:
    outputs = entry.outcome.outputs if entry.outcome else {}
    return {node_id: _node(entry.job, node_id, accounts, outputs) for node_id in _ids(accounts, outputs)}


def _ids(accounts: Mapping[NodeId, Any], outputs: Mapping[NodeId, Any]) -> Iterator[NodeId]:
    yield from accounts
    yield from (node_id for node_id in outputs if node_id not in accounts)


def _node(job: Job, node_id: NodeId, accounts: Mapping[NodeId, Any], outputs: Mapping[NodeId, Any]) -> NodeView:
    account, node = accounts.get(node_id, {}), job.prompt.get(node_id, {})
    return NodeView(
        class_type=account.get("type") or node.get("class_type") or "",
        title=title_of(node),
        how=account.get("how"),
        seconds=account.get("seconds"),
        why=account.get("causes", []),
        parent=account.get("parent"),
        shown=shown(outputs[node_id]) if node_id in outputs else None,
    )


def _file(item: Any) -> File | None:
    """The file that an item of a node's outputs tells of; None if it is none."""
    if not isinstance(item, Mapping) or not isinstance(item.get("filename"), str):
        return None
    name, kind = item["filename"], str(item.get("type") or "output")
    subfolder = str(item.get("subfolder") or "")
    query = urlencode({"filename": name, "subfolder": subfolder, "type": kind})
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return File(filename=name, subfolder=subfolder, type=kind, url=f"/view?{query}", media_type=media_type)
