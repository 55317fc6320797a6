"""What happens in jobs, counted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from math import inf

from aiohttp import web

from engine.bus import Subscription
from engine.events import (
    Event,
    JobDone,
    JobQueued,
    JobRemoved,
    JobTaken,
    NodeFinished,
    NodeProgress,
    RunCancelled,
    RunFailed,
    RunFinished,
)
from engine.graph import NodeId
from web.keys import bus_key
from web.metrics.meters import Meters, Names

logger = logging.getLogger(__name__)

AT_ONCE = 100
"""Events after which others have their turn: of a large graph there may be thousands."""


@dataclass
class _Attempt:
    """A job that runs, and how far its nodes have come."""

    since_ms: int
    number: int
    steps: dict[NodeId, float] = field(default_factory=dict)
    outcome: str | None = None


class Following:
    """Hears of what happens in jobs, and counts it."""

    def __init__(self, meters: Meters) -> None:
        names = Names()
        self._meters = meters
        # A graph of 10,000 nodes tells as many results: looking the labels up each time would cost as much again.
        self._results = cache(meters.node_results.labels)
        self._seconds = cache(lambda kind: meters.node_seconds.labels(names.of(kind)))
        self._steps = cache(lambda kind: meters.node_steps.labels(names.of(kind)))
        self._queued: dict[str, int] = {}
        self._running: dict[str, _Attempt] = {}

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """Listen as long as the server runs."""
        async with app[bus_key].subscribe() as events:
            listening = asyncio.create_task(self._listen(events), name="metrics")
            yield
            listening.cancel()
            await asyncio.wait([listening])

    async def _listen(self, events: Subscription) -> None:
        heard = 0
        async for event in events:
            try:
                self.count(event)
            except Exception:
                logger.exception("%s could not be counted", type(event).__name__)
            heard += 1
            if heard % AT_ONCE == 0:
                await asyncio.sleep(0)

    def count(self, event: Event) -> None:
        """Take an event in."""
        match event:
            case NodeProgress():
                self._count_steps(event)
            case NodeFinished():
                self._count_result(event)
            case JobQueued():
                self._queued[event.job_id] = event.at_ms
            case JobTaken():
                self._begin(event)
            case RunFinished():
                self._end(event, "succeeded")
            case RunFailed():
                self._end(event, "failed")
            case RunCancelled():
                self._end(event, "cancelled")
            case JobDone():
                attempt = self._leave(event)
                ended = attempt.outcome if attempt else None
                self._meters.jobs_ended.labels(ended or "cancelled").inc()  # of a job that waits nothing else is told
            case JobRemoved():
                self._leave(event)
                self._meters.jobs_ended.labels("removed").inc()

    def _begin(self, event: JobTaken) -> None:
        self._running[event.job_id] = _Attempt(event.at_ms, event.attempt)
        queued_ms = self._queued.pop(event.job_id, None)
        if queued_ms is not None:  # neither put back, nor from before the server's start
            self._meters.waiting.observe((event.at_ms - queued_ms) / 1000)

    def _end(self, event: Event, outcome: str) -> None:
        if attempt := self._running.get(event.job_id):
            attempt.outcome = outcome
            self._meters.running.observe((event.at_ms - attempt.since_ms) / 1000)

    def _leave(self, event: Event) -> _Attempt | None:
        self._queued.pop(event.job_id, None)
        return self._running.pop(event.job_id, None)

    def _count_result(self, event: NodeFinished) -> None:
        if attempt := self._running.get(event.job_id):
            attempt.steps.pop(event.node.id, None)
        if event.how is None:
            return
        self._results(event.how).inc()
        if event.how == "ran":
            self._seconds(event.node.type).observe(event.seconds)

    def _count_steps(self, event: NodeProgress) -> None:
        """By how far the node has come, not by events: some are overtaken."""
        attempt = self._running.get(event.job_id)
        if attempt is None:
            return
        before = attempt.steps.get(event.node.id)
        attempt.steps[event.node.id] = event.value
        if before is not None and before <= event.value:
            steps = event.value - before
        elif attempt.number > 1:
            steps = min(event.value, 1)  # it may go on from where an earlier attempt was
        else:
            steps = event.value  # it begins, or its next call does
        if 0 < steps < inf:
            self._steps(event.node.type).inc(steps)
