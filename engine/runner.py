"""The loop that takes jobs from the queue, has the pool run them, and tells the bus."""

from __future__ import annotations

import asyncio
import logging
import traceback
from dataclasses import dataclass, field, replace
from typing import Any

from engine.bus import Bus
from engine.events import (
    Event,
    JobDone,
    JobTaken,
    NodeFailure,
    NodeFinished,
    NodeNote,
    QueueChanged,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunStarted,
    now_ms,
)
from engine.graph import NodeId, NodeRef
from engine.jobs import Job, JobQueue, Note, Outcome, Status
from engine.pool import WorkerPool
from engine.tasks import uninterrupted

log = logging.getLogger(__name__)


class Runner:
    """Runs ``pool.size`` jobs at once, and loses none: each is in history or in the queue when ``run`` ends."""

    def __init__(self, queue: JobQueue, pool: WorkerPool, bus: Bus) -> None:
        self._queue, self._pool, self._bus = queue, pool, bus

    async def run(self) -> None:
        """Work until cancelled. A job that is running then goes back to the queue."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._pool.size):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            job = await self._queue.claim()
            story = Story(job)
            try:
                await self._tell_queue(job)
                self._bus.publish(JobTaken(job.id, job.client_id, job.attempts))
                await self._follow(story)
            finally:
                await uninterrupted(self._leave(story))

    async def _follow(self, story: Story) -> None:
        """Run a job and publish what happens. Whatever goes wrong with the pool is the job's failure."""
        try:
            async for event in self._pool.run(story.job):
                self._tell(story, event)
            if story.outcome is None:
                raise RuntimeError("the run ended without saying how")
        except Exception as error:
            if story.outcome is None:
                self._tell(story, RunFailed(story.job.id, story.failure(error)))
            else:
                log.exception("job %s had ended when its pool failed", story.job.id)

    def _tell(self, story: Story, event: Event) -> None:
        story.add(event)
        self._bus.publish(event)

    async def _leave(self, story: Story) -> None:
        """Into history if the job has ended, else back into the queue."""
        job = story.job
        if story.outcome is None:
            await self._queue.release(job.id)
            await self._tell_queue(job)
            return
        await self._queue.finish(job.id, story.outcome)
        await self._tell_queue(job)
        self._bus.publish(JobDone(job.id))

    async def _tell_queue(self, job: Job) -> None:
        self._bus.publish(QueueChanged(job.id, await self._queue.remaining()))


@dataclass
class Story:
    """What one job's events come to. ``outcome`` is there once an event told how it ended."""

    job: Job
    started_ms: int = field(default_factory=now_ms)
    cached: tuple[NodeId, ...] = ()
    executed: list[NodeId] = field(default_factory=list)
    outputs: dict[NodeId, Any] = field(default_factory=dict)
    nodes: dict[NodeId, NodeRef] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    outcome: Outcome | None = None

    def add(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.started_ms, self.cached = event.at_ms, event.cached
            case NodeFinished():
                if not event.cached:
                    self.executed.append(event.node.id)
                if event.ui is not None:
                    self.outputs[event.node.id], self.nodes[event.node.id] = event.ui, event.node
            case NodeNote():
                self.notes.append(Note(event.node.shown_as, event.text))
            case RunFinished():
                self.outcome = self._ended("succeeded", event)
            case RunFailed():
                self.outcome = replace(self._ended("failed", event), failure=event.failure)
            case RunCancelled():
                self.outcome = replace(self._ended("cancelled", event), interrupted=event)

    def failure(self, error: Exception) -> NodeFailure:
        """That the pool, not a node, failed."""
        kind = type(error)
        return NodeFailure(
            node_id="",
            node_type="",
            message="\n".join([str(error), *getattr(error, "__notes__", ())]),
            exception_type=kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}",
            traceback=tuple(traceback.format_exception(error)),
            executed=tuple(self.executed),
        )

    def _ended(self, status: Status, event: Event) -> Outcome:
        return Outcome(
            status, self.started_ms, event.at_ms, self.cached, self.outputs, self.nodes, notes=tuple(self.notes)
        )
