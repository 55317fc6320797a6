"""What workflows were before they were saved: former versions, some with names.

They are kept beside the users' files, not among them, so that no client sees more than it put there:
``<user folder>/__versions/<user>/<digest of the path>/``, with ``index.json`` and a file for each content.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web
from pydantic import Field, ValidationError

from engine.events import now_ms
from web.atomic import write_atomically
from web.shapes import Shape

logger = logging.getLogger(__name__)

FOLDER = "__versions"
"""No user's folder: ids never begin so."""
WORKFLOWS, SUFFIX = "workflows/", ".json"
INDEX = "index.json"
MAX_UNNAMED, MAX_NAMED = 100, 200
MAX_UNNAMED_BYTES = 64 * 1024 * 1024
"""Of one workflow; the newest is kept in any case."""
MAX_AGE_MS = 90 * 24 * 3600 * 1000
"""Of versions without a name."""


class VersionNotFound(Exception):
    """A workflow has no such version; the text says so."""


class TooManyVersions(Exception):
    """A workflow has as many named versions as may be."""


class Version(Shape):
    """A former content: ``id`` is made from it. It was saved at ``saved_ms``, and is kept since ``kept_ms``."""

    id: str
    saved_ms: int
    kept_ms: int
    bytes: int
    name: str | None = None


class _Index(Shape):
    """``index.json``: the oldest first."""

    path: str
    versions: list[Version] = Field(default_factory=list)


class Versions:
    """The versions of all users' workflows. All block, and raise OSError; paths are from the user's folder.

    Equal contents of one workflow are one version, with the times of the last.
    """

    def __init__(self) -> None:
        self._changing = threading.RLock()

    def of(self, root: Path, path: str) -> list[Version]:
        """The versions of a workflow, the newest first."""
        with self._changing:
            return _read(_place(root, path), path).versions[::-1]

    def read(self, root: Path, path: str, version: str) -> bytes:
        """What it held then. Raises VersionNotFound."""
        with self._changing:
            place = _place(root, path)
            _one(_read(place, path), version)
            try:
                return (place / version).read_bytes()
            except FileNotFoundError:
                raise VersionNotFound(f"the version {version} of {path!r} is gone") from None

    def keep(self, root: Path, path: str, content: bytes, name: str | None = None) -> Version:
        """Keep what a file holds as a version, with a name perhaps. Raises TooManyVersions."""
        place, key = _place(root, path), hashlib.sha256(content).hexdigest()[:32]
        with self._changing:
            index = _read(place, path)
            same = next((each for each in index.versions if each.id == key), None)
            name = name or (same.name if same else None)
            saved_ms = (root / path).stat().st_mtime_ns // 1_000_000
            kept = Version(id=key, saved_ms=saved_ms, kept_ms=now_ms(), bytes=len(content), name=name)
            others = [each for each in index.versions if each.id != key]
            _expect_room(others, kept)
            place.mkdir(parents=True, exist_ok=True)
            if not (place / key).exists():
                write_atomically(place / key, content)
            _write(place, _Index(path=path, versions=[*others, kept]))
        return kept

    def rename(self, root: Path, path: str, version: str, name: str | None) -> Version:
        """Give a version a name, or take it. Raises VersionNotFound, TooManyVersions."""
        place = _place(root, path)
        with self._changing:
            index = _read(place, path)
            changed = _one(index, version).model_copy(update={"name": name})
            _expect_room([each for each in index.versions if each.id != version], changed)
            versions = [changed if each.id == version else each for each in index.versions]
            _write(place, _Index(path=path, versions=versions))
        return changed

    def replaced(self, root: Path, path: str, former: bytes) -> None:
        """Keep what a workflow was before it was saved."""
        if path.startswith(WORKFLOWS) and path.endswith(SUFFIX):
            self.keep(root, path, former)

    def moved(self, root: Path, path: str, dest: str) -> None:
        """Have versions go along; those of a file that was replaced stay with its path."""
        source, target = _place(root, path), _place(root, dest)
        with self._changing:
            if not source.is_dir():
                return
            versions = {each.id: each for each in _read(target, dest).versions}
            for each in _read(source, path).versions:
                known = versions.pop(each.id, None)
                versions[each.id] = each if known is None else _joined(known, each)
            target.mkdir(parents=True, exist_ok=True)
            for key in versions:
                if (source / key).is_file():
                    os.replace(source / key, target / key)
            _write(target, _Index(path=dest, versions=sorted(versions.values(), key=lambda each: each.kept_ms)))
            shutil.rmtree(source)

    def deleted(self, root: Path, path: str) -> None:
        """What is deleted is gone, with all that it was."""
        with self._changing:
            if (place := _place(root, path)).exists():
                shutil.rmtree(place)


versions_key = web.AppKey("versions", Versions)


def _place(root: Path, path: str) -> Path:
    return root.parent / FOLDER / root.name / hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _one(index: _Index, version: str) -> Version:
    for each in index.versions:
        if each.id == version:
            return each
    raise VersionNotFound(f"{index.path!r} has no version {version!r}")


def _joined(one: Version, other: Version) -> Version:
    newer, older = (one, other) if one.kept_ms >= other.kept_ms else (other, one)
    return newer.model_copy(update={"name": newer.name or older.name})


def _expect_room(others: list[Version], one: Version) -> None:
    if one.name is not None and sum(each.name is not None for each in others) >= MAX_NAMED:
        raise TooManyVersions(f"it has {MAX_NAMED} named versions, which is all that may be")


def _read(place: Path, path: str) -> _Index:
    try:
        return _Index.model_validate_json((place / INDEX).read_bytes())
    except FileNotFoundError:
        return _Index(path=path)
    except ValidationError as error:
        aside = place.with_name(f"{place.name}.corrupt")
        logger.warning("%s holds no versions, and is kept as %s: %s", place, aside, error)
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(place, aside)
        return _Index(path=path)


def _write(place: Path, index: _Index) -> None:
    """Keep the index without those that are beyond the limits, then let go of all that it does not name."""
    kept = [*_within_limits(index.versions)][::-1]
    write_atomically(place / INDEX, index.model_copy(update={"versions": kept}).model_dump_json().encode())
    named = {each.id for each in kept} | {INDEX}
    for file in place.iterdir():
        if file.name not in named:
            file.unlink(missing_ok=True)


def _within_limits(versions: list[Version]) -> Iterator[Version]:
    """Those that stay, the newest first."""
    count, size, oldest = 0, 0, now_ms() - MAX_AGE_MS
    for each in reversed(versions):
        if each.name is None:
            count, size = count + 1, size + each.bytes
            if count > 1 and (count > MAX_UNNAMED or size > MAX_UNNAMED_BYTES or each.kept_ms < oldest):
                continue
        yield each
