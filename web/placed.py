"""A finished file put among users' files: under its name, or under a numbered one if another file has that."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from pathlib import Path


def beside(target: Path, source: Path, digest: bytes) -> Path:
    """Move the file to a free name, or find one that holds the same already. Both on one file system, see below."""
    path, number = target, 0
    while True:
        try:
            _claim(path, source)
            return path
        except FileExistsError:
            if path.is_file() and digest_of(path) == digest:
                return path
        number += 1
        path = target.with_name(f"{target.stem} ({number}){target.suffix}")


def on_the_disk_of(folder: Path, source: Path) -> Path:
    """Where the file lies on the file system of ``folder``; a copy, if need be: only within one can it be moved."""
    if source.stat().st_dev == folder.stat().st_dev:
        return source
    copy = folder / f".{uuid.uuid4().hex}.upload"
    try:
        with source.open("rb") as content, copy.open("xb") as file:
            shutil.copyfileobj(content, file)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        copy.unlink(missing_ok=True)
        raise
    return copy


def put(target: Path, content: bytes) -> Path:
    """Write a file of this content, and its folders; return where it is, which may be where it was already."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{uuid.uuid4().hex}.tmp")  # hidden, so that no listing shows it
    try:
        with unfinished.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return beside(target, unfinished, hashlib.sha256(content).digest())
    finally:
        unfinished.unlink(missing_ok=True)


def digest_of(path: Path) -> bytes:
    """SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _claim(path: Path, source: Path) -> None:
    """Move the file, whole, to a name that nobody has. Raises FileExistsError."""
    try:
        os.link(source, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: the name is taken first, and for a moment its file is empty
        path.open("xb").close()
        os.replace(source, path)
