"""What happens while jobs run, as values. The server turns them into messages; tests just look at them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.graph import NodeId, NodeRef
from engine.trace import How


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Event:
    """Something that happened in a job."""

    job_id: str
    at_ms: int = field(default_factory=now_ms, kw_only=True)


@dataclass(frozen=True)
class RunStarted(Event):
    """``cached`` are the nodes whose results are remembered."""

    cached: tuple[NodeId, ...] = ()


@dataclass(frozen=True)
class NodeEvent(Event):
    """Something that happened at a node."""

    node: NodeRef


@dataclass(frozen=True)
class NodeStarted(NodeEvent):
    pass


@dataclass(frozen=True)
class NodeProgress(NodeEvent):
    value: float
    total: float


@dataclass(frozen=True)
class NodePreview(NodeEvent):
    """A small picture of unfinished work, or a ``finished`` one that is kept nowhere else: ``media_type`` is
    ``image/jpeg`` or ``image/png``. ``asked``: the job said that it wants to see unfinished work."""

    media_type: str
    data: bytes
    finished: bool = False
    asked: bool = False


@dataclass(frozen=True)
class NodeText(NodeEvent):
    """A line of text about unfinished work."""

    text: str


@dataclass(frozen=True)
class NodeNote(NodeEvent):
    """Something that a user should know of how a node came by its result; history keeps it."""

    text: str


@dataclass(frozen=True)
class NodeFinished(NodeEvent):
    """``cached``: it did not run, its result was remembered. ``is_output``: it is a root of the workflow. ``how`` it
    came by its result, and the ``seconds`` that its calls took, are its fate in the run."""

    ui: Mapping[str, list[Any]] | None = None
    cached: bool = False
    is_output: bool = False
    how: How | None = field(default=None, compare=False)
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class NodeBlocked(NodeEvent):
    """A blocker with a message reached this node, so it did not run."""

    node_type: str
    reason: str
    executed: tuple[NodeId, ...] = ()


@dataclass(frozen=True)
class RunFinished(Event):
    pass


@dataclass(frozen=True)
class NodeFailure:
    """Why a job failed, as data that can be stored and sent. ``inputs`` are JSON values or their text."""

    node_id: NodeId
    node_type: str
    message: str
    exception_type: str
    traceback: tuple[str, ...] = ()
    inputs: Mapping[str, list[Any]] = field(default_factory=dict)
    executed: tuple[NodeId, ...] = ()
    outputs: tuple[NodeId, ...] = ()


@dataclass(frozen=True)
class RunFailed(Event):
    failure: NodeFailure


@dataclass(frozen=True)
class RunCancelled(Event):
    """Interrupted while ``node_id`` ran; empty if none did."""

    node_id: NodeId = ""
    node_type: str = ""
    executed: tuple[NodeId, ...] = ()


@dataclass(frozen=True)
class QueueChanged(Event):
    """A job was queued, taken, finished or removed; ``remaining`` counts pending and running ones."""

    remaining: int


@dataclass(frozen=True)
class JobQueued(Event):
    """A job has come into the queue."""


@dataclass(frozen=True)
class JobTaken(Event):
    """The first event of a job that runs: it is about to run, for ``client_id``, for the ``attempt``-th time."""

    client_id: str | None = None
    attempt: int = 1


@dataclass(frozen=True)
class JobDone(Event):
    """The last event of a job: by now history has it."""


@dataclass(frozen=True)
class JobRemoved(Event):
    """A job was taken out of the queue before it ran, and nothing is kept of it."""
