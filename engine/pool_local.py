"""Jobs run in this process: for ``wireloom run``, for tests, and for a server that has no worker of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Any

from engine.cache import Cache
from engine.errors import Cancelled, CycleError, EngineError, NodeFailed
from engine.events import Event, NodeFailure, RunCancelled, RunFailed, RunFinished
from engine.graph import NodeId
from engine.jobs import Job
from engine.lanes import Lanes
from engine.node import NodeInfo
from engine.plan import plan
from engine.pool import PlanSummary
from engine.registry import Registry
from engine.run import Run
from engine.workflow import read_api

PLAIN = (int, float, str, bool, type(None))


class LocalPool:
    """One job at a time, on this event loop and its threads.

    ``load`` builds the registry when it is first needed, in a thread: importing the nodes takes seconds.
    ``unload`` lets go of models in memory.
    """

    size = 1

    def __init__(
        self, load: Callable[[], Registry], cache: Cache, lanes: Lanes, unload: Callable[[], object] | None = None
    ) -> None:
        self._load, self._cache, self._lanes, self._unload = load, cache, lanes, unload
        self._loading: asyncio.Task[Registry] | None = None
        self._runs: dict[str, Run | None] = {}  # None while a job's nodes are loaded and its workflow is checked
        self._cancelled: set[str] = set()
        self._free = {"models": False, "cache": False}

    async def registry(self) -> Registry:
        """The node types; loaded once, and again only if loading failed."""
        if self._loading is None or (self._loading.done() and (self._loading.cancelled() or self._loading.exception())):
            self._loading = asyncio.create_task(asyncio.to_thread(self._load), name="load nodes")
        return await asyncio.shield(self._loading)

    async def describe(self) -> list[NodeInfo]:
        registry = await self.registry()
        return await asyncio.to_thread(registry.describe)

    async def plan(self, prompt: Mapping[str, Any], only: Collection[NodeId] | None = None) -> PlanSummary:
        registry = await self.registry()
        checked = await asyncio.to_thread(lambda: plan(read_api(prompt), registry, only))
        return PlanSummary(checked.prompt, checked.targets, checked.rejected)

    async def run(self, job: Job) -> AsyncIterator[Event]:
        loop, thread, events = asyncio.get_running_loop(), threading.get_ident(), asyncio.Queue[Event | None]()

        def emit(event: Event) -> None:
            if threading.get_ident() == thread:
                events.put_nowait(event)
            else:
                loop.call_soon_threadsafe(events.put_nowait, event)

        task = asyncio.create_task(self._execute(job, emit), name=f"job {job.id}")
        task.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while event := await events.get():
                yield event
            yield task.result()
        finally:
            if not task.done():
                await self.cancel(job.id)
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def cancel(self, job_id: str) -> bool:
        if job_id not in self._runs:
            return False
        self._cancelled.add(job_id)
        if run := self._runs[job_id]:
            run.cancel()
        return True

    async def free(self, *, models: bool, cache: bool) -> None:
        self._free["models"] |= models
        self._free["cache"] |= cache
        if not self._runs:
            await self._let_go()

    async def close(self) -> None:
        for job_id in self._runs:
            await self.cancel(job_id)
        self._lanes.close()

    async def _execute(self, job: Job, emit: Callable[[Event], None]) -> Event:
        """Run a job to its end; return the event that tells how it ended."""
        self._runs[job.id] = None
        try:
            return await self._checked_and_run(job, emit)
        finally:
            del self._runs[job.id]
            self._cancelled.discard(job.id)
            await self._let_go()

    async def _checked_and_run(self, job: Job, emit: Callable[[Event], None]) -> Event:
        try:
            registry = await self.registry()
            checked = await asyncio.to_thread(lambda: plan(read_api(job.prompt), registry, job.targets or None))
        except Exception as error:
            return RunFailed(job.id, _failure("", "", error))
        if job.id in self._cancelled:
            return RunCancelled(job.id)
        run = self._runs[job.id] = Run(job, checked.graph, registry, self._cache, self._lanes, emit)
        try:
            await run.execute(checked.targets)
            return RunFinished(job.id)
        except NodeFailed as failed:
            return RunFailed(job.id, _node_failure(run, failed))
        except EngineError as error:
            first = error.loop[0] if isinstance(error, CycleError) else next(iter(run.started), "")
            return RunFailed(job.id, _failure(first, run.graph[first].type if first else "", error))
        except Cancelled:
            return _cancelled(job, run)

    async def _let_go(self) -> None:
        if self._free["cache"]:
            await self._cache.clear()
        if self._free["models"] and self._unload:
            await asyncio.to_thread(self._unload)
        self._free = {"models": False, "cache": False}


def _cancelled(job: Job, run: Run) -> RunCancelled:
    if not run.started:
        return RunCancelled(job.id, executed=tuple(run.executed))
    real = run.graph[run.graph.ref(next(reversed(run.started))).real]
    return RunCancelled(job.id, real.id, real.type, tuple(run.executed))


def _node_failure(run: Run, failed: NodeFailed) -> NodeFailure:
    real = run.graph[run.graph.ref(failed.node.id).real]
    return _failure(real.id, real.type, failed.error, failed.inputs, tuple(run.executed), run.settled())


def _failure(
    node_id: NodeId,
    node_type: str,
    error: BaseException,
    inputs: Mapping[str, list[Any]] | None = None,
    executed: tuple[NodeId, ...] = (),
    outputs: tuple[NodeId, ...] = (),
) -> NodeFailure:
    """The error as data: what was tried, on what, and where it went wrong; notes become further lines."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return NodeFailure(
        node_id=node_id,
        node_type=node_type,
        message="\n".join([str(error), *getattr(error, "__notes__", ())]),
        exception_type=name,
        traceback=tuple(traceback.format_tb(error.__traceback__)),
        inputs={k: [v if isinstance(v, PLAIN) else _brief(v) for v in values] for k, values in (inputs or {}).items()},
        executed=executed,
        outputs=outputs,
    )


def _brief(value: Any) -> str:
    """A value's text, short enough to send: a tensor's shape says more than its numbers."""
    shape = getattr(value, "shape", None)
    return f"{type(value).__name__} of shape {tuple(shape)}" if shape is not None else str(value)[:500]
