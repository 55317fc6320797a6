"""Jobs run in a process of their own: when that dies, this one lives, and starts the next."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

from engine import told
from engine.differences import Difference
from engine.errors import Misconfigured, WorkerDied
from engine.events import Event, NodeFinished, NodeStarted, RunCancelled
from engine.graph import NodeId
from engine.jobs import Job
from engine.kept_types import KeptTypes, NodeTypes
from engine.lock_compare import Recognised
from engine.memory import Memory
from engine.node import NodeInfo
from engine.notebook import Notebook
from engine.pool import PlanSummary
from engine.replacements import Replacement
from engine.worker_process import STOPS, WorkerGone, WorkerProcess

log = logging.getLogger(__name__)

SILENCE_S = 20.0
GRACE_S = 10.0
LEAVE_S = 3.0
CLOSE_S = 5.0
PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Before the next start, when one worker after the other died before it could load the node types."""
PATIENCE_S = 1.0
"""With a worker that is asked for the node types, and that may hang: those before are shown then."""
STARTS = 3
"""That may fail before a job does."""


class ProcessPool:
    """Runs jobs in a child process: ``command`` with the number of a socket behind it, which hears ``hello`` first.

    A worker that says nothing for ``silence_s`` is killed, and one in which a job has not stopped ``grace_s`` after it
    was cancelled. ``kept`` shows the node types until they are loaded, ``notebook`` explains jobs while no worker can.
    ``run`` raises WorkerDied when the worker dies; other requests are then asked of the next one, and raise it only if
    that dies too, or cannot start.
    """

    def __init__(
        self,
        command: Sequence[str],
        hello: Mapping[str, Any],
        *,
        size: int = 1,
        silence_s: float = SILENCE_S,
        grace_s: float = GRACE_S,
        kept: KeptTypes | None = None,
        notebook: Notebook | None = None,
    ) -> None:
        self.size, self.restarts = size, 0
        self._command, self._hello = command, hello
        self._silence_s, self._grace_s = silence_s, grace_s
        self._kept, self._notebook = kept, notebook
        self._types: NodeTypes | None = None
        self._worker: WorkerProcess | None = None
        self._up: asyncio.Future[WorkerProcess]  # from start on: the worker, once it has loaded the node types
        self._never: asyncio.Future[str]  # from start on: why no worker can load them
        self._keeping: asyncio.Task[None] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._runs: dict[str, _Running] = {}

    @property
    def worker_pid(self) -> int | None:
        """Of the worker that is there now."""
        return self._worker.pid if self._worker else None

    def start(self) -> None:
        """Start the worker now, and not when it is first asked something."""
        if self._keeping is None:
            loop = asyncio.get_running_loop()
            self._up, self._never = loop.create_future(), loop.create_future()
            self._keeping = asyncio.create_task(self._keep_one(), name="keep a worker")

    async def load(self) -> None:
        self.start()
        either: list[asyncio.Future[Any]] = [self._up, self._never]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._never.done():
            raise Misconfigured(self._never.result())
        await self._fresh_types()

    async def describe(self) -> list[NodeInfo]:
        return (await self._node_types()).infos

    async def replacements(self) -> Mapping[str, Sequence[Replacement]]:
        return (await self._node_types()).replacements

    async def lower(self, workflow: Mapping[str, Any]) -> Mapping[str, Any]:
        lowered: Mapping[str, Any] = await self._ask("lower", workflow=workflow)
        return lowered

    async def diff(self, a: Mapping[str, Any], b: Mapping[str, Any]) -> Difference:
        return told.read(Difference, await self._ask("diff", a=a, b=b))

    async def recognise(self, lock: Mapping[str, Any], prompt: Mapping[str, Any]) -> Recognised:
        return told.read(Recognised, await self._ask("recognise", lock=lock, prompt=prompt))

    async def plan(self, prompt: Mapping[str, Any], only: Collection[NodeId] | None = None) -> PlanSummary:
        asked = {"prompt": prompt, "only": None if only is None else list(only)}
        return told.read(PlanSummary, await self._ask("plan", **asked))

    async def explain(self, job_id: str) -> Mapping[str, Any] | None:
        if not self._is_up and self._notebook:
            return await self._notebook.explanation(job_id)
        explanation: Mapping[str, Any] | None = await self._ask("explain", job_id=job_id)
        return explanation

    async def memory(self) -> Memory:
        return told.read(Memory, await self._ask("memory"))

    async def free(self, *, models: bool, cache: bool) -> None:
        await self._ask("free", models=models, cache=cache)

    async def run(self, job: Job) -> AsyncIterator[Event]:
        run = self._runs[job.id] = _Running(job)
        number = None
        try:
            worker = run.worker = await run.unless_cancelled(self._patiently())
            if worker is None:
                yield RunCancelled(job.id)
                return
            number, events = worker.run(job)
            while isinstance(event := await events.get(), Event):
                run.add(event)
                yield event
            if event is not None:
                raise event
        except WorkerGone as gone:
            if not run.is_cancelled:
                raise WorkerDied(gone.cause, innocent=gone.culprit not in (None, job.id)) from None
            yield run.interrupted()
        finally:
            run.end()
            del self._runs[job.id]
            if number is not None and run.worker:
                await run.worker.leave(number, min(LEAVE_S, self._grace_s), job.id)

    async def cancel(self, job_id: str) -> bool:
        if not (run := self._runs.get(job_id)):
            return False
        run.cancel(self._grace_s)
        return True

    async def close(self) -> None:
        """Let the worker write what it remembers, for a moment, and end it."""
        self._closing.set()
        if self._refreshing:
            self._refreshing.cancel()
        if self._worker:
            await self._worker.close(CLOSE_S if self._is_up else 0)
        if self._keeping:
            await self._keeping
        if self._notebook:
            await self._notebook.close()

    @property
    def _is_up(self) -> bool:
        return self._keeping is not None and self._up.done()

    async def _ready(self) -> WorkerProcess:
        """The worker, once it has loaded the node types. Raises WorkerDied if it does not get that far."""
        self.start()
        return await asyncio.shield(self._up)

    async def _patiently(self) -> WorkerProcess:
        """The same for a job, which can wait longer. Raises RuntimeError."""
        for _ in range(STARTS):
            try:
                return await self._ready()
            except WorkerDied as died:
                cause = died.cause
        raise RuntimeError(f"no worker starts: {cause}")

    async def _ask(self, method: str, **parameters: Any) -> Any:
        """What a method of the worker's pool returns, as JSON values."""
        for _ in range(2):
            worker = await self._ready()
            try:
                return await worker.ask(method, parameters)
            except WorkerGone as gone:
                cause = gone.cause
        raise WorkerDied(cause)

    async def _node_types(self) -> NodeTypes:
        """As they are now; as they were, as long as they are not loaded or the worker has no time to tell."""
        self.start()
        if self._types is None and self._kept:
            self._types = await asyncio.to_thread(self._kept.read)
        if self._types is None:
            return await self._fresh_types()
        if not self._is_up:
            return self._types
        asked = asyncio.create_task(self._fresh_types(), name="ask for the node types")
        asked.add_done_callback(_look_at)
        await asyncio.wait([asked], timeout=PATIENCE_S)
        return asked.result() if asked.done() else self._types

    async def _fresh_types(self) -> NodeTypes:
        """As the worker says; what has changed is kept for the next start."""
        known = self._types
        fresh = await self._ask("describe", known=known.digest if known else "")
        if fresh is None and known:
            return known
        self._types = made = await asyncio.to_thread(told.read, NodeTypes, fresh)
        if self._kept:
            await asyncio.to_thread(self._kept.write, made)
        return made

    async def _keep_one(self) -> None:
        """Start a worker whenever there is none: at once, or after a pause if the last one could not even begin."""
        failed = 0
        while not self._closing.is_set():
            gone = await self._one()
            failed = 0 if self._is_up else failed + 1
            self._tell_of(gone)
            if self._closing.is_set():
                return
            log.error("the worker has gone: %s", gone.cause)
            self.restarts += 1
            if failed:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), PAUSES_S[min(failed, len(PAUSES_S)) - 1])

    async def _one(self) -> WorkerGone:
        """Have a worker as long as it lives; return how it ended."""
        try:
            worker = self._worker = await WorkerProcess.start(self._command, self._hello, self._silence_s)
        except OSError as error:
            return WorkerGone(f"it cannot be started: {error}")
        if self._closing.is_set():
            worker.kill(STOPS)
        if await worker.comes_up():
            self._up.set_result(worker)
            self._refreshing = asyncio.create_task(self._refresh(), name="look for new node types")
        elif worker.never and not self._never.done():
            self._never.set_result(worker.never)
        return await worker.ended()

    def _tell_of(self, gone: WorkerGone) -> None:
        """Tell who waits that this worker has gone; whoever comes later waits for the next."""
        before, worker = self._up, self._worker
        self._up, self._worker = asyncio.get_running_loop().create_future(), None
        for up in (before, self._up) if self._closing.is_set() else (before,):
            if not up.done():
                up.set_exception(WorkerDied(gone.cause))
                up.exception()  # it may be that nobody waits
        if worker:
            worker.fail_all(gone)

    async def _refresh(self) -> None:
        """Learn the node types as they are now, for the next start too."""
        with suppress(Exception):  # whoever asks for them is told
            await self._fresh_types()


def _look_at(task: asyncio.Task[Any]) -> None:
    """It may be that nobody waits for it any more."""
    if not task.cancelled():
        task.exception()


class _Running:
    """A job from when it was given to the pool."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.worker: WorkerProcess | None = None
        self.is_cancelled = False
        self._waiting: asyncio.Future[WorkerProcess] | None = None
        self._grace: asyncio.TimerHandle | None = None
        self._at: NodeId = ""
        self._executed: list[NodeId] = []

    async def unless_cancelled(self, getting: Coroutine[Any, Any, WorkerProcess]) -> WorkerProcess | None:
        """Wait for a worker; None if the job is cancelled meanwhile."""
        self._waiting = asyncio.ensure_future(getting)
        try:
            await asyncio.wait([self._waiting])
            return None if self.is_cancelled else self._waiting.result()
        finally:
            self._waiting.cancel()

    def add(self, event: Event) -> None:
        """Note where it is."""
        if isinstance(event, NodeStarted):
            self._at = event.node.real
        elif isinstance(event, NodeFinished) and not event.cached:
            self._executed.append(event.node.id)

    def cancel(self, grace_s: float) -> None:
        """Have it stopped; if it has not within ``grace_s``, by killing its worker."""
        if self.is_cancelled:
            return
        self.is_cancelled = True
        if self.worker is None:
            if self._waiting:
                self._waiting.cancel()
            return
        self.worker.tell("cancel", {"job_id": self._job.id})
        cause = f"job {self._job.id} had not stopped {grace_s:g} s after it was cancelled"
        self._grace = asyncio.get_running_loop().call_later(grace_s, self.worker.kill, cause, self._job.id)

    def interrupted(self) -> RunCancelled:
        """Where it was when its worker ended."""
        kind = self._job.prompt.get(self._at, {}).get("class_type", "")
        return RunCancelled(self._job.id, self._at, kind, tuple(self._executed))

    def end(self) -> None:
        if self._grace:
            self._grace.cancel()
