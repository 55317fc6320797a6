"""Who a file is: a token that stays while its content does, for the keys of nodes that read it.

A stamp (path, size, times) is told at once, a hash only once the file was read. So files have their stamp's token
until their hash is known, and a hash takes over the token of the first stamp that had it: learning a hash changes no
key in use, and a file that was copied, touched or renamed is known again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import queue
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from engine.identity_tables import Tables

log = logging.getLogger(__name__)

MIB = 1024 * 1024
AT_ONCE_BYTES = 64 * MIB
"""Larger files are hashed in the background: this much takes a moment, gigabytes take many seconds."""
SETTLED_S = 2.5
"""A file changed this recently may change again without a new time stamp: file systems count in up to 2 s."""
CHUNK_BYTES = 4 * MIB
KNOWN = 10_000
"""Tokens kept in memory; the others cost a look into the file."""
NICENESS = 10


class Stamp(NamedTuple):
    """What can be told of a file without reading it."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, path: str | Path) -> Stamp:
        """Raises OSError."""
        status = os.stat(path)
        return cls(os.fspath(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    @property
    def times(self) -> str:
        """Size and times: changes with the file, but also when it is only touched."""
        return f"{self.size} {self.mtime_ns} {self.ctime_ns}"

    @property
    def token(self) -> str:
        text = "\0".join(map(str, self))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def settles_in_s(self) -> float:
        """Seconds until a change would give another stamp for sure. A time that lies ahead was set by hand."""
        changed_ns = self.ctime_ns if os.name == "posix" else max(self.mtime_ns, self.ctime_ns)
        age_s = time.time() - changed_ns / 1e9
        return SETTLED_S - age_s if abs(age_s) < SETTLED_S else 0.0


class Identity:
    """Tokens of files. What was learned lies in the SQLite file ``path``, which processes may share.

    Files up to ``at_once_bytes`` are hashed by the caller, larger ones by a thread that gives way to others. Safe to
    use from any thread; not from an event loop, because files are read. A file that cannot be used for keeping is a
    line in the log, and then only this process knows.
    """

    def __init__(self, path: Path | str = ":memory:", *, at_once_bytes: int = AT_ONCE_BYTES) -> None:
        self._tables = Tables(path)
        self._at_once_bytes = at_once_bytes
        self._known: dict[Stamp, str] = {}  # tokens that will not change any more
        self._waiting: set[Stamp] = set()
        self._todo: queue.SimpleQueue[Stamp | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._learned = threading.Condition(self._lock)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def token(self, path: Path | str) -> str:
        """The same for as long as the file's content is. Raises OSError if there is no such file."""
        stamp = Stamp.of(path)
        if known := self._known.get(stamp):
            return known
        if sha256 := self._tables.hash_of(stamp):
            return self._learn(stamp, sha256, settled=True)
        if stamp.size <= self._at_once_bytes:
            settled = not stamp.settles_in_s()
            sha256 = self._hash(stamp)
            # Without a stamp that was given away before, content speaks for itself.
            return self._learn(stamp, sha256, settled=settled, first=sha256.hex()) if sha256 else stamp.token
        self._queue(stamp)
        return stamp.token

    def sha256(self, path: Path | str, wait_s: float | None = None) -> str | None:
        """A file's SHA-256, in hex. A large file that was not hashed yet is waited for as long as that, or to the end.

        None if it is not known by then, or the file changes meanwhile. Raises OSError if there is no such file.
        """
        stamp = Stamp.of(path)
        found = self._tables.hash_of(stamp)
        if found is None and stamp.size <= self._at_once_bytes:
            settled = not stamp.settles_in_s()
            if found := self._hash(stamp):
                self._learn(stamp, found, settled=settled, first=found.hex())
        elif found is None:
            self._queue(stamp)
            with self._learned:
                self._learned.wait_for(lambda: stamp not in self._waiting or self._stop.is_set(), wait_s)
            found = self._tables.hash_of(stamp)
        return found.hex() if found else None

    def close(self) -> None:
        """Stop hashing, and let go of the file."""
        self._stop.set()
        with self._learned:
            thread = self._thread
            self._todo.put(None)
            self._learned.notify_all()
        if thread:
            thread.join()
        self._tables.close()

    def _learn(self, stamp: Stamp, sha256: bytes, *, settled: bool, first: str | None = None) -> str:
        """The token of this content; if it has none yet, ``first`` or the stamp's. Kept if the stamp is settled."""
        token = self._tables.token_of(sha256, first or stamp.token)
        if settled:
            self._tables.keep(stamp, sha256)
            if len(self._known) >= KNOWN:
                self._known.clear()
            self._known[stamp] = token
        return token

    def _queue(self, stamp: Stamp) -> None:
        with self._lock:
            if stamp in self._waiting or self._stop.is_set():
                return
            self._waiting.add(stamp)
            self._todo.put(stamp)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="file hashes", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        """Hash one file after the other until told to stop."""
        with suppress(AttributeError, OSError):  # a thread's own priority is Linux's
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while (stamp := self._todo.get()) and not self._stop.is_set():
            self._stop.wait(stamp.settles_in_s())
            if sha256 := self._hash(stamp):
                self._learn(stamp, sha256, settled=True)
            with self._learned:
                self._waiting.discard(stamp)
                self._learned.notify_all()

    def _hash(self, stamp: Stamp) -> bytes | None:
        """SHA-256 of a file's content; None if it was changed meanwhile, cannot be read, or there is no more time."""
        hasher = hashlib.sha256()
        try:
            with open(stamp.path, "rb", buffering=0) as file:
                while chunk := file.read(CHUNK_BYTES):
                    if self._stop.is_set():
                        return None
                    hasher.update(chunk)
            if Stamp.of(stamp.path) != stamp:
                return None
        except OSError as error:
            log.warning("%s cannot be hashed: %s", stamp.path, error)
            return None
        return hasher.digest()
