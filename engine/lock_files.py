"""Files that a lock names, found again here: by their content, then by the layout of their tensors, then by name.

Only the same content stands for a file by itself. What merely looks alike is told, never used in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from engine.errors import FolderNotFound, UnsafePath
from engine.folders import Folders
from engine.lock import LockedFile, locked_file
from engine.registry import Registry
from engine.safetensors_header import tensor_layout

Found: TypeAlias = Literal["same", "renamed", "replaced", "similar", "missing", "unknown"]
SHOWN_DIGITS = 12
"""Of a hash, for people."""


@dataclass(frozen=True)
class Match:
    """What became of a file. ``here`` is the name of the file that is meant by ``text``, if there is one.

    ``same``: it is here. ``renamed``: its content is here under another name. ``replaced``: its name is here with
    another content. ``similar``: only a file with the same tensors in other values is here. ``unknown``: the name is
    here and nothing speaks against it, but its content was not known when the lock was made.
    """

    file: LockedFile
    found: Found
    text: str
    here: str | None = None


def match(file: LockedFile, folders: Folders) -> Match:
    """Find a file again. Hashes files of its size, however long that takes."""
    named = locked_file(folders, file.folder, file.name)
    if file.sha256 is None:
        return _by_looks(file, named, folders)
    if named and named.sha256 == file.sha256:
        return Match(file, "same", f"{file.shown} is the same", file.name)
    if other := next(_of_content(file, folders), None):
        there = ", and what has its name now is another file" if named else ""
        return Match(file, "renamed", f"{file.shown} is here as {file.folder}/{other}, the same content{there}", other)
    if named:
        return _replaced(file, named, folders)
    return _missing(file, folders)


def with_files(prompt: Mapping[str, Any], registry: Registry, matches: Iterable[Match]) -> dict[str, Any]:
    """The workflow in API format, with the names that renamed files have here."""
    names = {(each.file.folder, each.file.name): each.here for each in matches if each.found == "renamed"}
    changed = dict(prompt)
    for node_id, key, file in _places(prompt, registry):
        if name := names.get(file):
            node = changed[node_id]
            changed[node_id] = {**node, "inputs": {**node["inputs"], key: name}}
    return changed


def named_files(prompt: Mapping[str, Any], registry: Registry) -> set[tuple[str, str]]:
    """The files that the inputs of a workflow in API format name, by folder and name."""
    return {file for _, _, file in _places(prompt, registry)}


def _places(prompt: Mapping[str, Any], registry: Registry) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """Node, input and file: wherever an input names one."""
    for node_id, node in prompt.items():
        definition = registry.get(node.get("class_type", ""))
        for key, folder in registry.file_inputs(definition).items() if definition else ():
            if isinstance(name := node.get("inputs", {}).get(key), str):
                yield node_id, key, (folder, name)


def _by_looks(file: LockedFile, named: LockedFile | None, folders: Folders) -> Match:
    if named is None:
        return _missing(file, folders)
    if (named.size, named.layout) != (file.size, file.layout):
        return _replaced(file, named, folders)
    text = f"{file.shown} has the same size and tensors; its content was not known yet when this was saved"
    return Match(file, "unknown", text, file.name)


def _replaced(file: LockedFile, named: LockedFile, folders: Folders) -> Match:
    alike = file.layout is not None and named.layout == file.layout
    looks = "the same tensors in other values" if alike else "other tensors" if file.layout else f"{named.size} bytes"
    was, now = _short(file.sha256), _short(named.sha256)
    text = f"{file.shown} has another content than when this was saved: {looks} (SHA-256 was {was}, is {now})"
    if not alike and (other := next(_of_layout(file, folders), None)):
        text += f"; {file.folder}/{other} has the tensors of the old one, in other values"
    return Match(file, "replaced", text, file.name)


def _missing(file: LockedFile, folders: Folders) -> Match:
    if other := next(_of_layout(file, folders), None):
        alike = f"{file.folder}/{other} has the same tensors in other values, and was not put in its place"
        return Match(file, "similar", f"{file.shown} is not here; {alike}", other)
    return Match(file, "missing", f"{file.shown} is not here (SHA-256 {_short(file.sha256)})")


def _of_content(file: LockedFile, folders: Folders) -> Iterator[str]:
    for name in _others(file, folders):
        path = folders.resolve(file.folder, name)
        if path.stat().st_size == file.size and folders.sha256(path) == file.sha256:
            yield name


def _of_layout(file: LockedFile, folders: Folders) -> Iterator[str]:
    if file.layout is None:
        return
    for name in _others(file, folders):
        if tensor_layout(folders.resolve(file.folder, name)) == file.layout:
            yield name


def _others(file: LockedFile, folders: Folders) -> list[str]:
    """Names of the other files in its folder."""
    try:
        return [name for name in folders.list(file.folder) if name != file.name]
    except (FolderNotFound, UnsafePath):
        return []


def _short(sha256: str | None) -> str:
    return sha256[:SHOWN_DIGITS] if sha256 else "not known"
