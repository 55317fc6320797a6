"""What files a user has, as clients ask for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

from web.shapes import Shape


class FileInfo(Shape):
    """A file: its size in bytes, its times in milliseconds since 1970."""

    path: str
    size: int
    modified: int
    created: int


class FolderEntry(Shape):
    """A folder, by the path from the user's own."""

    name: str
    path: str
    type: Literal["directory"] = "directory"


class FileEntry(Shape):
    """A file, by the path from the user's folder: its size in bytes, its time in seconds since 1970."""

    name: str
    path: str
    type: Literal["file"] = "file"
    size: int
    modified: float


def describe(root: Path, path: Path) -> FileInfo:
    """A file, by its path from ``root``. Raises OSError."""
    found = path.stat()
    created = getattr(found, "st_birthtime", found.st_ctime)  # not every system keeps the time of birth
    modified = found.st_mtime_ns // 1_000_000
    return FileInfo(path=_below(root, path), size=found.st_size, modified=modified, created=int(created * 1000))


def list_files(folder: Path, *, within: Path, recurse: bool) -> list[Path]:
    """Sorted files of a folder; hidden ones are left out, and links that lead out of ``within``. Raises OSError."""
    return sorted(path for path in _walk(folder, within, recurse=recurse) if path.is_file())


def describe_files(folder: Path, *, within: Path, recurse: bool) -> list[FileInfo]:
    """The same, described."""
    return [info for path in list_files(folder, within=within, recurse=recurse) for info in _present(folder, path)]


def list_tree(folder: Path, *, within: Path) -> list[FolderEntry | FileEntry]:
    """All that is below a folder: folders first, then by name. Raises OSError."""
    found = sorted(_walk(folder, within, recurse=True), key=lambda path: (not path.is_dir(), path.name.lower(), path))
    return [entry for path in found for entry in _entry(within, path)]


def _present(root: Path, path: Path) -> Iterator[FileInfo]:
    with suppress(FileNotFoundError):  # deleted since it was found
        yield describe(root, path)


def _entry(root: Path, path: Path) -> Iterator[FolderEntry | FileEntry]:
    place = _below(root, path)
    if path.is_dir():
        yield FolderEntry(name=path.name, path=place)
        return
    with suppress(FileNotFoundError):
        found = path.stat()
        yield FileEntry(name=path.name, path=place, size=found.st_size, modified=found.st_mtime)


def _walk(folder: Path, within: Path, *, recurse: bool) -> Iterator[Path]:
    """Files and folders, in no order. Linked folders are not entered: they may lead in circles."""
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            found = [entry for entry in entries if not entry.name.startswith(".")]
        for entry in found:
            path = Path(entry.path)
            if entry.is_symlink() and _leads_out(within, path):
                continue
            yield path
            if recurse and entry.is_dir(follow_symlinks=False):
                waiting.append(path)


def _leads_out(root: Path, path: Path) -> bool:
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
