"""What a saved file tells of how it was made: the versions, the node types, and the files by their content.

It is the text ``wireloom.lock`` beside ``prompt`` and ``workflow``. It changes no key: it says what keys leave out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Set

from pydantic import BaseModel, Field, ValidationError

from engine.errors import FolderNotFound, InvalidLock, UnsafePath
from engine.exposed import Place
from engine.folders import Folders
from engine.graph import Link, Node
from engine.node import NodeDef
from engine.packs import PACK_MODULE, pack_versions
from engine.registry import Registry
from engine.safetensors_header import tensor_layout
from engine.versions import ENGINE, version_of, versions

log = logging.getLogger(__name__)

LOCK = "wireloom.lock"
FORMAT = 1


class LockedNode(BaseModel):
    """A node type: its own version, and the package that it comes from if it is not built in."""

    version: str
    pack: str = ""


class LockedFile(BaseModel):
    """A file that a node read. ``layout`` is of its tensors, see ``tensor_layout``; what is not known is None."""

    folder: str
    name: str
    size: int
    sha256: str | None = None
    layout: str | None = None

    @property
    def shown(self) -> str:
        """As users know it."""
        return f"{self.folder}/{self.name}"


class Lock(BaseModel):
    """``node`` saved the file. ``unnamed`` are inputs and nodes that read a file which is not told, because its name
    comes by a link or is private. ``exact`` is not so if memory ran out, and what came of that was not quite what is
    computed with enough."""

    format: int
    engine: str
    node: str
    nodes: dict[str, LockedNode] = Field(default_factory=dict)
    files: list[LockedFile] = Field(default_factory=list)
    unnamed: list[str] = Field(default_factory=list)
    packages: dict[str, str] = Field(default_factory=dict)
    machine: dict[str, str] = Field(default_factory=dict)
    exact: bool = True


def read_lock(text: str) -> Lock:
    """The lock in a file's text; what later versions add is passed over. Raises InvalidLock."""
    try:
        return Lock.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or LOCK
        raise InvalidLock(f"its {LOCK} is broken: {place}: {first['msg']}") from None


def lock_of(
    nodes: Iterable[Node],
    registry: Registry,
    machine: Mapping[str, str],
    *,
    exact: bool = True,
    private: Set[Place] = frozenset(),
    wait_s: float = 0.0,
) -> Lock:
    """The lock of what the last of ``nodes`` saves and the others made. Files of ``private`` inputs are not told.

    Large files that were never hashed before are waited for as long as ``wait_s``, all of them together.
    """
    nodes = list(nodes)
    named, unnamed = _named(nodes, registry, private)
    types = {node.type: registry[node.type] for node in nodes}
    folders = registry.services.find(Folders)
    return Lock(
        format=FORMAT,
        engine=version_of(ENGINE),
        node=nodes[-1].id,
        nodes={name: locked_node(types[name]) for name in sorted(types)},
        files=_files(named, folders, wait_s) if folders else [],
        unnamed=unnamed,
        packages=dict(versions()),
        machine=dict(machine),
        exact=exact,
    )


def locked_node(definition: NodeDef) -> LockedNode:
    """What tells a node type from others of its name."""
    of_pack = definition.module.startswith(PACK_MODULE)
    return LockedNode(version=definition.version, pack=pack_versions().get(definition.module, "") if of_pack else "")


def locked_file(folders: Folders, folder: str, name: str, wait_s: float | None = None) -> LockedFile | None:
    """A file as it is now; None if it is not there, or cannot be read."""
    try:
        path = folders.resolve(folder, name)
        sha256, layout = folders.sha256(path, wait_s), tensor_layout(path)
        return LockedFile(folder=folder, name=name, size=path.stat().st_size, sha256=sha256, layout=layout)
    except (OSError, UnsafePath, FolderNotFound):
        return None


def _files(named: Iterable[tuple[str, str]], folders: Folders, wait_s: float) -> list[LockedFile]:
    """Files by folder and name, those that are there."""
    end = time.monotonic() + wait_s
    found = (locked_file(folders, *each, wait_s=max(0.0, end - time.monotonic())) for each in sorted(named))
    return [file for file in found if file]


def _named(nodes: Iterable[Node], registry: Registry, private: Set[Place]) -> tuple[set[tuple[str, str]], list[str]]:
    """The files that nodes read, by folder and name; and the inputs, or nodes, that do not tell."""
    named, unnamed = set[tuple[str, str]](), list[str]()
    for node in nodes:
        definition = registry[node.type]
        untold = {
            name for name, value in node.inputs.items() if isinstance(value, Link) or Place(node.id, name) in private
        }
        literals = {name: None if name in untold else value for name, value in node.inputs.items()}
        unnamed += [f"{node.id}.{name}" for name in registry.file_inputs(definition) if name in untold]
        try:
            named |= set(registry.files(definition, literals))
        except Exception as error:  # whatever a hook raises: what was made is saved all the same, and this is told
            log.warning("which files node %s (%s) reads cannot be told: %r", node.id, node.type, error)
            unnamed.append(node.id)
    return named, unnamed
