"""The loop that takes jobs from the queue, has the pool run them, and tells the bus."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from engine.bus import Bus
from engine.errors import EngineError, JobNotFound, QueueFileError, WorkerDied
from engine.events import (
    Event,
    JobDone,
    JobTaken,
    NodeFailure,
    NodeFinished,
    NodeNote,
    NodeStarted,
    QueueChanged,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunStarted,
    now_ms,
)
from engine.graph import NodeId, NodeRef
from engine.jobs import Job, JobQueue, Note, Outcome
from engine.pool import WorkerPool
from engine.tasks import uninterrupted

T = TypeVar("T")

log = logging.getLogger(__name__)


AGAIN_S = 2.0
"""When to try again what the queue could not do, such as on a full disk."""


class Runner:
    """Runs ``pool.size`` jobs at once, and loses none: each is in history or in the queue when ``run`` ends.

    A job that is more urgent than all that run does not wait for one of them to end: it is the one that may run beside
    them. A job of which a worker died runs by itself, so that only who is to blame dies twice.
    """

    def __init__(self, queue: JobQueue, pool: WorkerPool, bus: Bus) -> None:
        self._queue, self._pool, self._bus = queue, pool, bus
        self._turn = asyncio.Lock()  # one at a time asks for the next job, and each knows of those that run
        self._running: dict[str, Job] = {}
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled. A job that is running then goes back to the queue."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._pool.size + 1):
                group.create_task(self._work())
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self._stopping.set()

    async def _work(self) -> None:
        while True:
            async with self._turn:
                job = await self._kept("the next job", lambda: self._queue.claim(self._fits))
                self._running[job.id] = job
            story = Story(job)
            try:
                await self._tell_queue(job)
                self._bus.publish(JobTaken(job.id, job.client_id, job.attempts))
                await self._follow(story)
            finally:
                await uninterrupted(self._leave(story))

    def _fits(self, job: Job) -> bool:
        """Whether a job may run beside those that do."""
        running = self._running.values()
        if not running:
            return True
        if job.deaths or any(other.deaths for other in running):
            return False
        if len(running) < self._pool.size:
            return True
        return len(running) == self._pool.size and job.urgency < min(other.urgency for other in running)

    async def _follow(self, story: Story) -> None:
        """Run a job and publish what happens. Whatever goes wrong with the pool is the job's failure."""
        try:
            async for event in self._pool.run(story.job):
                self._tell(story, event)
            if story.outcome is None:
                raise RuntimeError("the run ended without saying how")
        except Exception as error:
            if story.outcome is not None:
                log.exception("job %s had ended when its pool failed", story.job.id)
            elif isinstance(error, WorkerDied):
                story.death = error
            else:
                self._tell(story, RunFailed(story.job.id, story.failure(error)))

    def _tell(self, story: Story, event: Event) -> None:
        """Publish what happens, but for the end: a server that is killed before it is kept runs the job again."""
        story.add(event)
        if story.outcome is None:
            self._bus.publish(event)
        elif isinstance(event, RunFinished | RunFailed | RunCancelled):
            story.end = event

    def _tell_end(self, story: Story) -> None:
        """Once. Clients do not wait for a disk that is full: then the end is told before it is kept."""
        if end := story.end:
            story.end = None
            self._bus.publish(end)

    async def _leave(self, story: Story) -> None:
        """Into history if the job has ended, else back into the queue; then another may run in its place."""
        job = story.job
        try:
            await self._kept(f"job {job.id}", lambda: self._put_away(story))
        except (QueueFileError, JobNotFound) as error:  # when the file is opened next, the job is pending in it
            log.error("job %s is left as it is: %s", job.id, error)
        else:
            await self._tell_queue(job)
            if story.outcome is not None:
                self._bus.publish(JobDone(job.id))
        del self._running[job.id]
        await self._queue.stir()

    async def _put_away(self, story: Story) -> None:
        job, death = story.job, story.death
        if story.outcome is not None:
            try:
                await self._finish(story, story.outcome)
            finally:
                self._tell_end(story)
        elif death is None or death.innocent:
            await self._queue.release(job.id)
        else:
            log.warning("the worker died of job %s: %s", job.id, death.cause, extra={"job_id": job.id})
            last = RunFailed(job.id, story.failure(death))
            if await self._queue.died(job.id, story.ended(last)):
                self._tell(story, last)
                self._tell_end(story)

    async def _finish(self, story: Story, outcome: Outcome) -> None:
        try:
            await self._queue.finish(story.job.id, outcome)
        except (TypeError, ValueError, RecursionError) as error:  # a node showed what has no form as JSON
            failed = RunFailed(story.job.id, story.failure(error))
            await self._queue.finish(story.job.id, replace(story.ended(failed), outputs={}, nodes={}))
            story.end = failed

    async def _kept(self, what: str, work: Callable[[], Awaitable[T]]) -> T:
        """Have the queue do something, again and again until it can; once more when the server stops."""
        failed = False
        while True:
            try:
                done = await work()
            except QueueFileError as error:
                if self._stopping.is_set():
                    raise
                if not failed:
                    log.error("%s must wait: %s", what, error)
                failed = True
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN_S):
                        await self._stopping.wait()
            else:
                if failed:
                    log.info("%s need not wait any longer", what)
                return done

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
    running: dict[NodeId, NodeRef] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    outcome: Outcome | None = None
    end: RunFinished | RunFailed | RunCancelled | None = None  # as long as it is not told
    death: WorkerDied | None = None

    def add(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.started_ms, self.cached = event.at_ms, event.cached
            case NodeStarted():
                self.running[event.node.id] = event.node
            case NodeFinished():
                self.running.pop(event.node.id, None)
                if not event.cached:
                    self.executed.append(event.node.id)
                if event.ui is not None:
                    self.outputs[event.node.id], self.nodes[event.node.id] = event.ui, event.node
            case NodeNote():
                self.notes.append(Note(event.node.shown_as, event.text))
            case RunFinished() | RunFailed() | RunCancelled():
                self.outcome = self.ended(event)

    def ended(self, event: RunFinished | RunFailed | RunCancelled) -> Outcome:
        """How the job ended, if this was its last event."""
        common = (self.started_ms, event.at_ms, self.cached, self.outputs, self.nodes)
        match event:
            case RunFailed():
                return Outcome("failed", *common, failure=event.failure, notes=tuple(self.notes))
            case RunCancelled():
                return Outcome("cancelled", *common, interrupted=event, notes=tuple(self.notes))
        return Outcome("succeeded", *common, notes=tuple(self.notes))

    def failure(self, error: Exception) -> NodeFailure:
        """That the pool, not a node, failed; or that a worker died, at the node that began last."""
        node_id, died = "", isinstance(error, WorkerDied)
        if died and self.running:
            node_id = self.running[next(reversed(self.running))].real
        return NodeFailure(
            node_id=node_id,
            node_type=str(self.job.prompt.get(node_id, {}).get("class_type", "")),
            message="\n".join([str(error), *getattr(error, "__notes__", ())]),
            exception_type=_name(type(error)),
            traceback=() if died else tuple(traceback.format_exception(error)),
            executed=tuple(self.executed),
        )


def _name(kind: type[Exception]) -> str:
    """As clients see it: where it comes from is told of what others raise."""
    own = kind.__module__ == "builtins" or issubclass(kind, EngineError)
    return kind.__qualname__ if own else f"{kind.__module__}.{kind.__name__}"
