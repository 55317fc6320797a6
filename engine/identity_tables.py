"""What is known of files' hashes, in an SQLite file that processes share."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from engine.identity import Stamp

log = logging.getLogger(__name__)

T = TypeVar("T")

LOCK_WAIT_S = 5.0
"""How long to wait for another process to let go of the file."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS stamp (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
    sha256 BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS content (sha256 BLOB PRIMARY KEY, token TEXT NOT NULL) WITHOUT ROWID;
"""


class Tables:
    """Stamp -> hash, hash -> token. A file that cannot be used is a line in the log, and memory takes its place."""

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def hash_of(self, stamp: Stamp) -> bytes | None:
        """The hash of the file that had exactly this stamp."""
        query = "SELECT sha256 FROM stamp WHERE path = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ?"
        row = self._do(lambda db: db.execute(query, _row(stamp)).fetchone())
        return row[0] if row else None

    def token_of(self, sha256: bytes, first: str) -> str:
        """The token of a content, in every process the same: ``first`` if it has none yet."""
        query = "SELECT token FROM content WHERE sha256 = ?"

        def find_or_add(db: sqlite3.Connection) -> str:
            row = db.execute(query, (sha256,)).fetchone()
            if row is None:
                with db:
                    db.execute("INSERT OR IGNORE INTO content VALUES (?, ?)", (sha256, first))
                row = db.execute(query, (sha256,)).fetchone()
            return str(row[0])

        return self._do(find_or_add)

    def keep(self, stamp: Stamp, sha256: bytes) -> None:
        """Remember the hash of a stamp; what was known of its path before is void."""

        def replace(db: sqlite3.Connection) -> None:
            with db:
                db.execute("INSERT OR REPLACE INTO stamp VALUES (?, ?, ?, ?, ?)", (*_row(stamp), sha256))

        self._do(replace)

    def close(self) -> None:
        with self._lock:
            if self._db:
                self._db.close()
                self._db = None

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                self._db = self._db or _connect(self._path)
                return work(self._db)
            except (sqlite3.Error, OSError) as error:
                log.warning("%s cannot be used, hashes of files will not outlive this process: %s", self._path, error)
            if self._db:
                self._db.close()
            self._path, self._db = ":memory:", _connect(":memory:")
            return work(self._db)


def _connect(path: Path | str) -> sqlite3.Connection:
    if path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, timeout=LOCK_WAIT_S, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript(SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


def _row(stamp: Stamp) -> tuple[bytes, int, int, int]:
    """Paths as bytes: not every name is text."""
    return stamp.path.encode("utf-8", "surrogatepass"), stamp.size, stamp.mtime_ns, stamp.ctime_ns
