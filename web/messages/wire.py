"""Events -> ComfyUI's messages. Nothing here sends anything."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from engine.events import (
    Event,
    NodeBlocked,
    NodeEvent,
    NodeFailure,
    NodeFinished,
    NodePreview,
    NodeProgress,
    NodeStarted,
    NodeText,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunStarted,
)
from engine.graph import NodeId
from web.messages.progress_state import ProgressStates
from web.replies import dumps

PREVIEW_IMAGE, TEXT, PREVIEW_WITH_METADATA = 1, 3, 4
IMAGE_TYPES = {"image/jpeg": 1, "image/png": 2}


@dataclass(frozen=True)
class Message:
    """A JSON message. Those that are ``passing`` are out of date when the next one comes, so they may be dropped."""

    type: str
    data: Mapping[str, Any]
    passing: bool = False

    @cached_property
    def frame(self) -> str:
        """As text, made once for all who hear it."""
        return dumps({"type": self.type, "data": self.data})


@dataclass(frozen=True)
class Preview:
    """A picture of unfinished work: event 4 for clients that know it, event 1 for others."""

    event: NodePreview

    def encode(self, *, with_metadata: bool) -> bytes:
        """The binary frame."""
        event = self.event
        if not with_metadata:
            return struct.pack(">II", PREVIEW_IMAGE, IMAGE_TYPES.get(event.media_type, 1)) + event.data
        metadata = dumps(
            {
                "node_id": event.node.id,
                "prompt_id": event.job_id,
                "display_node_id": event.node.shown_as,
                "parent_node_id": event.node.parent,
                "real_node_id": event.node.real,
                "image_type": event.media_type,
            }
        ).encode()
        return struct.pack(">II", PREVIEW_WITH_METADATA, len(metadata)) + metadata + event.data


@dataclass(frozen=True)
class Text:
    """A line of text that a node shows while it works: event 3."""

    event: NodeText
    passing: bool = True
    type: str = "text"

    @cached_property
    def frame(self) -> bytes:
        """The binary frame."""
        node_id = self.event.node.id.encode()
        return struct.pack(">II", TEXT, len(node_id)) + node_id + self.event.text.encode()


Outgoing: TypeAlias = Message | Preview | Text


class JobMessages:
    """The messages of one job."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.running: NodeId | None = None
        """The display id of the node that started last, while it runs."""
        self._states = ProgressStates(job_id)

    @property
    def owes(self) -> bool:
        """Whether ``overdue`` has something to tell."""
        return self._states.owes

    def of(self, event: Event) -> list[Outgoing]:
        """What to tell the job's client about an event, in order."""
        match event:
            case RunStarted():
                return [*opening(event.job_id, event.at_ms, event.cached)]
            case NodeStarted():
                return self._started(event)
            case NodeProgress():
                data = {"value": event.value, "max": event.total, "prompt_id": self.job_id, "node": event.node.id}
                state = self._state(event, event.value, event.total, "running")
                return [*state, Message("progress", data, passing=True)]
            case NodePreview():
                return [Preview(event)]
            case NodeText():
                return [Text(event)]
            case NodeFinished():
                return self._finished(event)
            case NodeBlocked():
                return [_blocked(event)]
            case RunFinished() | RunFailed() | RunCancelled():
                return [*self.overdue(event.at_ms), ended(event)]
        return []

    def done(self) -> Message:
        """The last message, once history is written."""
        return Message("executing", {"node": None, "prompt_id": self.job_id})

    def _started(self, event: NodeStarted) -> list[Outgoing]:
        self.running = event.node.shown_as
        data = {"node": event.node.id, "display_node": event.node.shown_as, "prompt_id": self.job_id}
        return [*self._state(event, 0.0, 1.0, "running"), Message("executing", data)]

    def _finished(self, event: NodeFinished) -> list[Outgoing]:
        node = event.node
        if event.cached and not event.is_output and not self._states.knows(node.id):
            return []
        if self.running == node.shown_as and node.parent is None:
            self.running = None
        messages: list[Outgoing] = []
        if event.ui is not None or (event.cached and event.is_output):
            data = {"node": node.id, "display_node": node.shown_as, "output": event.ui, "prompt_id": self.job_id}
            messages.append(Message("executed", data))
        total = self._states.total(node.id)
        return [*messages, *self._state(event, total, total, "finished")]

    def _state(self, event: NodeEvent, value: float, total: float, state: str) -> list[Outgoing]:
        data = self._states.change(event, value, total, state)
        return [] if data is None else [Message("progress_state", data, passing=True)]

    def overdue(self, at_ms: int) -> list[Outgoing]:
        """The states of nodes that were held back."""
        return [Message("progress_state", self._states.tell(at_ms), passing=True)] if self.owes else []


def status(remaining: int, sid: str | None = None) -> Message:
    """How long the queue is; with ``sid``, the greeting of a new socket."""
    data: dict[str, Any] = {"status": {"exec_info": {"queue_remaining": remaining}}}
    return Message("status", data if sid is None else {**data, "sid": sid})


def opening(job_id: str, at_ms: int, cached: tuple[NodeId, ...]) -> list[Message]:
    """The first two messages of a job."""
    return [
        Message("execution_start", {"prompt_id": job_id, "timestamp": at_ms}),
        Message("execution_cached", {"nodes": list(cached), "prompt_id": job_id, "timestamp": at_ms}),
    ]


def ended(event: RunFinished | RunFailed | RunCancelled) -> Message:
    """How the job ended."""
    match event:
        case RunFailed():
            return error(event.job_id, event.failure, event.at_ms)
        case RunCancelled():
            return interrupted(event.job_id, event.node_id, event.node_type, event.executed, event.at_ms)
    return success(event.job_id, event.at_ms)


def success(job_id: str, at_ms: int) -> Message:
    """All is done."""
    return Message("execution_success", {"prompt_id": job_id, "timestamp": at_ms})


def error(job_id: str, failure: NodeFailure, at_ms: int) -> Message:
    """A node failed. The text ends with a line end, as clients expect."""
    data = {
        "prompt_id": job_id,
        "node_id": failure.node_id,
        "node_type": failure.node_type,
        "executed": list(failure.executed),
        "exception_message": failure.message + "\n",
        "exception_type": failure.exception_type,
        "traceback": list(failure.traceback),
        "current_inputs": failure.inputs,
        "current_outputs": list(failure.outputs),
        "timestamp": at_ms,
    }
    return Message("execution_error", data)


def _blocked(event: NodeBlocked) -> Message:
    data = {
        "prompt_id": event.job_id,
        "node_id": event.node.real,
        "node_type": event.node_type,
        "executed": list(event.executed),
        "exception_message": f"Execution Blocked: {event.reason}",
        "exception_type": "ExecutionBlocked",
        "traceback": [],
        "current_inputs": [],
        "current_outputs": [],
    }
    return Message("execution_error", data)


def interrupted(job_id: str, node_id: str, node_type: str, executed: tuple[NodeId, ...], at_ms: int) -> Message:
    """Somebody stopped the job."""
    data = {"prompt_id": job_id, "node_id": node_id, "node_type": node_type, "executed": list(executed)}
    return Message("execution_interrupted", {**data, "timestamp": at_ms})
