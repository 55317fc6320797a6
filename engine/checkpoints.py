"""What a running node needs to go on where it was, should its process die: bytes in files, by job, node and call."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.cache_files import write_whole
from engine.errors import UnsafePath
from engine.keys import Key
from engine.paths import safe_join

log = logging.getLogger(__name__)

MAGIC = b"wireloom checkpoint 1\n"
CHECK_BYTES = 32
HEAD_BYTES = len(MAGIC) + CHECK_BYTES
"""The magic, and a check of what follows and whose it is."""


def always() -> bool:
    """Of what may be stored at any time."""
    return True


class Checkpoints:
    """Files below ``root``, one folder a job; without a root nothing is stored, and so nothing found.

    ``salt`` is what makes bytes useless to another process: versions, device, numbers. Several processes may share a
    root: one computes, another removes what belongs to jobs that have ended. Files are whole or not there, but after a
    power cut some may be missing. What fails is a line in the log, once until it works again, never an error.
    """

    def __init__(self, root: Path | None = None, salt: bytes = b"") -> None:
        self._root, self._salt = root, salt
        self._failing = False

    def of_call(self, job_id: str, node_id: str, call: int, key: Key, may_store: Callable[[], bool] = always) -> Stored:
        """The place of a node's call, good for inputs of this ``key`` and processes of the same salt."""
        return Stored(self, self._path(job_id, f"{call} {node_id}"), key + self._salt, may_store)

    def of_deeds(self, job_id: str, node_id: str, call: int) -> Stored:
        """Another place of the same call, for what it did outside of the graph: true whatever its inputs are now."""
        return Stored(self, self._path(job_id, f"{call} {node_id} deeds"), b"")

    def jobs(self) -> Iterator[str]:
        """The ids of the jobs that have something stored."""
        if self._root and self._root.is_dir():
            yield from os.listdir(self._root)

    def forget(self, job_id: str) -> None:
        """Remove what a job stored: it has ended."""
        if self._root is None:
            return
        try:
            shutil.rmtree(_folder(self._root, job_id))
        except FileNotFoundError:
            pass
        except (OSError, UnsafePath) as error:
            log.warning("what job %s stored cannot be removed: %s", job_id, error)

    def _path(self, job_id: str, call: str) -> Path | None:
        if self._root is None:
            return None
        name = hashlib.blake2b(call.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return _folder(self._root, job_id) / name

    def write(self, path: Path, data: bytes, identity: bytes) -> None:
        """For ``Stored``: put a file in its place, over an older one."""
        try:
            write_whole(os.fspath(path), (MAGIC, _check(data, identity), data))
        except OSError as error:
            if not self._failing:
                log.warning("%s: nothing to go on from is stored for now: %s", self._root, error)
            self._failing = True
        else:
            self._failing = False


@dataclass(frozen=True)
class Stored:
    """The one place that a node's call has for bytes. To be used from any thread, by one at a time."""

    _checkpoints: Checkpoints
    _path: Path | None
    _identity: bytes
    _may_store: Callable[[], bool] = always

    def load(self) -> bytes | None:
        """What was stored last, by this call in this process or one that died; None if there is nothing, if it was
        stored for other inputs or by another version, or is damaged."""
        if self._path is None:
            return None
        try:
            whole = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("%s cannot be read: %s", self._path, error)
            return None
        head, data = whole[:HEAD_BYTES], whole[HEAD_BYTES:]
        if head != MAGIC + _check(data, self._identity):
            log.warning("%s is not used: it is damaged, or of other inputs or another version", self._path)
            return None
        return data

    def store(self, data: bytes) -> None:
        """Have these bytes there from now on, in place of the former. It is not known whether that worked."""
        if self._path is not None and self._may_store():
            self._checkpoints.write(self._path, data, self._identity)

    def drop(self) -> None:
        """Have nothing there."""
        if self._path is None:
            return
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s cannot be removed: %s", self._path, error)


def _folder(root: Path, job_id: str) -> Path:
    """Where a job's files are. Raises UnsafePath."""
    folder = safe_join(root, job_id)
    if folder.parent != root:
        raise UnsafePath(f"{job_id!r} is no name of a folder")
    return folder


def _check(data: bytes, identity: bytes) -> bytes:
    """A hash of what is stored, and of whose it is, which is not stored."""
    hasher = hashlib.blake2b(len(identity).to_bytes(8, "little") + identity, digest_size=CHECK_BYTES)
    hasher.update(data)
    return hasher.digest()
