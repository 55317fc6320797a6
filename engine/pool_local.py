"""Jobs run in this process: for ``wireloom run``, for tests, and for a server that has no worker of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import Any

from engine import failures
from engine.aside import registry_aside, retelling
from engine.cache import Cache, NoCache
from engine.checkpoints import Checkpoints
from engine.cutoff import Cutoff
from engine.diff import difference
from engine.differences import Difference
from engine.errors import Cancelled, CycleError, EngineError, NodeFailed
from engine.events import Event, RunCancelled, RunFailed, RunFinished
from engine.graph import Graph, NodeId
from engine.jobs import Job
from engine.keys import Digest
from engine.lanes import Lanes
from engine.ledger import Ledger
from engine.lock import Lock
from engine.lock_compare import Recognised, recognise
from engine.lower import as_api, lower
from engine.memory import Memory
from engine.node import NodeInfo
from engine.notebook import Notebook
from engine.plan import Plan, plan
from engine.pool import PlanSummary
from engine.registry import Registry
from engine.relief import is_out_of_memory
from engine.replacements import Replacement, replaced
from engine.run import Computing, Run, no_digest
from engine.workflow import is_ui, read_api

PLANNED_NODES = 20_000
"""Of checked workflows that are kept until they run: most run soon, and need not be checked again."""


class LocalPool:
    """Jobs on this event loop and its threads, ``size`` of them at once; they share models, results and lanes.

    ``load`` builds the registry when it is first needed, in a thread: importing the nodes takes seconds.
    ``unload`` lets go of models in memory; ``digest`` hashes the content of values; ``notebook`` explains the runs;
    with ``cutoff`` a node whose inputs hold what they held before is not run again. ``tidy`` is called after each job,
    in a thread; ``ledger`` tells what is in memory. Nodes store what they go on from in ``checkpoints``; whoever knows
    that a job has ended removes that. ``machine`` says with what is computed.
    """

    def __init__(
        self,
        load: Callable[[], Registry],
        cache: Cache,
        lanes: Lanes,
        unload: Callable[[], object] | None = None,
        *,
        size: int = 1,
        digest: Digest = no_digest,
        notebook: Notebook | None = None,
        cutoff: bool = False,
        tidy: Callable[[], object] | None = None,
        ledger: Ledger | None = None,
        checkpoints: Checkpoints | None = None,
        machine: Callable[[Registry], Mapping[str, str]] = lambda _: {},
    ) -> None:
        self.size = size
        self._load, self._cache, self._lanes, self._unload, self._tidy = load, cache, lanes, unload, tidy
        self._digest, self._notebook, self._ledger = digest, notebook, ledger or Ledger(cache)
        self._cutoff = Cutoff(digest) if cutoff else None
        self._checkpoints, self._machine = checkpoints, machine
        self._loading: asyncio.Task[Registry] | None = None
        self._runs: dict[str, Run | None] = {}  # None while a job's nodes are loaded and its workflow is checked
        self._cancelled: set[str] = set()
        self._computing: Computing = {}
        self._working = 0  # of the runs, those that have begun
        self._free = {"models": False, "cache": False}
        self._changed = asyncio.Event()
        self._planned: deque[Plan] = deque()

    async def registry(self) -> Registry:
        """The node types; loaded once, and again only if loading failed."""
        if self._loading is None or (self._loading.done() and (self._loading.cancelled() or self._loading.exception())):
            self._loading = asyncio.create_task(asyncio.to_thread(self._load), name="load nodes")
        return await asyncio.shield(self._loading)

    async def load(self) -> None:
        await self.registry()

    async def describe(self) -> list[NodeInfo]:
        registry = await self.registry()
        return await asyncio.to_thread(registry.describe)

    async def replacements(self) -> Mapping[str, Sequence[Replacement]]:
        return (await self.registry()).replacements

    async def lower(self, workflow: Mapping[str, Any]) -> Mapping[str, Any]:
        if not is_ui(workflow):
            return await asyncio.to_thread(lambda: read_api(workflow).dump())
        return await asyncio.to_thread(lower, workflow, await self.registry())

    async def diff(self, a: Mapping[str, Any], b: Mapping[str, Any]) -> Difference:
        return await asyncio.to_thread(difference, a, b, await self.registry())

    async def recognise(self, lock: Mapping[str, Any], prompt: Mapping[str, Any]) -> Recognised:
        registry = await self.registry()
        return await asyncio.to_thread(
            lambda: recognise(Lock.model_validate(lock), prompt, registry, self._machine(registry))
        )

    async def plan(self, prompt: Mapping[str, Any], only: Collection[NodeId] | None = None) -> PlanSummary:
        registry = await self.registry()
        checked = await asyncio.to_thread(_plan_afresh, prompt, registry, only)
        self._keep_plan(checked)
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
        self._tell_changed()
        if run := self._runs[job_id]:
            run.cancel()
        return True

    async def explain(self, job_id: str) -> Mapping[str, Any] | None:
        return await self._notebook.explanation(job_id) if self._notebook else None

    async def memory(self) -> Memory:
        return await self._ledger.memory()

    async def free(self, *, models: bool, cache: bool) -> None:
        self._free["models"] |= models
        self._free["cache"] |= cache
        if not self._working:
            await self._let_go()

    async def close(self) -> None:
        for job_id in self._runs:
            await self.cancel(job_id)
        self._lanes.close()
        await self._cache.close()
        if self._notebook:
            await self._notebook.close()

    async def _execute(self, job: Job, emit: Callable[[Event], None]) -> Event:
        """Run a job to its end; return the event that tells how it ended."""
        self._runs[job.id] = None
        self._ledger.begin()
        try:
            await self._may_begin(job.id)
            self._working += 1
            try:
                return await self._checked_and_run(job, emit)
            finally:
                self._working -= 1
        finally:
            del self._runs[job.id]
            self._cancelled.discard(job.id)
            await self._leave()

    async def _leave(self) -> None:
        """Tidy up after a job; with the last that runs goes what is to be let go of."""
        if not self._working:
            await self._let_go()
        if self._tidy:
            await asyncio.to_thread(self._tidy)
        self._tell_changed()

    async def _may_begin(self, job_id: str) -> None:
        """Wait for the jobs that run, if something is to be let go of after them: else it might stay for ever."""
        while self._working and any(self._free.values()) and job_id not in self._cancelled:
            await self._changed.wait()

    def _tell_changed(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _checked_and_run(self, job: Job, emit: Callable[[Event], None]) -> Event:
        try:
            registry = await self.registry()
            checked = self._known_plan(job)
            if checked is None:
                checked = await asyncio.to_thread(_checked, job, registry)
        except Exception as error:
            return RunFailed(job.id, failures.failure("", "", error))
        if job.id in self._cancelled:
            return RunCancelled(job.id)
        run = self._runs[job.id] = self._run(job, checked.graph, registry, emit)
        try:
            return await self._outcome(run, checked.targets)
        finally:
            if self._notebook and not job.is_aside:
                self._notebook.note(run)

    def _run(self, job: Job, graph: Graph, registry: Registry, emit: Callable[[Event], None]) -> Run:
        return Run(
            job,
            graph,
            registry_aside(registry, job) if job.is_aside else registry,
            NoCache() if job.is_aside else self._cache,
            self._lanes,
            retelling(emit, job) if job.is_aside else emit,
            digest=self._digest,
            cutoff=None if job.is_aside else self._cutoff,
            computing={} if job.is_aside else self._computing,
            checkpoints=self._checkpoints,
        )

    def _keep_plan(self, made: Plan) -> None:
        self._planned.append(made)
        while sum(len(each.prompt) for each in self._planned) > PLANNED_NODES:
            self._planned.popleft()

    def _known_plan(self, job: Job) -> Plan | None:
        """The plan made when the job was submitted, if that was here. Good for one run, which adds to its graph."""
        for known in self._planned:
            if known.targets == job.targets and known.prompt == job.prompt:
                self._planned.remove(known)
                return known
        return None

    async def _outcome(self, run: Run, targets: Collection[NodeId]) -> Event:
        try:
            await run.execute(targets)
            return RunFinished(run.job.id)
        except NodeFailed as failed:
            self._free["models"] |= is_out_of_memory(failed.error)
            failure = failures.of_node(run, failed)
            failures.forget(failed)
            return RunFailed(run.job.id, failure)
        except CycleError as error:
            return RunFailed(run.job.id, failures.of_cycle(run, error))
        except EngineError as error:
            return RunFailed(run.job.id, failures.of_engine(run, error))
        except Cancelled:
            return failures.of_interrupt(run)

    async def _let_go(self) -> None:
        asked, self._free = self._free, {"models": False, "cache": False}
        if asked["cache"]:
            await self._cache.clear()
        if asked["models"] and self._unload:
            await asyncio.to_thread(self._unload)


def _plan_afresh(prompt: Mapping[str, Any], registry: Registry, only: Collection[NodeId] | None) -> Plan:
    workflow = read_api(as_api(prompt, registry))
    return plan(replaced(workflow, registry.replacements, registry), registry, only)


def _checked(job: Job, registry: Registry) -> Plan:
    return plan(read_api(job.prompt), registry, job.targets or None)
