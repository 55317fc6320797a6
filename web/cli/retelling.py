"""The events of a job on a server, as the engine's own: for the progress bars, and for the report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.events import (
    Event,
    NodeBlocked,
    NodeFinished,
    NodeNote,
    NodeProgress,
    NodeStarted,
    RunCancelled,
    RunFinished,
    RunStarted,
)
from engine.graph import NodeRef
from web.client import JobEvent


def retold(job_id: str, event: JobEvent) -> Event | None:
    """The same in the engine's words; None for what is not shown in a terminal."""
    data = event.data
    at_ms = round(datetime.fromisoformat(data.get("at") or data["finished"]).timestamp() * 1000)
    match event.type:
        case "started":
            return RunStarted(job_id, at_ms=at_ms)
        case "succeeded":
            return RunFinished(job_id, at_ms=at_ms)
        case "cancelled":
            return RunCancelled(job_id, at_ms=at_ms)
        case "node_started":
            return NodeStarted(job_id, _node(data), at_ms=at_ms)
        case "progress":
            return NodeProgress(job_id, _node(data), data["value"], data["total"], at_ms=at_ms)
        case "node_finished":
            return NodeFinished(job_id, _node(data), cached=data["how"] != "ran", at_ms=at_ms)
        case "note":
            return NodeNote(job_id, _node(data), data["text"], at_ms=at_ms)
        case "node_blocked":
            return NodeBlocked(job_id, _node(data), data.get("class_type") or "", data["reason"], at_ms=at_ms)
    return None


def _node(data: Mapping[str, Any]) -> NodeRef:
    """A node that another expanded into is told of as a part of that one."""
    node_id, real = data["node_id"], data["workflow_node_id"]
    return NodeRef(node_id, real, None if node_id == real else real, real)
