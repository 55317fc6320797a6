"""What is to be told to whom, in an SQLite file: a message lies there before it is sent, and outlives the process."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

T = TypeVar("T")

LOCK_WAIT_S = 2.0
KEPT_S = 7 * 24 * 3600.0
"""How long it is remembered what became of a message."""
WAITING_MESSAGES = 10_000
LONGEST_WAIT_S = 3600.0
"""However long a receiver asks to be left alone."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id TEXT PRIMARY KEY, job_id TEXT NOT NULL, host TEXT NOT NULL, url TEXT NOT NULL, secret TEXT, body BLOB,
    tries INTEGER NOT NULL DEFAULT 0, created_at REAL NOT NULL, next_at REAL, delivered INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS messages_waiting ON messages (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS messages_jobs ON messages (job_id);
CREATE TABLE IF NOT EXISTS seen (finished_ms INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class Backoff:
    """When to try again: by default 8 tries in about an hour. ``jitter`` is the share by which a pause may vary."""

    tries: int = 8
    first_s: float = 5.0
    factor: float = 2.75
    jitter: float = 0.2

    def pause_s(self, tries: int) -> float | None:
        """How long to wait after so many tries; None to give up."""
        if tries >= self.tries:
            return None
        return self.first_s * self.factor ** (tries - 1) * random.uniform(1 - self.jitter, 1 + self.jitter)


@dataclass(frozen=True)
class Letter:
    """One message: the same ``id`` and ``body`` at each try. ``host`` is whom a try keeps waiting."""

    id: str
    job_id: str
    host: str
    url: str
    secret: str | None
    body: bytes
    tries: int = 0


class OutboxFull(Exception):
    """As many messages wait already as may."""


class WebhookOutbox:
    """Letters in the file ``path``, or in memory for ``":memory:"``. What a call did is on the disk when it returns.

    Any method may raise sqlite3.Error.
    """

    def __init__(self, path: Path | str = ":memory:", backoff: Backoff | None = None) -> None:
        self._path, self._backoff = path, backoff or Backoff()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="webhooks")
        self._db: sqlite3.Connection | None = None

    async def open(self) -> Self:
        """Open the file now, to hear early of what is wrong with it."""
        await self._do(_seen_ms)
        return self

    async def seen_ms(self) -> int:
        """Jobs that ended before this were looked at: milliseconds since the epoch. At first that is now."""
        return await self._do(_seen_ms)

    async def saw(self, finished_ms: int) -> None:
        """Jobs that ended before this were looked at now."""
        await self._do(lambda db: _saw(db, finished_ms))

    async def put(self, letter: Letter, finished_ms: int) -> None:
        """Keep a letter of a job that ended then. One that is known by its id stays as it is. Raises OutboxFull."""
        await self._do(lambda db: _put(db, letter, finished_ms))

    async def next(self, busy: Collection[str], sending: Collection[str]) -> Letter | None:
        """The letter that is due first, but for ``busy`` hosts and for the ids that are being sent."""
        return await self._do(lambda db: _next(db, busy, sending))

    async def next_at(self, busy: Collection[str], sending: Collection[str]) -> float | None:
        """When ``next`` will find one, in seconds since the epoch; None if nothing waits."""
        return await self._do(lambda db: _next_at(db, busy, sending))

    async def delivered(self, letter: Letter) -> None:
        """It arrived."""
        await self._do(lambda db: _end(db, letter, delivered=True))

    async def failed(self, letter: Letter, *, final: bool = False, not_before_s: float = 0.0) -> float | None:
        """It did not arrive. Return in how many seconds it is tried again; None: it is given up."""
        pause = None if final else self._backoff.pause_s(letter.tries + 1)
        if pause is None:
            await self._do(lambda db: _end(db, letter, delivered=False))
            return None
        pause = max(pause, min(not_before_s, LONGEST_WAIT_S))
        await self._do(lambda db: _postpone(db, letter, time.time() + pause))
        return pause

    async def fate(self, job_id: str) -> tuple[bool, int] | None:
        """Whether the newest letter of a job was delivered, and after how many tries; None if there is none."""
        return await self._do(lambda db: _fate(db, job_id))

    async def close(self) -> None:
        """Let go of the file, after the calls under way."""
        if self._db:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._db.close)
            self._db = None
        self._thread.shutdown(wait=False)

    async def _do(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, operation)

    def _transact(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        if self._db is None:
            self._db = _connect(self._path)
        with self._db:
            return operation(self._db)


def _connect(path: Path | str) -> sqlite3.Connection:
    if path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, timeout=LOCK_WAIT_S, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = ON")  # of secrets nothing is left in the file
    db.executescript(SCHEMA)
    return db


def _seen_ms(db: sqlite3.Connection) -> int:
    row = db.execute("SELECT finished_ms FROM seen").fetchone()
    if row is None:
        row = (int(time.time() * 1000),)
        db.execute("INSERT INTO seen VALUES (?)", row)
    return int(row[0])


def _saw(db: sqlite3.Connection, finished_ms: int) -> None:
    db.execute("UPDATE seen SET finished_ms = MAX(finished_ms, ?)", (finished_ms,))


def _put(db: sqlite3.Connection, letter: Letter, finished_ms: int) -> None:
    _saw(db, finished_ms)
    now = time.time()
    db.execute("DELETE FROM messages WHERE next_at IS NULL AND created_at < ?", (now - KEPT_S,))
    waiting = db.execute("SELECT COUNT(*) FROM messages WHERE next_at IS NOT NULL").fetchone()[0]
    if waiting >= WAITING_MESSAGES:
        raise OutboxFull(f"{waiting} messages wait already")
    columns = (letter.id, letter.job_id, letter.host, letter.url, letter.secret, letter.body, now, now)
    db.execute(
        """INSERT OR IGNORE INTO messages (id, job_id, host, url, secret, body, created_at, next_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        columns,
    )


def _next(db: sqlite3.Connection, busy: Collection[str], sending: Collection[str]) -> Letter | None:
    query = f"""SELECT id, job_id, host, url, secret, body, tries FROM messages
                WHERE next_at <= ? AND {_others(busy, sending)} ORDER BY next_at LIMIT 1"""
    row = db.execute(query, (time.time(), *busy, *sending)).fetchone()
    return Letter(*row) if row else None


def _next_at(db: sqlite3.Connection, busy: Collection[str], sending: Collection[str]) -> float | None:
    query = f"SELECT MIN(next_at) FROM messages WHERE next_at IS NOT NULL AND {_others(busy, sending)}"
    at: float | None = db.execute(query, (*busy, *sending)).fetchone()[0]
    return at


def _others(busy: Collection[str], sending: Collection[str]) -> str:
    return f"host NOT IN ({','.join('?' * len(busy))}) AND id NOT IN ({','.join('?' * len(sending))})"


def _end(db: sqlite3.Connection, letter: Letter, *, delivered: bool) -> None:
    """What was said and the secret are not kept."""
    update = """UPDATE messages SET tries = ?, delivered = ?, next_at = NULL, body = NULL, secret = NULL
                WHERE id = ?"""
    db.execute(update, (letter.tries + 1, delivered, letter.id))


def _postpone(db: sqlite3.Connection, letter: Letter, next_at: float) -> None:
    db.execute("UPDATE messages SET tries = ?, next_at = ? WHERE id = ?", (letter.tries + 1, next_at, letter.id))


def _fate(db: sqlite3.Connection, job_id: str) -> tuple[bool, int] | None:
    query = "SELECT delivered, tries FROM messages WHERE job_id = ? ORDER BY created_at DESC LIMIT 1"
    row = db.execute(query, (job_id,)).fetchone()
    return (bool(row[0]), row[1]) if row else None
