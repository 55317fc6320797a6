"""A job is one workflow to run; a queue keeps jobs and what became of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from engine.events import NodeFailure, RunCancelled, now_ms
from engine.graph import NodeId, NodeRef

Number: TypeAlias = int | float
Status: TypeAlias = Literal["succeeded", "failed", "cancelled"]
State: TypeAlias = Literal["pending", "running", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True)
class Job:
    """One submission. ``prompt`` is the workflow in API format, ``targets`` the output nodes to run.

    Jobs run by ascending ``number``; ``attempts`` counts how often it was taken up, ``deaths`` how often the process
    that ran it died.
    """

    prompt: Mapping[str, Any]
    targets: tuple[NodeId, ...]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    extra_data: Mapping[str, Any] = field(default_factory=dict)
    number: Number = 0
    created_ms: int = field(default_factory=now_ms)
    attempts: int = 0
    deaths: int = 0

    @property
    def urgency(self) -> Number:
        """Below 0 for a job that goes before others, also before those that run: the lower, the sooner."""
        return min(self.number, 0)

    @property
    def is_aside(self) -> bool:
        """Whether it uses nothing that is remembered, and leaves nothing behind: see ``engine.aside``."""
        return self.extra_data.get("aside") is True

    @property
    def client_id(self) -> str | None:
        """Whose websocket hears of it."""
        client_id = self.extra_data.get("client_id")
        return client_id if isinstance(client_id, str) else None


@dataclass(frozen=True)
class Note:
    """What a user should know of how a node came by its result."""

    node_id: NodeId
    text: str


@dataclass(frozen=True)
class Outcome:
    """How a job ended: what history shows. ``nodes`` says who the keys of ``outputs`` are.

    A failed job has its ``failure``, a cancelled one the event that says where it was ``interrupted``.
    """

    status: Status
    started_ms: int
    finished_ms: int
    cached: tuple[NodeId, ...] = ()
    outputs: Mapping[NodeId, Mapping[str, list[Any]]] = field(default_factory=dict)
    nodes: Mapping[NodeId, NodeRef] = field(default_factory=dict)
    failure: NodeFailure | None = None
    interrupted: RunCancelled | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Record:
    """A finished job and its outcome."""

    job: Job
    outcome: Outcome


@dataclass(frozen=True)
class Census:
    """How many jobs wait and run, and when the one was made that has waited longest; None if none waits."""

    pending: int
    running: int
    oldest_ms: int | None


@dataclass(frozen=True)
class Entry:
    """A job wherever it is. ``arrival`` grows with each job that is put; ``ahead`` counts the jobs that run before one
    that is pending; ``started_ms`` is None if it never ran."""

    job: Job
    state: State
    arrival: int
    ahead: int | None = None
    started_ms: int | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Ticket:
    """Makes one job of a request that comes twice: ``key`` is the client's name for it, ``fingerprint`` tells what it
    asks for."""

    key: str
    fingerprint: str


def anything(job: Job) -> bool:
    """Whether a job may be claimed: any may."""
    return True


class JobQueue(Protocol):
    """Keeps jobs in order and remembers what became of them. Safe to use from one event loop."""

    async def put(
        self, job: Job, *, number: float | None = None, front: bool = False, ticket: Ticket | None = None
    ) -> Job:
        """Queue a job and return it with its number: ``number`` if given, else the next of a counter, negated
        for ``front``. Raises DuplicateJob for an id that is pending or running, or a ticket that a job has; an id in
        history is replaced."""
        ...

    async def again(self, ticket: Ticket) -> Entry | None:
        """The job that was put with this ticket, as long as it is kept. Raises TicketReused if that asked for
        something else."""
        ...

    async def claim(self, fits: Callable[[Job], bool] = anything) -> Job:
        """Wait until the first pending job ``fits``, and mark it as running. No other goes before it."""
        ...

    async def stir(self) -> None:
        """Have those who wait in ``claim`` look again: what fits them has changed."""
        ...

    async def release(self, job_id: str) -> None:
        """Running -> pending, in its old place. Raises JobNotFound."""
        ...

    async def died(self, job_id: str, last: Outcome) -> bool:
        """The process that ran a job has died of it: the first time -> pending, in its old place, the second time ->
        history, with ``last``. Return whether it has ended. Raises JobNotFound."""
        ...

    async def finish(self, job_id: str, outcome: Outcome) -> None:
        """Running -> history. Raises JobNotFound."""
        ...

    async def cancel(self, job_ids: Collection[str] | None = None, *, keep: bool = False) -> set[str]:
        """Remove pending jobs (None: all of them), or ``keep`` them in history as cancelled; return the ids of those
        that were pending."""
        ...

    async def find(self, job_id: str) -> Entry | None:
        """A job wherever it is."""
        ...

    async def page(
        self, states: Collection[State], limit: int, before: int | None = None, workflow: str | None = None
    ) -> list[Entry]:
        """Jobs in any of these states, the last arrived first; of those only that arrived ``before`` another, and only
        those that came from the saved ``workflow`` of that name."""
        ...

    async def pending(self) -> list[Job]:
        """In the order they will run."""
        ...

    async def running(self) -> list[Job]: ...

    async def remaining(self) -> int:
        """How many are pending or running."""
        ...

    async def census(self) -> Census:
        """Count what waits and runs; cheap, however much history there is."""
        ...

    async def pending_of(self, client_id: str | None) -> int:
        """How many of a client's jobs are pending; None: of jobs without client."""
        ...

    async def history(self, limit: int | None = None, offset: int = 0) -> list[Record]:
        """Finished jobs, oldest first. ``offset`` < 0: the newest ``limit``; else skip that many of the oldest."""
        ...

    async def ended(self) -> int:
        """How many are in history."""
        ...

    async def record(self, job_id: str) -> Record | None: ...

    async def forget(self, job_ids: Collection[str] | None = None) -> None:
        """Remove from history (None: everything)."""
        ...

    async def close(self) -> None: ...
