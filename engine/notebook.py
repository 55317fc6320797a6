"""What recent runs were made of and how they are explained, in an SQLite file: the next process knows them too."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.explain import Made, Trace, explain, plain, trace

if TYPE_CHECKING:
    from engine.run import Run

log = logging.getLogger(__name__)

COMPARED = 16
"""Runs that a new one is compared with."""
KEPT = 500
"""Runs whose explanation can be asked for."""
LOCK_WAIT_S = 2.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL UNIQUE, at REAL, trace TEXT, accounts TEXT
)"""


class Notebook:
    """Explains runs. A file that cannot be used is a line in the log, and then only this process's runs are known.

    Several processes may share the file. Its thread does all the work, so that no run waits for it.
    """

    def __init__(self, path: Path | str = ":memory:") -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="notebook")
        self._db: sqlite3.Connection | None = None
        self._seen = 0
        self._recent: deque[Trace] = deque(maxlen=COMPARED)

    def note(self, run: Run) -> None:
        """Explain a run that ended, against those before it, in a moment: who asks for it then waits for it."""
        self._thread.submit(self._note, run)

    async def explanation(self, job_id: str) -> dict[str, Any] | None:
        """Node id -> how it came by its result and why it ran, see ``engine.explain``; None for an unknown job."""
        return await asyncio.wrap_future(self._thread.submit(self._find, job_id))

    async def close(self) -> None:
        """Wait for what is being written, and let go of the file."""
        await asyncio.wrap_future(self._thread.submit(self._close))
        self._thread.shutdown(wait=False)

    def _note(self, run: Run) -> None:
        try:
            now = trace(run)
            self._catch_up()
            accounts = plain(explain(run, now, self._recent))
            is_new = now not in self._recent
            if is_new:
                self._recent.appendleft(now)
            self._write(run.job.id, now if is_new else None, accounts)
        except sqlite3.Error as error:
            log.warning("%s: run %s is not explained: %s", self._path, run.job.id, error)
        except Exception:  # an explanation that fails must not take a job with it, nor go unnoticed
            log.exception("run %s could not be explained", run.job.id)

    def _catch_up(self) -> None:
        """Read what others have noted since."""
        rows = self._open().execute(
            "SELECT number, trace FROM runs WHERE number > ? AND trace IS NOT NULL ORDER BY number DESC LIMIT ?",
            (self._seen, COMPARED),
        )
        for number, text in reversed(rows.fetchall()):
            self._recent.appendleft({node_id: Made(**made) for node_id, made in json.loads(text).items()})
            self._seen = number

    def _write(self, job_id: str, now: Trace | None, accounts: Mapping[str, Any]) -> None:
        """Keep an explanation, and the trace unless another run has left the same."""
        text = json.dumps({node_id: vars(made) for node_id, made in now.items()}) if now is not None else None
        with self._open() as db:
            row = (job_id, time.time(), text, json.dumps(accounts))
            number = db.execute("INSERT OR REPLACE INTO runs (job_id, at, trace, accounts) VALUES (?, ?, ?, ?)", row)
            self._seen = number.lastrowid or self._seen
            db.execute("DELETE FROM runs WHERE number <= ?", (self._seen - KEPT,))

    def _find(self, job_id: str) -> dict[str, Any] | None:
        row = self._open().execute("SELECT accounts FROM runs WHERE job_id = ?", (job_id,)).fetchone()
        found: dict[str, Any] | None = json.loads(row[0]) if row else None
        return found

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = self._connect(self._path)
        return self._db

    def _connect(self, path: Path | str) -> sqlite3.Connection:
        try:
            if path != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(path, timeout=LOCK_WAIT_S, check_same_thread=False)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = OFF")  # losing the newest explanations to a power cut is no harm
            db.execute(SCHEMA)
            db.commit()
        except (sqlite3.Error, OSError) as error:
            if path == ":memory:":
                raise
            log.warning("%s cannot be used, explanations will not outlive this process: %s", path, error)
            return self._connect(":memory:")
        return db

    def _close(self) -> None:
        if self._db:
            self._db.close()
            self._db = None
