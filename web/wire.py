"""Events -> ComfyUI's messages. Nothing here sends anything."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
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
    RunCancelled,
    RunFailed,
    RunFinished,
    RunStarted,
)
from engine.graph import NodeId
from web.replies import dumps

PREVIEW_IMAGE, PREVIEW_WITH_METADATA = 1, 4
IMAGE_TYPES = {"image/jpeg": 1, "image/png": 2}

MANY_NODES = 100
SELDOM_MS = 100
"""A job of so many nodes has its ``progress_state``, which tells them all, sent no more often than this."""


@dataclass(frozen=True)
class Message:
    """A JSON message. Those that are ``passing`` are out of date when the next one comes, so they may be dropped."""

    type: str
    data: Mapping[str, Any]
    passing: bool = False

    def encode(self) -> str:
        """The text frame."""
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


Outgoing: TypeAlias = Message | Preview


class JobMessages:
    """The messages of one job. It remembers each node's progress, because ``progress_state`` tells them all."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.running: NodeId | None = None
        """The display id of the node that started last, while it runs."""
        self._nodes: dict[NodeId, dict[str, Any]] = {}
        self._told_ms = 0
        self._owed = False

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
            case NodeFinished():
                return self._finished(event)
            case NodeBlocked():
                return [_blocked(event)]
            case RunFinished():
                return [*self._rest(), success(event.job_id, event.at_ms)]
            case RunFailed():
                return [*self._rest(), error(event.job_id, event.failure, event.at_ms)]
            case RunCancelled():
                node_id, node_type, executed = event.node_id, event.node_type, event.executed
                return [*self._rest(), interrupted(event.job_id, node_id, node_type, executed, event.at_ms)]
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
        before = self._nodes.get(node.id)
        if event.cached and not event.is_output and before is None:
            return []
        if self.running == node.shown_as and node.parent is None:
            self.running = None
        messages: list[Outgoing] = []
        if event.ui is not None or (event.cached and event.is_output):
            data = {"node": node.id, "display_node": node.shown_as, "output": event.ui, "prompt_id": self.job_id}
            messages.append(Message("executed", data))
        total = before["max"] if before else 1
        return [*messages, *self._state(event, total, total, "finished")]

    def _state(self, event: NodeEvent, value: float, total: float, state: str) -> list[Outgoing]:
        node = event.node
        self._nodes[node.id] = {
            "value": value,
            "max": total,
            "state": state,
            "node_id": node.id,
            "prompt_id": self.job_id,
            "display_node_id": node.shown_as,
            "parent_node_id": node.parent,
            "real_node_id": node.real,
        }
        self._owed = len(self._nodes) > MANY_NODES and event.at_ms - self._told_ms < SELDOM_MS
        if self._owed:
            return []
        self._told_ms = event.at_ms
        return [self._all_states()]

    def _rest(self) -> list[Outgoing]:
        """At the end of a job: the last states, if they were not told."""
        owed, self._owed = self._owed, False
        return [self._all_states()] if owed else []

    def _all_states(self) -> Message:
        return Message("progress_state", {"prompt_id": self.job_id, "nodes": dict(self._nodes)}, passing=True)


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
