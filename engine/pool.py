"""Who runs jobs. A pool is the only thing that knows whether that happens here or in another process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.differences import Difference
from engine.events import Event
from engine.graph import NodeId
from engine.jobs import Job
from engine.lock_compare import Recognised
from engine.memory import Memory
from engine.node import NodeInfo
from engine.problems import NodeProblems
from engine.replacements import Replacement


@dataclass(frozen=True)
class PlanSummary:
    """A checked workflow as data: ``prompt`` is the workflow in API format, its constants of the declared types."""

    prompt: Mapping[str, Any]
    targets: tuple[NodeId, ...]
    rejected: Mapping[NodeId, NodeProblems] = field(default_factory=dict)


class WorkerPool(Protocol):
    """Runs jobs, ``size`` of them at once."""

    size: int

    async def load(self) -> None:
        """Wait until jobs can run, or raise what keeps them from it: Misconfigured if that will stay so."""
        ...

    async def describe(self) -> list[NodeInfo]:
        """All node types, with their choices read now."""
        ...

    async def replacements(self) -> Mapping[str, Sequence[Replacement]]:
        """What takes the place of node types that are no longer there, by the older type's name."""
        ...

    async def lower(self, workflow: Mapping[str, Any]) -> Mapping[str, Any]:
        """A workflow of either format in API format; unchecked. Raises InvalidWorkflow, NotAWorkflow."""
        ...

    async def diff(self, a: Mapping[str, Any], b: Mapping[str, Any]) -> Difference:
        """What makes one workflow another than the other, see ``engine.diff``. Raises InvalidWorkflow, NotAWorkflow."""
        ...

    async def recognise(self, lock: Mapping[str, Any], prompt: Mapping[str, Any]) -> Recognised:
        """What a ``Lock``, as JSON, names beside what is here, and the workflow in API format with the names that its
        files have here. It may read whole files."""
        ...

    async def plan(self, prompt: Mapping[str, Any], only: Collection[NodeId] | None = None) -> PlanSummary:
        """Check a workflow, in the API format or as an editor saves it. Raises InvalidWorkflow, NotAWorkflow."""
        ...

    def run(self, job: Job) -> AsyncIterator[Event]:
        """Run a job; the last event is RunFinished, RunFailed or RunCancelled. Never raises for a node's failure."""
        ...

    async def cancel(self, job_id: str) -> bool:
        """Interrupt a job if it is running here; return whether it was."""
        ...

    async def explain(self, job_id: str) -> Mapping[str, Any] | None:
        """How each node of a job that ended came by its result, and why it ran (see ``engine.explain``); None if that
        is not known."""
        ...

    async def memory(self) -> Memory:
        """What is in memory where the jobs run."""
        ...

    async def free(self, *, models: bool, cache: bool) -> None:
        """Let go of models in memory, of remembered results, or of both, after what runs now."""
        ...

    async def close(self) -> None: ...
