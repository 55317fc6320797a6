"""The file of ``SqliteQueue``: opened, brought up to date, changed in transactions, and kept small."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from engine.errors import DiskFull, QueueFileError

log = logging.getLogger(__name__)

LOCK_WAIT_S = 2.0
"""How long to wait for another process to let go of the file."""
LARGEST_LOG_BYTES = 4 * 1024 * 1024
"""What is left of the write-ahead log once it has gone into the file."""
REWRITTEN_BYTES = 64 * 1024 * 1024
"""A file made before free space was given back is written anew if it is no larger: that takes under a second."""
FREE_PAGES = 256
"""So much (1 MB) stays free in the file for jobs to come, and is given back at a time."""

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
    """
    -- orphaned: how often the server died while the job ran; deaths count, from now on, those of the worker alone
    ALTER TABLE jobs ADD COLUMN orphaned INTEGER NOT NULL DEFAULT 0;
    UPDATE jobs SET orphaned = deaths, deaths = 0;
    -- the ticket that a job was put with: its key, and the fingerprint of the request
    ALTER TABLE jobs ADD COLUMN ticket TEXT;
    ALTER TABLE jobs ADD COLUMN fingerprint TEXT;
    CREATE UNIQUE INDEX jobs_tickets ON jobs (ticket) WHERE ticket IS NOT NULL;
    CREATE INDEX jobs_by_state ON jobs (state, arrival);
    """,
    """
    -- the name of the saved workflow that a job came from: what jobs_reading.WORKFLOW says, word for word
    CREATE INDEX jobs_by_workflow ON jobs (json_extract(job, '$.extra_data.wireloom.workflow'), state, arrival);
    """,
)
"""``PRAGMA user_version`` counts how many of these a file has seen. Never change one; add the next."""


def connect(path: Path | str) -> sqlite3.Connection:
    """Open or create the file, and bring it up to date. Raises QueueFileError, sqlite3.Error."""
    if path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")  # two processes would run each job twice
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a new file; others must be written anew for it
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA journal_size_limit = {LARGEST_LOG_BYTES}")
        with transaction(db):
            _migrate(db, path)
        _rewrite(db, path)
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


def told(error: sqlite3.DatabaseError, path: Path | str) -> QueueFileError:
    """What an error of SQLite means for who uses the queue."""
    if _cannot_write(error):
        return DiskFull(f"nothing more can be stored in the queue {path}: {error}")
    if isinstance(error, sqlite3.OperationalError):
        why = "it is in use by another process" if "locked" in str(error) else str(error)
        return QueueFileError(f"cannot use the queue {path}: {why}")
    broken = QueueFileError(f"the queue {path} is broken: {error}")
    broken.add_note("Move the file away to start with an empty queue and history.")
    return broken


def give_back(db: sqlite3.Connection) -> bool:
    """Return some of the file's free space to the system; return whether there is more of it."""
    if (free := value(db, "PRAGMA freelist_count")) <= FREE_PAGES or not value(db, "PRAGMA auto_vacuum"):
        return False
    db.execute(f"PRAGMA incremental_vacuum({min(free - FREE_PAGES, FREE_PAGES)})").fetchall()  # a page for each row
    return value(db, "PRAGMA freelist_count") > FREE_PAGES


def value(db: sqlite3.Connection, query: str, *values: object) -> int:
    """The one number that a query gives."""
    return cast("int", db.execute(query, values).fetchone()[0])


def _cannot_write(error: sqlite3.DatabaseError) -> bool:
    """Whether the disk is full, or does not take or give what it should: the lowest byte is the kind of error."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def _migrate(db: sqlite3.Connection, path: Path | str) -> None:
    version = value(db, "PRAGMA user_version")
    if version > len(MIGRATIONS):
        raise QueueFileError(f"{path} has schema {version}, from a newer wireloom; this one knows {len(MIGRATIONS)}")
    if version == len(MIGRATIONS):
        return
    for script in MIGRATIONS[version:]:
        for statement in script.split(";\n"):
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _rewrite(db: sqlite3.Connection, path: Path | str) -> None:
    """Have an older file give back what becomes free in it. A large one is left as it is: it only never shrinks."""
    if value(db, "PRAGMA auto_vacuum") or path == ":memory:":
        return
    if value(db, "PRAGMA page_count") * value(db, "PRAGMA page_size") > REWRITTEN_BYTES:
        return
    try:
        db.execute("VACUUM")
    except sqlite3.OperationalError as error:  # such as a disk without room for a second copy: the first is in use
        log.warning("%s is not written anew, and will not shrink when jobs are removed: %s", path, error)
