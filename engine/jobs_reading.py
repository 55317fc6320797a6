"""What is read from the file of ``SqliteQueue``. However many jobs have ended, only those asked for are looked at."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from engine.jobs import Entry, Job, Record, State
from engine.jobs_file import value
from engine.jobs_json import load_job, load_outcome

LARGEST = 2**63 - 1
WORKFLOW = "json_extract(job, '$.extra_data.wireloom.workflow')"
"""The name of the saved workflow that a job came from; an index has it in the same words."""


def jobs(db: sqlite3.Connection, state: str, limit: int = -1) -> list[Job]:
    """Pending or running jobs in the order in which they run."""
    query = """SELECT job, number, attempts, deaths FROM jobs WHERE state = ? AND finished IS NULL
               ORDER BY number, arrival LIMIT ?"""
    return [_job(*row) for row in db.execute(query, (state, limit)).fetchall()]


def history(db: sqlite3.Connection, limit: int | None, offset: int) -> list[Record]:
    """Ended jobs, oldest first."""
    count = -1 if limit is None else limit
    if offset >= 0:
        return _records(db, "finished IS NOT NULL ORDER BY finished LIMIT ? OFFSET ?", count, offset)
    return _records(db, "finished IS NOT NULL ORDER BY finished DESC LIMIT ?", count)[::-1]


def record(db: sqlite3.Connection, job_id: str) -> Record | None:
    return next(iter(_records(db, "finished IS NOT NULL AND id = ?", job_id)), None)


def remaining(db: sqlite3.Connection) -> int:
    return value(db, "SELECT COUNT(*) FROM jobs WHERE finished IS NULL")


def ended(db: sqlite3.Connection) -> int:
    return value(db, "SELECT COUNT(*) FROM jobs WHERE finished IS NOT NULL")


def pending_of(db: sqlite3.Connection, client_id: str | None) -> int:
    which = "state = 'pending' AND finished IS NULL AND json_extract(job, '$.extra_data.client_id') IS ?"
    return value(db, f"SELECT COUNT(*) FROM jobs WHERE {which}", client_id)


def find(db: sqlite3.Connection, job_id: str) -> Entry | None:
    return next(iter(_entries(db, "id = ?", job_id)), None)


def page(
    db: sqlite3.Connection, states: Collection[State], limit: int, before: int | None, workflow: str | None = None
) -> list[Entry]:
    """Jobs in these states, the last arrived first. Each state is looked through for itself, by its index."""
    which = "state = ? AND arrival < ?" if workflow is None else f"state = ? AND arrival < ? AND {WORKFLOW} = ?"
    newest = f"SELECT * FROM (SELECT arrival FROM jobs WHERE {which} ORDER BY arrival DESC LIMIT ?)"
    union = " UNION ALL ".join([newest] * len(states)) or "SELECT NULL"
    named = () if workflow is None else (workflow,)
    values = [each for state in states for each in (state, LARGEST if before is None else before, *named, limit)]
    return _entries(db, f"arrival IN ({union}) ORDER BY arrival DESC LIMIT ?", *values, limit)


def listed(db: sqlite3.Connection, which: str, job_ids: Collection[str] | None) -> set[str]:
    """The ids of all jobs of which that is so, or of those among them that are named."""
    query = f"SELECT id FROM jobs WHERE {which}"
    if job_ids is None:
        return {row[0] for row in db.execute(query)}
    named = f"{query} AND id IN (SELECT value FROM json_each(?))"
    return {row[0] for row in db.execute(named, (json.dumps(list(job_ids)),))}


def _entries(db: sqlite3.Connection, which: str, *values: object) -> list[Entry]:
    columns = "job, number, attempts, deaths, state, arrival, started_ms, outcome"
    rows = db.execute(f"SELECT {columns} FROM jobs WHERE {which}", values).fetchall()
    return [_entry(db, _job(*row[:4]), *row[4:]) for row in rows]


def _entry(
    db: sqlite3.Connection, job: Job, state: State, arrival: int, started_ms: int | None, outcome: str | None
) -> Entry:
    ahead, ended = None, load_outcome(outcome) if outcome else None
    if state == "pending":
        before = """SELECT COUNT(*) FROM jobs WHERE state = 'pending' AND finished IS NULL
                    AND (number, arrival) < (?, ?)"""
        ahead = value(db, before, job.number, arrival)
    if ended and started_ms is not None:
        started_ms = ended.started_ms
    return Entry(job, state, arrival, ahead, started_ms if state != "pending" else None, ended)


def _records(db: sqlite3.Connection, which: str, *values: object) -> list[Record]:
    rows = db.execute(f"SELECT job, number, attempts, deaths, outcome FROM jobs WHERE {which}", values).fetchall()
    return [Record(_job(*row[:4]), load_outcome(row[4])) for row in rows]


def _job(text: str, number: Any, attempts: int, deaths: int) -> Job:
    return replace(load_job(text), number=number, attempts=attempts, deaths=deaths)
