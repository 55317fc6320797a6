"""The tables of ``SqliteQueue`` and what is done to them. All functions but ``connect`` run in a transaction."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from engine.errors import DuplicateJob, EngineError, JobNotFound
from engine.events import NodeFailure, now_ms
from engine.jobs import Entry, Job, Outcome, Record, State
from engine.jobs_json import dump, load_job, load_outcome

DEATHS = 2
"""How often a process may die while it runs a job, until the job counts as failed."""
LARGEST = 2**63 - 1
LOCK_WAIT_S = 2.0
"""How long to wait for another process to let go of the file."""

MIGRATIONS = (
    """
    CREATE TABLE jobs (
        arrival INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        number NOT NULL,      -- without a type, so that 3 and 3.0 stay what they are
        state TEXT NOT NULL,  -- pending, running, succeeded, failed, cancelled
        attempts INTEGER NOT NULL DEFAULT 0,
        started_ms INTEGER,
        finished INTEGER,     -- the order of history
        job TEXT NOT NULL,
        outcome TEXT
    );
    CREATE INDEX jobs_ahead ON jobs (state, number, arrival) WHERE finished IS NULL;
    CREATE UNIQUE INDEX jobs_behind ON jobs (finished) WHERE finished IS NOT NULL;
    CREATE TABLE counter (next INTEGER NOT NULL);
    INSERT INTO counter VALUES (0);
    """,
    """
    -- how often the process died while running the job; attempts count, from now on, how often it was taken up
    ALTER TABLE jobs ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
    UPDATE jobs SET deaths = attempts - (state = 'running') WHERE finished IS NULL;
    """,
)
"""``PRAGMA user_version`` counts how many of these a file has seen. Never change one; add the next."""


class QueueFileError(EngineError):
    """The queue's file cannot be used: broken, from a newer version, or in use by another process."""


def connect(path: Path | str) -> sqlite3.Connection:
    """Open or create the file, bring it up to date, and see to the jobs of a process that died."""
    if path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")  # two processes would run each job twice
        db.execute("PRAGMA journal_mode = WAL")
        with transaction(db):
            _migrate(db, path)
            _recover(db)
    except BaseException:
        db.close()
        raise
    return db


@contextlib.contextmanager
def transaction(db: sqlite3.Connection, *, durable: bool = True) -> Iterator[None]:
    """All or nothing. One that is not ``durable`` survives the process, but not a power cut, until a later one is."""
    db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:  # SQLite has rolled back by itself after some errors
            db.execute("ROLLBACK")


def put(db: sqlite3.Connection, job: Job, number: float | None, front: bool) -> Job:
    """Append a pending job. One that ended under the same id makes room for it."""
    if _value(db, "SELECT COUNT(*) FROM jobs WHERE id = ? AND finished IS NULL", job.id):
        raise DuplicateJob(f"job {job.id} is queued already")
    if number is None:
        count = _value(db, "SELECT next FROM counter")
        db.execute("UPDATE counter SET next = ?", (count + 1,))
        job = replace(job, number=-count if front else count)
    else:
        job = replace(job, number=float(number))
    db.execute("DELETE FROM jobs WHERE id = ?", (job.id,))
    columns = (job.id, job.number, job.attempts, dump(job))
    db.execute("INSERT INTO jobs (id, number, attempts, job, state) VALUES (?, ?, ?, ?, 'pending')", columns)
    return job


def claim(db: sqlite3.Connection) -> Job | None:
    """The first pending job, which is running from now on."""
    waiting = jobs(db, "pending", limit=1)
    if not waiting:
        return None
    update = "UPDATE jobs SET state = 'running', attempts = attempts + 1, started_ms = ? WHERE id = ?"
    db.execute(update, (now_ms(), waiting[0].id))
    return replace(waiting[0], attempts=waiting[0].attempts + 1)


def release(db: sqlite3.Connection, job_id: str) -> None:
    """Running -> pending."""
    update = "UPDATE jobs SET state = 'pending' WHERE id = ? AND state = 'running'"
    if not db.execute(update, (job_id,)).rowcount:
        raise JobNotFound(f"job {job_id} is not running")


def unclaim(db: sqlite3.Connection, job_id: str) -> None:
    """Running -> pending, as if it had not been claimed: nobody heard of that."""
    release(db, job_id)
    db.execute("UPDATE jobs SET attempts = attempts - 1 WHERE id = ?", (job_id,))


def finish(db: sqlite3.Connection, job_id: str, outcome: Outcome) -> None:
    """Running -> history."""
    if not _value(db, "SELECT COUNT(*) FROM jobs WHERE id = ? AND state = 'running'", job_id):
        raise JobNotFound(f"job {job_id} is not running")
    _end(db, job_id, outcome)


def jobs(db: sqlite3.Connection, state: str, limit: int = -1) -> list[Job]:
    """Pending or running jobs in the order in which they run."""
    query = """SELECT job, number, attempts FROM jobs WHERE state = ? AND finished IS NULL
               ORDER BY number, arrival LIMIT ?"""
    rows = db.execute(query, (state, limit)).fetchall()
    return [replace(load_job(job), number=number, attempts=attempts) for job, number, attempts in rows]


def history(db: sqlite3.Connection, limit: int | None, offset: int) -> list[Record]:
    """Ended jobs, oldest first."""
    if offset < 0:
        ended = _value(db, "SELECT COUNT(*) FROM jobs WHERE finished IS NOT NULL")
        offset = 0 if limit is None else max(ended - limit, 0)
    return _records(
        db, "finished IS NOT NULL ORDER BY finished LIMIT ? OFFSET ?", -1 if limit is None else limit, offset
    )


def record(db: sqlite3.Connection, job_id: str) -> Record | None:
    return next(iter(_records(db, "finished IS NOT NULL AND id = ?", job_id)), None)


def remaining(db: sqlite3.Connection) -> int:
    return _value(db, "SELECT COUNT(*) FROM jobs WHERE finished IS NULL")


def pending_of(db: sqlite3.Connection, client_id: str | None) -> int:
    which = "state = 'pending' AND finished IS NULL AND json_extract(job, '$.extra_data.client_id') IS ?"
    return _value(db, f"SELECT COUNT(*) FROM jobs WHERE {which}", client_id)


def cancel(db: sqlite3.Connection, job_ids: Collection[str] | None, keep: bool) -> set[str]:
    """Remove pending jobs, or put them into history; return which."""
    which = "state = 'pending' AND finished IS NULL"
    if not keep:
        return _delete(db, which, job_ids)
    chosen = _chosen(db, which, job_ids)
    now = now_ms()
    for job_id in sorted(chosen):
        _end(db, job_id, Outcome("cancelled", now, now))
    return chosen


def find(db: sqlite3.Connection, job_id: str) -> Entry | None:
    return next(iter(_entries(db, "id = ?", job_id)), None)


def page(db: sqlite3.Connection, states: Collection[State], limit: int, before: int | None) -> list[Entry]:
    """Jobs in these states, the last arrived first."""
    marks = ", ".join("?" * len(states))
    where = f"state IN ({marks}) AND arrival < ? ORDER BY arrival DESC LIMIT ?"
    return _entries(db, where, *states, LARGEST if before is None else before, limit)


def forget(db: sqlite3.Connection, job_ids: Collection[str] | None) -> None:
    """Remove ended jobs."""
    _delete(db, "finished IS NOT NULL", job_ids)


def _delete(db: sqlite3.Connection, which: str, job_ids: Collection[str] | None) -> set[str]:
    chosen = _chosen(db, which, job_ids)
    db.executemany("DELETE FROM jobs WHERE id = ?", [(job_id,) for job_id in chosen])
    return chosen


def _chosen(db: sqlite3.Connection, which: str, job_ids: Collection[str] | None) -> set[str]:
    found = {row[0] for row in db.execute(f"SELECT id FROM jobs WHERE {which}")}
    return found if job_ids is None else found.intersection(job_ids)


def _end(db: sqlite3.Connection, job_id: str, outcome: Outcome) -> None:
    last = _value(db, "SELECT COALESCE(MAX(finished), 0) FROM jobs")
    update = "UPDATE jobs SET state = ?, outcome = ?, finished = ? WHERE id = ?"
    db.execute(update, (outcome.status, dump(outcome), last + 1, job_id))


def _entries(db: sqlite3.Connection, which: str, *values: object) -> list[Entry]:
    rows = db.execute(
        f"SELECT job, number, attempts, state, arrival, started_ms, outcome FROM jobs WHERE {which}", values
    ).fetchall()
    return [_entry(db, *row) for row in rows]


def _entry(
    db: sqlite3.Connection,
    text: str,
    number: Any,
    attempts: int,
    state: State,
    arrival: int,
    started_ms: int | None,
    outcome: str | None,
) -> Entry:
    ahead, ended = None, load_outcome(outcome) if outcome else None
    if state == "pending":
        before = """SELECT COUNT(*) FROM jobs WHERE state = 'pending' AND finished IS NULL
                    AND (number, arrival) < (?, ?)"""
        ahead = _value(db, before, number, arrival)
    if ended and started_ms is not None:
        started_ms = ended.started_ms
    job = replace(load_job(text), number=number, attempts=attempts)
    return Entry(job, state, arrival, ahead, started_ms if state != "pending" else None, ended)


def _records(db: sqlite3.Connection, which: str, *values: object) -> list[Record]:
    rows = db.execute(f"SELECT job, number, attempts, outcome FROM jobs WHERE {which}", values).fetchall()
    return [
        Record(replace(load_job(job), number=number, attempts=attempts), load_outcome(outcome))
        for job, number, attempts, outcome in rows
    ]


def _migrate(db: sqlite3.Connection, path: Path | str) -> None:
    version = _value(db, "PRAGMA user_version")
    if version > len(MIGRATIONS):
        raise QueueFileError(f"{path} has schema {version}, from a newer wireloom; this one knows {len(MIGRATIONS)}")
    for script in MIGRATIONS[version:]:
        for statement in script.split(";\n"):
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _recover(db: sqlite3.Connection) -> None:
    """Jobs that are running now were so when the process died: each gets one more try."""
    for job in jobs(db, "running"):
        db.execute("UPDATE jobs SET deaths = deaths + 1 WHERE id = ?", (job.id,))
        deaths = _value(db, "SELECT deaths FROM jobs WHERE id = ?", job.id)
        if deaths < DEATHS:
            release(db, job.id)
            continue
        started = _value(db, "SELECT started_ms FROM jobs WHERE id = ?", job.id)
        message = f"the process died while running this job, {deaths} times in a row"
        failure = NodeFailure(node_id="", node_type="", message=message, exception_type="ProcessDied")
        finish(db, job.id, Outcome("failed", started, now_ms(), failure=failure))


def _value(db: sqlite3.Connection, query: str, *values: object) -> int:
    return cast("int", db.execute(query, values).fetchone()[0])
