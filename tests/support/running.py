"""A runner at work over a pool that tells stories."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from engine.bus import Bus, Subscription
from engine.events import Event, JobDone
from engine.graph import NodeRef
from engine.jobs import Job
from engine.jobs_sqlite import SqliteQueue
from engine.runner import Runner

NODE = NodeRef("1", "1", None, "1")
INNER = NodeRef("1.0.0.2", "1", "1", "1")


class FakePool:
    """Tells a story for each job; an exception in it is raised, an event object waited for. ``stories`` are those of
    single jobs, one for each attempt; ``ran`` says who ran, and beside whom."""

    def __init__(self, *story: Any, size: int = 1, stories: Mapping[str, list[list[Any]]] | None = None) -> None:
        self.story, self.size, self.cleaned = story, size, 0
        self.stories, self.running = stories or {}, set[str]()
        self.ran: list[tuple[str, set[str]]] = []

    async def run(self, job: Job) -> AsyncIterator[Event]:
        self.ran.append((job.id, set(self.running)))
        self.running.add(job.id)
        told = self.stories.get(job.id)
        try:
            for item in told[job.attempts - 1] if told else self.story:
                if isinstance(item, Exception):
                    raise item
                if isinstance(item, asyncio.Event):
                    await item.wait()
                else:
                    yield item(job.id)
        finally:
            self.running.remove(job.id)
            self.cleaned += 1


@asynccontextmanager
async def running(queue: SqliteQueue, pool: Any) -> AsyncIterator[Subscription]:
    """A runner at work, and what is heard of it."""
    bus = Bus()
    async with bus.subscribe() as events:
        task = asyncio.create_task(Runner(queue, pool, bus).run())
        yield events
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def until(events: Subscription, kind: type[Event]) -> list[Event]:
    """Listen until there is an event of this kind."""
    told = []
    async with asyncio.timeout(5):
        async for event in events:
            told.append(event)
            if isinstance(event, kind):
                break
    return told


async def all_ended(events: Subscription, count: int) -> list[Event]:
    told: list[Event] = []
    for _ in range(count):
        told += await until(events, JobDone)
    return told
