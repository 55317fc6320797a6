"""The files of a cache: written whole or not at all, and never more than fit the budget. For one writing thread."""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger(__name__)

BLOCK_BYTES = 4096
"""What the smallest file takes."""
PART = ".part"
"""What a file's name ends in until it is whole."""
ABANDONED_S = 3600.0
"""An unfinished file this old has nobody who writes it any more."""
KEPT_SHARE = 0.9
"""How full the cache is after room was made."""
UNSEEN_SHARE = 0.05
"""How much of the budget to write before looking again at what others wrote."""


class Found(NamedTuple):
    """A file on the disk."""

    changed_s: float
    size: int
    path: str


class Files:
    """Files below ``root``, at most ``budget_bytes`` of them; the least recently touched go first.

    Other processes may write and remove there too. What fails is a line in the log, once until it works again.
    """

    def __init__(self, root: Path, budget_bytes: int) -> None:
        self._root, self.budget_bytes = root, budget_bytes
        self._used_bytes: int | None = None  # unknown until the first look
        self._unseen_bytes = 0
        self._failing = False

    def write(self, path: str, parts: Iterable[bytes]) -> None:
        """Put a file in its place at once, whole; it replaces one that is there. Too large ones are left out."""
        parts = list(parts)
        size = _taken(sum(map(len, parts)))
        if size > self.budget_bytes:
            return
        try:
            write_whole(path, parts)
            self._count(size)
        except OSError as error:
            if not self._failing:
                log.warning("%s: results are not kept on disk for now: %s", self._root, error)
            self._failing = True
        else:
            self._failing = False

    def used_bytes(self) -> int:
        """What all files take, those of other processes as far as they are known. From any thread."""
        used = self._used_bytes
        return sum(found.size for found in self._scan()) if used is None else used

    def clear(self) -> None:
        """Remove all files."""
        for found in self._scan():
            _remove(found.path)
        self._used_bytes = None

    def _count(self, size: int) -> None:
        if self._used_bytes is not None:
            self._used_bytes += size
            self._unseen_bytes += size
            if self._used_bytes <= self.budget_bytes and self._unseen_bytes <= UNSEEN_SHARE * self.budget_bytes:
                return
        found = self._scan()
        self._used_bytes, self._unseen_bytes = sum(each.size for each in found), 0
        if self._used_bytes > self.budget_bytes:
            self._make_room(sorted(found))

    def _make_room(self, oldest_first: Iterable[Found]) -> None:
        for found in oldest_first:
            if self._used_bytes is None or self._used_bytes <= KEPT_SHARE * self.budget_bytes:
                return
            if _remove(found.path):
                self._used_bytes -= found.size

    def _scan(self) -> list[Found]:
        """All files; those that were left unfinished go."""
        found = []
        for folder, _, names in os.walk(self._root):
            for path in (os.path.join(folder, name) for name in names):
                try:
                    status = os.stat(path)
                except OSError:  # gone meanwhile
                    continue
                unfinished = path.endswith(PART)
                if unfinished and time.time() - status.st_mtime > ABANDONED_S:
                    _remove(path)
                elif not unfinished:
                    found.append(Found(status.st_mtime, _taken(status.st_size), path))
        return found


def _remove(path: str) -> bool:
    """Whether the file is gone: removed now, or by another process that made room as well."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return True
    except OSError as error:
        log.warning("%s cannot be removed: %s", path, error)
        return False
    return True


def _taken(size: int) -> int:
    """Bytes of disk that a file of this size takes."""
    return max(1, -(-size // BLOCK_BYTES)) * BLOCK_BYTES


def write_whole(path: str, parts: Iterable[bytes]) -> None:
    """Write beside the place, then move there: whoever opens ``path`` sees all of a file. Raises OSError."""
    unfinished = f"{path}.{secrets.token_hex(4)}{PART}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        with open(unfinished, "xb") as file:
            for part in parts:
                file.write(part)
        os.replace(unfinished, path)
    except OSError:
        with suppress(OSError):
            os.unlink(unfinished)
        raise
