"""Counting the queue without reading it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from engine.jobs import Census, Job, Outcome
from engine.jobs_census import AHEAD, OLDEST
from engine.jobs_sqlite import SqliteQueue


def job(name: str, created_ms: int) -> Job:
    return Job({}, (), id=name, created_ms=created_ms)


async def test_what_waits_and_runs_is_counted() -> None:
    async with SqliteQueue(":memory:") as queue:
        assert await queue.census() == Census(0, 0, None)
        for number, name in enumerate("abc"):
            await queue.put(job(name, 1000 + number))
        assert await queue.census() == Census(3, 0, 1000)
        await queue.put(job("first", 5000), front=True)
        await queue.claim()
        assert await queue.census() == Census(3, 1, 1000)
        await queue.finish("first", Outcome("succeeded", 1, 2))
        await queue.cancel(["a"])
        assert await queue.census() == Census(2, 0, 1001)


async def test_history_is_not_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "queue.sqlite"
    async with SqliteQueue(file) as queue:
        await queue.put(job("a", 1))
    db = sqlite3.connect(file)
    (counting,) = (row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {AHEAD}"))
    steps = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {OLDEST}")]
    db.close()
    assert "USING INDEX jobs_ahead" in counting
    assert steps[0] == "SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)"
    assert "INDEX jobs_ahead (state=?)" in steps[-1]
