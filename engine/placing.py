"""Files that a node makes once, however often the process dies while it does."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self

from engine.checkpoints import Stored
from engine.errors import UnsafePath
from engine.paths import SavePath, inside


@dataclass
class Deeds:
    """The files that were made or were about to be, in order: their names below the root, and hashes of what they hold.

    ``token`` is in the name of what is not whole yet.
    """

    token: str = field(default_factory=lambda: secrets.token_hex(8))
    made: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def read(cls, data: bytes | None) -> Self:
        if data is None:
            return cls()
        said = json.loads(data)
        return cls(said["token"], [(name, digest) for name, digest in said["made"]])

    def note(self, k: int, name: str, digest: str) -> bytes:
        """That file ``k`` is about to be made; all of it as bytes."""
        self.made[k:] = [(name, digest), *self.made[k + 1 :]]
        return json.dumps({"token": self.token, "made": self.made}).encode()


class Placing:
    """Puts a node's files into folders below ``root``: numbered, over nobody else's, and each only once.

    A file is there at once with all that it holds, and its name is noted before. So if the process dies, the next
    attempt at the job knows the node's own files: those that were noted and hold what was noted. It leaves them as they
    are, or replaces them if it makes something else. (Where the file system has no hard links, a file that was being
    written at that instant stays behind as it is.)
    """

    def __init__(self, root: Path, stored: Stored) -> None:
        self._root, self._stored = root, stored
        self._deeds = Deeds.read(stored.load())
        self._count = 0

    def put(self, data: bytes | Iterable[bytes], place: SavePath, extension: str, batch: int = 0) -> Path:
        """Make the node's next file; its path. ``batch`` takes the place of ``%batch_num%``. Raises OSError.

        ``data`` may come in pieces, for what is large; it is gone through several times, and is the same each time.
        """
        pieces: Iterable[bytes] = (data,) if isinstance(data, bytes) else data
        k, digest = self._count, _hashed(pieces)
        self._count += 1
        path, noted = self._before(k)
        if path:
            self._unfinished(path).unlink(missing_ok=True)
            if (found := _digest(path)) == noted == digest:
                return path
            if found == noted:
                path.unlink()
        path = path or place.next(extension, batch)
        while not self._take(k, path, pieces, digest):
            path = place.next(extension, batch)
        return path

    def _before(self, k: int) -> tuple[Path | None, str]:
        """Where an attempt before this had its file ``k``, and what it was to hold."""
        if k >= len(self._deeds.made):
            return None, ""
        name, digest = self._deeds.made[k]
        try:
            return inside(self._root, name), digest
        except UnsafePath:  # its folder has become a link that leads elsewhere
            return None, ""

    def _take(self, k: int, path: Path, pieces: Iterable[bytes], digest: str) -> bool:
        """Make a file unless another has the name."""
        if path.exists():
            return False
        self._stored.store(self._deeds.note(k, path.relative_to(self._root).as_posix(), digest))
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._unfinished(path)
        try:
            with unfinished.open("wb") as file:
                _fill(file, pieces)
            _appear(unfinished, path, pieces)
        except FileExistsError:
            return False
        finally:
            unfinished.unlink(missing_ok=True)
        return True

    def _unfinished(self, path: Path) -> Path:
        """What a file is before it is whole; hidden, so that no listing shows it."""
        return path.with_name(f".{self._deeds.token}.part")


def _appear(unfinished: Path, path: Path, pieces: Iterable[bytes]) -> None:
    """Give a whole file its name. Raises FileExistsError if that is taken, OSError."""
    try:
        os.link(unfinished, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links, or something that making the file tells better
        file = path.open("xb")
        try:
            with file:
                _fill(file, pieces)
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _fill(file: BinaryIO, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        file.write(piece)


def _hashed(pieces: Iterable[bytes]) -> str:
    hasher = hashlib.sha256()
    for piece in pieces:
        hasher.update(piece)
    return hasher.hexdigest()


def _digest(path: Path) -> str | None:
    """The hash of what a file holds; None if there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
