"""Jobs in an SQLite file: the queue and its history outlive the process."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from engine import jobs_tables as tables
from engine.jobs import Census, Entry, Job, Outcome, Record, State
from engine.jobs_census import census
from engine.jobs_tables import QueueFileError
from engine.tasks import uninterrupted

__all__ = ["QueueFileError", "SqliteQueue"]

T = TypeVar("T")


class SqliteQueue:
    """A JobQueue in the file ``path``, for one process at a time; in memory for ``":memory:"``.

    What a call did is on the disk when it returns, but for ``claim``: losing that would only make a job pending. A job
    that was running when the process died is queued once more, and fails if that was its second attempt. Any method
    may raise QueueFileError.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="queue")  # a call sees what those before it did
        self._arrived = asyncio.Condition()
        self._remaining: int | None = None  # the file is this process's alone, so it can be counted on

    async def open(self) -> Self:
        """Open the file now, not at the first call, to hear early of what is wrong with it."""
        await self._do(tables.remaining)
        return self

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def put(self, job: Job, *, number: float | None = None, front: bool = False) -> Job:
        return await uninterrupted(self._arrive(lambda db: tables.put(db, job, number, front)))

    async def claim(self) -> Job:
        async with self._arrived:
            while (job := await self._take()) is None:
                await self._arrived.wait()
            return job

    async def release(self, job_id: str) -> None:
        await uninterrupted(self._arrive(lambda db: tables.release(db, job_id)))

    async def finish(self, job_id: str, outcome: Outcome) -> None:
        await self._do(lambda db: tables.finish(db, job_id, outcome))

    async def cancel(self, job_ids: Collection[str] | None = None, *, keep: bool = False) -> set[str]:
        return await self._do(lambda db: tables.cancel(db, job_ids, keep))

    async def find(self, job_id: str) -> Entry | None:
        return await self._do(lambda db: tables.find(db, job_id))

    async def page(self, states: Collection[State], limit: int, before: int | None = None) -> list[Entry]:
        return await self._do(lambda db: tables.page(db, states, limit, before))

    async def pending(self) -> list[Job]:
        return await self._do(lambda db: tables.jobs(db, "pending"))

    async def running(self) -> list[Job]:
        return await self._do(lambda db: tables.jobs(db, "running"))

    async def remaining(self) -> int:
        return await self._do(tables.remaining) if self._remaining is None else self._remaining

    async def census(self) -> Census:
        return await self._do(census)

    async def pending_of(self, client_id: str | None) -> int:
        return await self._do(lambda db: tables.pending_of(db, client_id))

    async def history(self, limit: int | None = None, offset: int = 0) -> list[Record]:
        return await self._do(lambda db: tables.history(db, limit, offset))

    async def record(self, job_id: str) -> Record | None:
        return await self._do(lambda db: tables.record(db, job_id))

    async def forget(self, job_ids: Collection[str] | None = None) -> None:
        await self._do(lambda db: tables.forget(db, job_ids))

    async def close(self) -> None:
        """Let go of the file, after the calls under way. Safe to call twice."""
        if self._db:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._db.close)
            self._db = None
        self._thread.shutdown(wait=False)

    async def _take(self) -> Job | None:
        """Claim, unless nothing is pending. Cancelled on the way, it gives back what it took."""
        job: Job | None = None

        async def take() -> None:
            nonlocal job
            job = await self._do(tables.claim, durable=False)

        try:
            await uninterrupted(take())
        except asyncio.CancelledError:
            if job:
                taken = job.id
                await uninterrupted(self._do(lambda db: tables.unclaim(db, taken)))
                self._arrived.notify_all()
            raise
        return job

    async def _arrive(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Do something that makes a job pending, and tell who waits for one."""
        result = await self._do(operation)
        async with self._arrived:
            self._arrived.notify_all()
        return result

    async def _do(self, operation: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """One transaction, in the queue's thread. One that is not ``durable`` may be undone by a power cut."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, operation, durable)

    def _transact(self, operation: Callable[[sqlite3.Connection], T], durable: bool) -> T:
        try:
            if self._db is None:
                self._db = tables.connect(self._path)
            with tables.transaction(self._db, durable=durable):
                result = operation(self._db)
                remaining = tables.remaining(self._db)
            self._remaining = remaining
            return result
        except sqlite3.OperationalError as error:
            why = "it is in use by another process" if "locked" in str(error) else str(error)
            raise QueueFileError(f"cannot use the queue {self._path}: {why}") from error
        except sqlite3.DatabaseError as error:
            broken = QueueFileError(f"the queue {self._path} is broken: {error}")
            broken.add_note("Move the file away to start with an empty queue and history.")
            raise broken from error
