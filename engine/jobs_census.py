"""How many jobs wait and run, out of the file of ``SqliteQueue``: counted in its indices, not by looking at jobs."""

from __future__ import annotations

import sqlite3

from engine.jobs import Census

AHEAD = "SELECT state, COUNT(*) FROM jobs WHERE finished IS NULL GROUP BY state"
OLDEST = """
    SELECT json_extract(job, '$.created_ms') FROM jobs WHERE arrival = (
        SELECT MIN(+arrival) FROM jobs WHERE state = 'pending' AND finished IS NULL
    )"""
"""``+``: without it SQLite would look for it from the beginning of history on."""


def census(db: sqlite3.Connection) -> Census:
    """What waits and runs. Of one job, the oldest, the time is read."""
    counted = dict(db.execute(AHEAD).fetchall())
    row = db.execute(OLDEST).fetchone()
    return Census(counted.get("pending", 0), counted.get("running", 0), row[0] if row else None)
