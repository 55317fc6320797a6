"""Jobs and what became of them, as the queue, the history and ``/api/jobs`` show them. Pure functions."""

from __future__ import annotations

from typing import Any

from engine.events import NodeFailure, RunCancelled
from engine.graph import NodeRef
from engine.jobs import Job, Record
from web.messages.wire import Message, error, interrupted, opening, success

SENSITIVE = frozenset({"auth_token_comfy_org", "api_key_comfy_org", "webhook"})
"""What clients send along that is not shown to others: keys, and the secret of a webhook."""


def queue_item(job: Job) -> list[Any]:
    """A job as ``/queue`` and the history show it."""
    shown = {key: value for key, value in job.extra_data.items() if key not in SENSITIVE}
    return [job.number, job.id, job.prompt, shown, list(job.targets)]


def history_entry(record: Record) -> dict[str, Any]:
    """A finished job as ``/history`` shows it."""
    outcome = record.outcome
    messages = [*opening(record.job.id, outcome.started_ms, outcome.cached), ending(record)]
    return {
        "prompt": queue_item(record.job),
        "outputs": outcome.outputs,
        "status": {
            "status_str": "success" if outcome.status == "succeeded" else "error",
            "completed": outcome.status == "succeeded",
            "messages": [[message.type, message.data] for message in messages],
        },
        "meta": {node_id: _meta(ref) for node_id, ref in outcome.nodes.items()},
    }


def ending(record: Record) -> Message:
    """The message that tells how a job ended."""
    job_id, outcome, at_ms = record.job.id, record.outcome, record.outcome.finished_ms
    if outcome.status == "succeeded":
        return success(job_id, at_ms)
    if outcome.status == "cancelled":
        where = outcome.interrupted or RunCancelled(job_id)
        return interrupted(job_id, where.node_id, where.node_type, where.executed, at_ms)
    return error(job_id, outcome.failure or NodeFailure("", "", "", ""), at_ms)


def _meta(ref: NodeRef) -> dict[str, Any]:
    return {"node_id": ref.id, "display_node": ref.shown_as, "parent_node": ref.parent, "real_node_id": ref.real}
