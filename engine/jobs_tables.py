"""What is done to the jobs in the file of ``SqliteQueue``. All functions run in a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import replace

from engine.errors import DuplicateJob, JobNotFound, TicketReused
from engine.events import NodeFailure, now_ms
from engine.jobs import Entry, Job, Outcome, Ticket
from engine.jobs_file import value
from engine.jobs_json import dump
from engine.jobs_reading import find, jobs, listed

DEATHS = 2
"""How often a worker may die of a job, until the job counts as failed."""
ORPHANED = 5
"""How often the server may die while it runs a job: it may be killed for any reason, but not for ever."""


def put(db: sqlite3.Connection, job: Job, number: float | None, front: bool, ticket: Ticket | None = None) -> Job:
    """Append a pending job. One that ended under the same id makes room for it."""
    if value(db, "SELECT COUNT(*) FROM jobs WHERE id = ? AND finished IS NULL", job.id):
        raise DuplicateJob(f"job {job.id} is queued already")
    if ticket and (first := again(db, ticket)):
        raise DuplicateJob(f"job {first.job.id} was queued with the same ticket")
    if number is None:
        count = value(db, "SELECT next FROM counter")
        db.execute("UPDATE counter SET next = ?", (count + 1,))
        job = replace(job, number=-count if front else count)
    else:
        job = replace(job, number=float(number))
    db.execute("DELETE FROM jobs WHERE id = ?", (job.id,))
    columns = (job.id, job.number, job.attempts, job.deaths, dump(job))
    tickets = (ticket.key, ticket.fingerprint) if ticket else (None, None)
    db.execute(
        """INSERT INTO jobs (id, number, attempts, deaths, job, ticket, fingerprint, state)
           VALUES (?, ?, ?, ?, ?, ?, ?, 'pending')""",
        (*columns, *tickets),
    )
    return job


def again(db: sqlite3.Connection, ticket: Ticket) -> Entry | None:
    """The job that was put with this ticket."""
    row = db.execute("SELECT id, fingerprint FROM jobs WHERE ticket = ?", (ticket.key,)).fetchone()
    if row is None:
        return None
    job_id, fingerprint = row
    if fingerprint != ticket.fingerprint:
        raise TicketReused(f"job {job_id} was queued with the same key, and asked for something else")
    return find(db, job_id)


def first(db: sqlite3.Connection) -> Job | None:
    """The pending job that is to run next."""
    return next(iter(jobs(db, "pending", limit=1)), None)


def claim(db: sqlite3.Connection, job: Job) -> Job | None:
    """A pending job is running from now on; None if it is no longer pending."""
    update = """UPDATE jobs SET state = 'running', attempts = attempts + 1, started_ms = ?
                WHERE id = ? AND state = 'pending'"""
    claimed = db.execute(update, (now_ms(), job.id)).rowcount
    return replace(job, attempts=job.attempts + 1) if claimed else None


def release(db: sqlite3.Connection, job_id: str) -> None:
    """Running -> pending."""
    update = "UPDATE jobs SET state = 'pending' WHERE id = ? AND state = 'running'"
    if not db.execute(update, (job_id,)).rowcount:
        raise JobNotFound(f"job {job_id} is not running")


def unclaim(db: sqlite3.Connection, job_id: str) -> None:
    """Running -> pending, as if it had not been claimed: nobody heard of that."""
    release(db, job_id)
    db.execute("UPDATE jobs SET attempts = attempts - 1 WHERE id = ?", (job_id,))


def died(db: sqlite3.Connection, job_id: str, last: Outcome) -> bool:
    """Count a worker's death: running -> pending, or into history with the last one; return which."""
    deaths = _counted(db, "deaths", job_id)
    if deaths < DEATHS:
        release(db, job_id)
        return False
    finish(db, job_id, last)
    return True


def finish(db: sqlite3.Connection, job_id: str, outcome: Outcome) -> None:
    """Running -> history."""
    if not value(db, "SELECT COUNT(*) FROM jobs WHERE id = ? AND state = 'running'", job_id):
        raise JobNotFound(f"job {job_id} is not running")
    _end(db, job_id, outcome)


def cancel(db: sqlite3.Connection, job_ids: Collection[str] | None, keep: bool) -> set[str]:
    """Remove pending jobs, or put them into history; return which."""
    chosen = listed(db, "state = 'pending' AND finished IS NULL", job_ids)
    now = now_ms()
    for job_id in sorted(chosen):
        if keep:
            _end(db, job_id, Outcome("cancelled", now, now))
        else:
            db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
    return chosen


def forget(db: sqlite3.Connection, job_ids: Collection[str] | None) -> None:
    """Remove ended jobs."""
    if job_ids is None:
        db.execute("DELETE FROM jobs WHERE finished IS NOT NULL")
        return
    db.executemany("DELETE FROM jobs WHERE id = ? AND finished IS NOT NULL", [(job_id,) for job_id in job_ids])


def recover(db: sqlite3.Connection) -> None:
    """Jobs that are running in a file that nobody had open were so when their server died: they go on."""
    for job in jobs(db, "running"):
        orphaned = _counted(db, "orphaned", job.id)
        if orphaned < ORPHANED:
            release(db, job.id)
            continue
        started = value(db, "SELECT started_ms FROM jobs WHERE id = ?", job.id)
        message = f"the server died while running this job, {orphaned} times"
        failure = NodeFailure(node_id="", node_type="", message=message, exception_type="ServerDied")
        finish(db, job.id, Outcome("failed", started, now_ms(), failure=failure))


def _counted(db: sqlite3.Connection, column: str, job_id: str) -> int:
    """One more."""
    db.execute(f"UPDATE jobs SET {column} = {column} + 1 WHERE id = ? AND state = 'running'", (job_id,))
    row = db.execute(f"SELECT {column} FROM jobs WHERE id = ? AND state = 'running'", (job_id,)).fetchone()
    if row is None:
        raise JobNotFound(f"job {job_id} is not running")
    return int(row[0])


def _end(db: sqlite3.Connection, job_id: str, outcome: Outcome) -> None:
    last = value(db, "SELECT COALESCE(MAX(finished), 0) FROM jobs WHERE finished IS NOT NULL")
    update = "UPDATE jobs SET state = ?, outcome = ?, finished = ? WHERE id = ?"
    db.execute(update, (outcome.status, dump(outcome), last + 1, job_id))
