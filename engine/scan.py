"""The files below a folder, remembered until a directory changes: menus of models are read often."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

log = logging.getLogger(__name__)

Identity: TypeAlias = tuple[int, int]

SETTLED_NS = 3_000_000_000
"""A directory changed this recently may change again without a new time stamp: file systems count in up to 2 s."""


@dataclass
class Scan:
    """What was found, and when each directory had last changed."""

    names: list[str] = field(default_factory=list)
    changed_ns: dict[str, int] = field(default_factory=dict)

    def is_current(self) -> bool:
        return all(_changed_ns(folder) == changed for folder, changed in self.changed_ns.items())

    def may_be_kept(self) -> bool:
        return all(changed < time.time_ns() - SETTLED_NS for changed in self.changed_ns.values())


class Scanner:
    """Lists folders. Hidden files and directories are skipped, links are followed but never round in a circle."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Path, frozenset[str], bool], Scan] = {}

    def scan(self, folder: Path, extensions: Collection[str], *, deep: bool) -> list[str]:
        """Names relative to ``folder`` of files that end in one of ``extensions`` (in anything if there are none)."""
        key = folder, frozenset(extensions), deep
        kept = self._kept.get(key)
        if kept and kept.is_current():
            return kept.names
        scan = _scan(folder, key[1], deep=deep)
        if scan.may_be_kept():
            self._kept[key] = scan
        return scan.names


def _scan(folder: Path, extensions: frozenset[str], *, deep: bool) -> Scan:
    scan = Scan()
    ahead: list[tuple[str, str, frozenset[Identity]]] = [(str(folder), "", frozenset())]
    while ahead:
        path, prefix, above = ahead.pop()
        try:
            status = os.stat(path)
            identity = status.st_dev, status.st_ino
            if identity in above:
                continue
            scan.changed_ns[path] = status.st_mtime_ns
            files, folders = _entries(path, extensions)
        except OSError as error:
            if scan.changed_ns:  # that the first folder does not exist is usual
                log.warning("left out %s: %s", path, error)
            scan.changed_ns.setdefault(path, 0)
            continue
        scan.names += [prefix + name for name in files]
        if deep:
            ahead += [(os.path.join(path, name), f"{prefix}{name}{os.sep}", above | {identity}) for name in folders]
    return scan


def _entries(path: str, extensions: frozenset[str]) -> tuple[list[str], list[str]]:
    """The names of the files and of the directories that count."""
    files, folders = [], []
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith(".") or (os.sep == "/" and "\\" in entry.name):  # see safe_join
                continue
            if entry.is_dir():
                folders.append(entry.name)
            elif entry.is_file() and (not extensions or os.path.splitext(entry.name)[1].lower() in extensions):
                files.append(entry.name)
    return files, folders


def _changed_ns(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0
