"""A lock beside what is here now: item by item the same, different or missing, each in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from engine.folders import Folders
from engine.lock import FORMAT, LOCK, Lock, LockedNode, locked_node
from engine.lock_files import Match, match, with_files
from engine.registry import Registry
from engine.versions import ENGINE, version_of, versions

Status: TypeAlias = Literal["same", "different", "missing"]
STATUS: Mapping[str, Status] = {"same": "same", "renamed": "same", "similar": "missing", "missing": "missing"}
"""Of a file by how it was found; however else, it is different."""


@dataclass(frozen=True)
class Item:
    """One thing that the lock names: ``about`` is lock, engine, node, file, package, machine or memory."""

    about: str
    name: str
    status: Status
    text: str

    @property
    def is_same(self) -> bool:
        return self.status == "same"


@dataclass(frozen=True)
class Comparison:
    """What a lock names beside what is here; ``matches`` has its files."""

    items: tuple[Item, ...]
    matches: tuple[Match, ...]

    @property
    def reasons(self) -> list[Item]:
        """What is not the same, or is so under another name: files first, they matter most."""
        renamed = {each.text for each in self.matches if each.found == "renamed"}
        told = [each for each in self.items if not each.is_same or each.text in renamed]
        return sorted(told, key=lambda each: each.about != "file")


@dataclass(frozen=True)
class Recognised:
    """A comparison, and the workflow in API format with the names that its files have here."""

    comparison: Comparison
    prompt: Mapping[str, Any]


def recognise(lock: Lock, prompt: Mapping[str, Any], registry: Registry, machine: Mapping[str, str]) -> Recognised:
    """Compare, and name the files that are here under other names as they are called here."""
    found = compare(lock, registry, machine)
    return Recognised(found, with_files(prompt, registry, found.matches))


def compare(lock: Lock, registry: Registry, machine: Mapping[str, str]) -> Comparison:
    """Compare with this engine, its node types and files. It may read whole files."""
    matches = tuple(match(file, registry.services.get(Folders)) for file in lock.files)
    files = [Item("file", each.file.shown, STATUS.get(each.found, "different"), each.text) for each in matches]
    nodes = [_node(name, node, registry) for name, node in lock.nodes.items()]
    versioned = [
        _value("engine", ENGINE, lock.engine, version_of(ENGINE)),
        *(_value("package", *each) for each in _pairs(lock.packages, versions())),
        *(_value("machine", *each) for each in _pairs(lock.machine, machine)),
    ]
    return Comparison((*_of_lock(lock), *files, *nodes, *versioned), matches)


def _of_lock(lock: Lock) -> Iterator[Item]:
    """What the lock itself says it leaves open."""
    if lock.format != FORMAT:
        text = f"its {LOCK} is of form {lock.format}; this version knows form {FORMAT}, and may overlook something"
        yield Item("lock", LOCK, "different", text)
    for name in lock.unnamed:
        text = f"which file {name} read is not told: it got the name by a link"
        yield Item("file", name, "different", text)
    if not lock.exact:
        text = "memory ran out when it was made, and it was finished in a way that gives slightly other values"
        yield Item("memory", "exact", "different", text)


def _node(name: str, was: LockedNode, registry: Registry) -> Item:
    definition = registry.get(name)
    if definition is None:
        origin = f" of the package {was.pack}" if was.pack else ""
        return Item("node", name, "missing", f"the node type {name}{origin} is not here")
    now = locked_node(definition)
    if now == was:
        return Item("node", name, "same", f"{name} is the same")
    return Item("node", name, "different", f"the node type {name} was {_said(was)}, and is {_said(now)}")


def _said(node: LockedNode) -> str:
    return f"version {node.version} of {node.pack}" if node.pack else f"version {node.version}"


def _value(about: str, name: str, was: str, now: str) -> Item:
    if was == now:
        return Item(about, name, "same", f"{name} is {was}, as it was")
    status: Status = "different" if now else "missing"
    return Item(about, name, status, f"{name} was {was or 'not told'} when this was saved, and is {now or 'not here'}")


def _pairs(was: Mapping[str, str], now: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Name, value then and now, of what the lock names."""
    return [(name, value, now.get(name, "")) for name, value in was.items()]
