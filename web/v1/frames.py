"""Events as frames of server-sent events."""

from __future__ import annotations

import base64
from typing import Any

from pydantic import BaseModel

from engine.events import (
    Event,
    JobTaken,
    NodeBlocked,
    NodeEvent,
    NodeFinished,
    NodeNote,
    NodePreview,
    NodeProgress,
    NodeStarted,
    NodeText,
)
from web.replies import dumps
from web.v1.views import instant, shown

ALIVE = b": alive\n\n"
"""A comment, so that nothing between here and the reader takes the line for dead."""


def frame(name: str, data: Any, event_id: str | None = None) -> bytes:
    """One event. JSON has no line ends, so it is one line."""
    plain = data.model_dump(mode="json") if isinstance(data, BaseModel) else data
    lines = [f"id: {event_id}"] if event_id is not None else []
    return "\n".join([*lines, f"event: {name}", f"data: {dumps(plain)}", "\n"]).encode()


def event_data(event: Event) -> tuple[str, dict[str, Any]]:
    """The name of an event, and its data."""
    at = {"at": instant(event.at_ms)}
    if isinstance(event, JobTaken):
        return "started", {**at, "attempt": event.attempt}
    if not isinstance(event, NodeEvent):
        raise TypeError(f"{type(event).__name__} is not told")
    name, more = _of_node(event)
    return name, {**at, "node_id": event.node.id, "workflow_node_id": event.node.real, **more}


def _of_node(event: NodeEvent) -> tuple[str, dict[str, Any]]:
    match event:
        case NodeStarted():
            return "node_started", {}
        case NodeProgress():
            return "progress", {"value": event.value, "total": event.total}
        case NodeText():
            return "text", {"text": event.text}
        case NodeNote():
            return "note", {"text": event.text}
        case NodeFinished():
            parts = shown(event.ui or {})
            seconds = round(event.seconds, 6)
            return "node_finished", {"how": event.how, "seconds": seconds, **parts.model_dump(mode="json")}
        case NodeBlocked():
            return "node_blocked", {"reason": event.reason}
        case NodePreview():
            text = base64.b64encode(event.data).decode()
            return "preview", {"image": f"data:{event.media_type};base64,{text}"}
    raise TypeError(f"{type(event).__name__} is not told")
