"""What happens in each job, kept as frames of server-sent events so that any reader can go through it at its own pace.

A log is the truth: what it has, every reader gets once. So progress is thinned out before it gets a place in the log,
never after. Previews are not in it; of those a reader gets the newest.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial

from aiohttp import web

from engine.bus import Subscription
from engine.events import (
    Event,
    JobDone,
    JobQueued,
    JobRemoved,
    JobTaken,
    NodeBlocked,
    NodeEvent,
    NodeFinished,
    NodePreview,
    NodeProgress,
    NodeText,
    RunCancelled,
    RunFailed,
    RunFinished,
)
from engine.graph import NodeId
from web.keys import bus_key
from web.v1.frames import event_data, frame
from web.v1.pacing import Pace

logger = logging.getLogger(__name__)

BUDGET_BYTES = 64 * 1024 * 1024
FRAME_BYTES = 100
"""What a frame takes besides its text."""


class JobLog:
    """The events of a job's latest attempt; attempt 0 until it is taken. The first ``missing`` are no longer kept."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.frames: list[bytes] = []
        self.attempt = self.missing = self.readers = self.previewed = 0
        self.previews: dict[NodeId, tuple[int, NodePreview]] = {}
        """The newest of each node that runs, numbered in the order of arrival."""
        self.ended = self.removed = False
        self._stirred = asyncio.Event()

    @property
    def last(self) -> int:
        """The number of the newest frame."""
        return self.missing + len(self.frames)

    @property
    def settled(self) -> bool:
        """Whether nothing more will come."""
        return self.ended or self.removed

    def stirred(self) -> asyncio.Event:
        """Set when something happens after this call."""
        return self._stirred

    def stir(self) -> None:
        self._stirred.set()
        self._stirred = asyncio.Event()

    def show(self, preview: NodePreview) -> None:
        self.previewed += 1
        self.previews[preview.node.id] = self.previewed, preview

    def drop(self, count: int) -> int:
        """Let go of the oldest frames; return how many bytes that frees."""
        gone = self.frames[:count]
        del self.frames[:count]
        self.missing += len(gone)
        return sum(len(each) + FRAME_BYTES for each in gone)


class EventLog:
    """The logs of jobs that run, and of those that ended last, ``budget_bytes`` in all."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget, self._size = budget_bytes, 0
        self._jobs: dict[str, JobLog] = {}
        self._ended: dict[str, JobLog] = {}  # the oldest first
        self._paces: dict[str, Pace] = {}  # of jobs that run
        self.closed = False

    @contextmanager
    def following(self, job_id: str) -> Iterator[JobLog]:
        """A job's log, be it that nothing is in it yet."""
        log = self._jobs.get(job_id) or self._jobs.setdefault(job_id, JobLog(job_id))
        log.readers += 1
        try:
            yield log
        finally:
            log.readers -= 1
            if not log.readers and not log.attempt and self._jobs.get(job_id) is log:
                del self._jobs[job_id]

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """Write down what happens as long as the server runs."""
        async with app[bus_key].subscribe() as events:
            listening = asyncio.create_task(self._listen(events), name="event log")
            yield
            listening.cancel()
            await asyncio.wait([listening])

    def close(self) -> None:
        """The server stops: readers are let go."""
        self.closed = True
        for log in self._jobs.values():
            log.stir()

    def take(self, event: Event) -> None:
        """Write an event down."""
        if isinstance(event, JobTaken):
            self._begin(event)
        elif log := self._jobs.get(event.job_id):
            match event:
                case JobQueued() if log.settled:  # another job under the same id
                    self._reset(log)
                case JobDone():
                    self._end(log)
                case JobRemoved():
                    log.removed = True
                    log.stir()
                case _ if log.attempt and not log.settled:
                    self._note(log, self._paces[log.job_id], event)

    def _note(self, log: JobLog, pace: Pace, event: Event) -> None:
        """Something happened in a run."""
        match event:
            case NodePreview():
                log.show(event)
                log.stir()
            case NodeProgress() | NodeText():
                pace.put(event)
            case NodeFinished() | NodeBlocked():
                pace.flush(event.node.id)
                log.previews.pop(event.node.id, None)
                self._append(log, event)
            case NodeEvent():
                self._append(log, event)
            case RunFinished() | RunFailed() | RunCancelled():
                pace.flush()

    def _begin(self, event: JobTaken) -> None:
        log = self._jobs.get(event.job_id) or self._jobs.setdefault(event.job_id, JobLog(event.job_id))
        self._reset(log)
        log.attempt = event.attempt
        self._paces[event.job_id] = Pace(partial(self._append, log))
        self._append(log, event)

    def _reset(self, log: JobLog) -> None:
        self._ended.pop(log.job_id, None)
        if pace := self._paces.pop(log.job_id, None):
            pace.reset()
        self._size -= log.drop(len(log.frames))
        log.previews.clear()
        log.attempt, log.missing, log.ended, log.removed = 0, 0, False, False

    def _end(self, log: JobLog) -> None:
        if pace := self._paces.pop(log.job_id, None):
            pace.flush()
        log.ended = True
        log.previews.clear()
        if log.attempt:
            self._ended[log.job_id] = log
        log.stir()

    def _append(self, log: JobLog, event: Event) -> None:
        """Give an event its place, and see that all logs together stay within the budget."""
        written = frame(*event_data(event), f"{log.attempt}-{log.last + 1}")
        log.frames.append(written)
        self._size += len(written) + FRAME_BYTES
        while self._size > self._budget and self._ended:
            oldest = self._ended.pop(next(iter(self._ended)))
            self._size -= oldest.drop(len(oldest.frames))
            self._jobs.pop(oldest.job_id, None)
        if self._size > self._budget:
            self._size -= log.drop((len(log.frames) + 1) // 2)
        log.stir()

    async def _listen(self, events: Subscription) -> None:
        async for event in events:
            try:
                self.take(event)
            except Exception:
                logger.exception("event %s could not be written down", type(event).__name__)
            await asyncio.sleep(0)  # readers get their turn


log_key = web.AppKey("event log", EventLog)
