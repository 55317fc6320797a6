"""A user's own files: where a name leads, what is there, and how it changes. Whatever is refused says why."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

from aiohttp import web

from engine.errors import UnsafePath
from engine.folders import inside
from web.atomic import write_atomically

MAX_NAME_BYTES = 255
MAX_PARTS = 100
RULES = "no part of a name may be .., have a colon, end with a dot or a space, or name a device of Windows"
SERVER_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})
"""What another name would not help against."""


class Follower(Protocol):
    """Keeps something of users' files beside them, and is told what becomes of these; paths are from the user's folder.

    It is told while nothing else changes. What it raises keeps a file from being replaced.
    """

    def replaced(self, root: Path, path: str, former: bytes) -> None:
        """A file of this content is about to be replaced."""

    def moved(self, root: Path, path: str, dest: str) -> None:
        """A file has another path now."""

    def deleted(self, root: Path, path: str) -> None:
        """A file is gone."""


class UserFiles:
    """Changes to users' files, one at a time. All block, and raise HTTPException for what is refused."""

    def __init__(self, followers: Sequence[Follower] = ()) -> None:
        self._changing = threading.Lock()
        self._followers = followers

    def store(
        self, root: Path, name: str, data: bytes, *, overwrite: bool, expected: Collection[str] | None = None
    ) -> Path:
        """Write a file whole or not at all, and its folders; return where it is.

        With ``expected``, only in the place of a file that has one of these tags, or of any if ``*`` is among them.
        """
        target = locate(root, name)
        with self._changing, _told(name):
            if expected is not None:
                _expect_unchanged(target, name, expected)
            _make_way(target, name, overwrite=overwrite)
            self._tell_replaced(root, target, data)
            write_atomically(target, data)
        return target

    def delete(self, root: Path, name: str) -> None:
        """Remove one file."""
        target = locate(root, name)
        with self._changing, _told(name):
            _expect_file(target, name)
            target.unlink()
            for follower in self._followers:
                follower.deleted(root, _path(root, target))

    def move(self, root: Path, name: str, dest: str, *, overwrite: bool) -> Path:
        """Give a file another name; return where it is now."""
        source, target = locate(root, name), locate(root, dest)
        with self._changing, _told(dest):
            _expect_file(source, name)
            _make_way(target, dest, overwrite=overwrite)
            if source != target:
                self._tell_replaced(root, target)
            os.replace(source, target)
            for follower in self._followers if source != target else ():
                follower.moved(root, _path(root, source), _path(root, target))
        return target

    def _tell_replaced(self, root: Path, target: Path, data: bytes | None = None) -> None:
        """What lies there is about to go, unless it is what comes."""
        if self._followers and target.is_file() and (former := target.read_bytes()) != data:
            for follower in self._followers:
                follower.replaced(root, _path(root, target), former)


def _path(root: Path, target: Path) -> str:
    return target.relative_to(root).as_posix()


user_files_key = web.AppKey("user files", UserFiles)


def decoded(name: str) -> str:
    """A name from a path, decoded once more if it is still encoded. Raises HTTPBadRequest."""
    try:
        return unquote(name, errors="strict") if "%" in name else name
    except UnicodeDecodeError:
        raise web.HTTPBadRequest(text=f"{name!r} is not encoded as UTF-8") from None


def locate(root: Path, name: str) -> Path:
    """Where the file of this name is, or would be, below ``root``. Raises HTTPForbidden, HTTPBadRequest; see below."""
    if name.endswith("/"):
        raise web.HTTPBadRequest(text=f"{name!r} is the name of a folder, not of a file")
    return locate_folder(root, name)


def locate_folder(root: Path, name: str) -> Path:
    """Where below ``root`` a name leads; need not exist. Raises HTTPForbidden if outside, HTTPBadRequest if nowhere.

    Backslashes, which a name of ComfyUI's front end never has, are refused: it is hard to say what they were to mean.
    It blocks.
    """
    if "\\" in name:
        raise web.HTTPBadRequest(text=f"{name!r} has a backslash; folders are separated with /")
    try:
        path = inside(root, name)
    except UnsafePath as error:
        raise web.HTTPForbidden(text=f"{error}; {RULES}") from None
    parts = path.relative_to(root).parts
    if len(parts) > MAX_PARTS:
        raise web.HTTPBadRequest(text=f"a name of {len(parts)} parts is too long: {MAX_PARTS} are allowed")
    for part in parts:
        if reason := _unfit(part):
            raise web.HTTPBadRequest(text=f"{part!r} cannot be the name of a file: {reason}")
    return path


def read(root: Path, name: str) -> tuple[Path, bytes]:
    """Where a file is, and what it holds. It blocks. Raises HTTPException as above, HTTPNotFound if it is no file."""
    path = locate(root, name)
    if not path.is_file():
        raise web.HTTPNotFound(text=f"there is no file {name!r}")
    return path, path.read_bytes()


def tag_of(data: bytes) -> str:
    """What tells this content from any other: an ETag's value."""
    return hashlib.sha256(data).hexdigest()[:32]


def _unfit(part: str) -> str | None:
    if len(os.fsencode(part)) > MAX_NAME_BYTES:
        return f"it has more than {MAX_NAME_BYTES} bytes"
    if any(character < " " for character in part):
        return "it has control characters"
    return None


def _expect_file(path: Path, name: str) -> None:
    if path.is_dir():
        raise web.HTTPBadRequest(text=f"{name!r} is a folder; only files can be moved or deleted")
    if not path.is_file():
        raise web.HTTPNotFound(text=f"there is no file {name!r}")


def _expect_unchanged(path: Path, name: str, tags: Collection[str]) -> None:
    if not path.is_file():
        raise web.HTTPPreconditionFailed(text=f"there is no file {name!r} any more")
    if "*" not in tags and tag_of(path.read_bytes()) not in tags:
        raise web.HTTPPreconditionFailed(text=f"{name!r} has been changed")


def _make_way(target: Path, name: str, *, overwrite: bool) -> None:
    """See that a file can be put at ``target``, and make its folders."""
    if target.is_dir():
        raise web.HTTPBadRequest(text=f"{name!r} is a folder")
    if target.exists() and not overwrite:
        raise web.HTTPConflict(text=f"{name!r} exists already")
    target.parent.mkdir(parents=True, exist_ok=True)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Answer for what the file system says of a name."""
    try:
        yield
    except OSError as error:
        if error.errno in SERVER_ERRORS:
            raise
        raise web.HTTPBadRequest(text=f"{name!r} cannot be written: {error.strerror}") from None
