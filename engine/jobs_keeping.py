"""How long the jobs that ended are kept in the file of ``SqliteQueue``, and what becomes of the space they took."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass

from engine.events import now_ms
from engine.jobs_file import give_back
from engine.jobs_json import load_outcome
from engine.jobs_reading import ended

PORTION = 64
"""Jobs that are removed at a time: the others who use the queue wait for that."""
DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class Keep:
    """Of the jobs that ended, keep the newest ``jobs``, and none that ended more than ``days`` ago; None: all.

    Who was told that a job has ended still has ``grace_s`` to ask for it.
    """

    jobs: int | None = None
    days: float | None = None
    grace_s: float = 60.0

    @property
    def everything(self) -> bool:
        return self.jobs is None and self.days is None


def tidy(db: sqlite3.Connection, keep: Keep) -> float | None:
    """Remove some of the jobs that are not kept, and give back some space.

    Return in how many seconds there is more to do: 0 now, None not before another job ends.
    """
    old, more_in_s = _too_old(db, keep)
    db.executemany("DELETE FROM jobs WHERE arrival = ?", old)
    return 0.0 if give_back(db) or len(old) == PORTION else more_in_s


def _too_old(db: sqlite3.Connection, keep: Keep) -> tuple[list[tuple[int]], float | None]:
    """The oldest that are not kept, by arrival, in the order in which they ended; in how many seconds another is so."""
    if keep.everything:
        return [], None
    surplus = 0 if keep.jobs is None else ended(db) - keep.jobs
    limit = PORTION if keep.days is not None else min(surplus, PORTION)
    query = "SELECT arrival, outcome FROM jobs WHERE finished IS NOT NULL ORDER BY finished LIMIT ?"
    now, old = now_ms(), list[tuple[int]]()
    for arrival, outcome in db.execute(query, (max(limit, 0),)):
        age_ms = now - load_outcome(outcome).finished_ms
        kept_ms = math.inf if keep.days is None else keep.days * DAY_MS
        if len(old) < surplus:
            kept_ms = min(kept_ms, keep.grace_s * 1000)
        if age_ms < kept_ms:
            return old, None if kept_ms == math.inf else (kept_ms - age_ms) / 1000
        old.append((arrival,))
    return old, None
