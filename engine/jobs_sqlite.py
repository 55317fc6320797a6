"""Jobs in an SQLite file: the queue and its history outlive the process."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from engine import jobs_reading as reading
from engine import jobs_tables as tables
from engine.errors import QueueFileError
from engine.jobs import Census, Entry, Job, Outcome, Record, State, Ticket, anything
from engine.jobs_census import census
from engine.jobs_file import connect, told, transaction
from engine.jobs_keeping import Keep, tidy
from engine.tasks import uninterrupted

__all__ = ["Keep", "QueueFileError", "SqliteQueue"]

T = TypeVar("T")

LONGEST_S = 24 * 3600.0
"""Until the queue is tidied again if nothing ends: clocks are set, machines sleep."""


class SqliteQueue:
    """A JobQueue in the file ``path``, for one process at a time; in memory for ``":memory:"``.

    What a call did is on the disk when it returns, but for ``claim``: losing that would only make a job pending. A job
    that was running when the process died is pending again, up to four times. Of those that ended, what is not to be
    kept is removed bit by bit, in between. Any method may raise QueueFileError; if it is DiskFull, nothing was changed,
    and the next call may find room.
    """

    def __init__(self, path: Path | str, keep: Keep | None = None) -> None:
        self._path, self._keep = path, keep or Keep()
        self._db: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="queue")  # a call sees what those before it did
        self._arrived = asyncio.Condition()
        self._remaining: int | None = None  # the file is this process's alone, so it can be counted on
        self._tidying: asyncio.Task[None] | None = None
        self._next_tidying: asyncio.TimerHandle | None = None
        self._closed = False

    async def open(self) -> Self:
        """Open the file now, not at the first call, to hear early of what is wrong with it."""
        await self._do(reading.remaining)
        self._tidy()
        return self

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def put(
        self, job: Job, *, number: float | None = None, front: bool = False, ticket: Ticket | None = None
    ) -> Job:
        return await uninterrupted(self._stirring(lambda db: tables.put(db, job, number, front, ticket)))

    async def again(self, ticket: Ticket) -> Entry | None:
        return await self._do(lambda db: tables.again(db, ticket))

    async def claim(self, fits: Callable[[Job], bool] = anything) -> Job:
        async with self._arrived:
            while (job := await self._take(fits)) is None:
                await self._arrived.wait()
            return job

    async def stir(self) -> None:
        async with self._arrived:
            self._arrived.notify_all()

    async def release(self, job_id: str) -> None:
        await uninterrupted(self._stirring(lambda db: tables.release(db, job_id)))

    async def died(self, job_id: str, last: Outcome) -> bool:
        ended = await uninterrupted(self._stirring(lambda db: tables.died(db, job_id, last)))
        self._tidy()
        return ended

    async def finish(self, job_id: str, outcome: Outcome) -> None:
        await self._do(lambda db: tables.finish(db, job_id, outcome))
        self._tidy()

    async def cancel(self, job_ids: Collection[str] | None = None, *, keep: bool = False) -> set[str]:
        # another may be the first now
        removed = await uninterrupted(self._stirring(lambda db: tables.cancel(db, job_ids, keep)))
        self._tidy(removed=not keep)
        return removed

    async def find(self, job_id: str) -> Entry | None:
        return await self._do(lambda db: reading.find(db, job_id))

    async def page(
        self, states: Collection[State], limit: int, before: int | None = None, workflow: str | None = None
    ) -> list[Entry]:
        return await self._do(lambda db: reading.page(db, states, limit, before, workflow))

    async def pending(self) -> list[Job]:
        return await self._do(lambda db: reading.jobs(db, "pending"))

    async def running(self) -> list[Job]:
        return await self._do(lambda db: reading.jobs(db, "running"))

    async def remaining(self) -> int:
        return await self._do(reading.remaining) if self._remaining is None else self._remaining

    async def census(self) -> Census:
        return await self._do(census)

    async def pending_of(self, client_id: str | None) -> int:
        return await self._do(lambda db: reading.pending_of(db, client_id))

    async def history(self, limit: int | None = None, offset: int = 0) -> list[Record]:
        return await self._do(lambda db: reading.history(db, limit, offset))

    async def ended(self) -> int:
        return await self._do(reading.ended)

    async def record(self, job_id: str) -> Record | None:
        return await self._do(lambda db: reading.record(db, job_id))

    async def forget(self, job_ids: Collection[str] | None = None) -> None:
        await self._do(lambda db: tables.forget(db, job_ids))
        self._tidy(removed=True)

    async def close(self) -> None:
        """Let go of the file, after the calls under way. Safe to call twice."""
        if self._tidying:
            self._tidying.cancel()
            await asyncio.wait([self._tidying])
        self._stop_waiting()
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
            self._thread.shutdown(wait=False)

    def _close(self) -> None:
        if self._db:
            self._db.close()
            self._db = None

    async def _take(self, fits: Callable[[Job], bool]) -> Job | None:
        """Claim, if there is a first job and it fits. Cancelled on the way, it gives back what it took."""
        first = await self._do(tables.first)
        if first is None or not fits(first):
            return None
        job: Job | None = None

        async def take() -> None:
            nonlocal job
            job = await self._do(lambda db: tables.claim(db, first), durable=False)

        try:
            await uninterrupted(take())
        except asyncio.CancelledError:
            if job:
                taken = job.id
                with contextlib.suppress(QueueFileError):  # then it is pending when the file is opened next
                    await uninterrupted(self._do(lambda db: tables.unclaim(db, taken)))
                self._arrived.notify_all()
            raise
        return job

    async def _stirring(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Do something that may make another job the first, and tell who waits for one."""
        result = await self._do(operation)
        await self.stir()
        return result

    def _tidy(self, *, removed: bool = False) -> None:
        """See in a moment to what is not to be kept, if there may be something: the file was opened, a job ended and
        not all are kept, or some were ``removed``."""
        if self._tidying and not self._tidying.done():
            return
        if removed or self._tidying is None or not self._keep.everything:
            self._stop_waiting()
            self._tidying = asyncio.create_task(self._tidied(), name="tidy the queue")

    async def _tidied(self) -> None:
        more_in_s: float | None = 0.0
        with contextlib.suppress(QueueFileError):  # such as a full disk: there will be another time
            while more_in_s == 0:  # what others asked for meanwhile is done in between
                more_in_s = await self._do(lambda db: tidy(db, self._keep), durable=False)
        if more_in_s:
            self._next_tidying = asyncio.get_running_loop().call_later(min(more_in_s, LONGEST_S), self._tidy)

    def _stop_waiting(self) -> None:
        if self._next_tidying:
            self._next_tidying.cancel()
            self._next_tidying = None

    async def _do(self, operation: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """One transaction, in the queue's thread. One that is not ``durable`` may be undone by a power cut."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, operation, durable)

    def _transact(self, operation: Callable[[sqlite3.Connection], T], durable: bool) -> T:
        try:
            db = self._opened()
            with transaction(db, durable=durable):
                result = operation(db)
                remaining = reading.remaining(db)
            self._remaining = remaining
            return result
        except sqlite3.DatabaseError as error:
            raise told(error, self._path) from error

    def _opened(self) -> sqlite3.Connection:
        """The file, in which no job counts as running that was so when a process died."""
        if self._db is None:
            db = connect(self._path)
            try:
                with transaction(db):
                    tables.recover(db)
            except BaseException:
                db.close()
                raise
            self._db = db
        return self._db
