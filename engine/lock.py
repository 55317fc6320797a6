"""What a saved file tells of how it was made: the versions, the node types, and the files by their content.

It is the text ``wireloom.lock`` beside ``prompt`` and ``workflow``. It changes no key: it says what keys leave out.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from pydantic import BaseModel, Field, ValidationError

from engine.errors import FolderNotFound, InvalidLock, UnsafePath
from engine.folders import Folders
from engine.graph import Link, Node
from engine.node import NodeDef
from engine.packs import PACK_MODULE, pack_versions
from engine.registry import Registry
from engine.safetensors_header import tensor_layout
from engine.versions import ENGINE, version_of, versions

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
    """``node`` saved the file. ``unnamed`` are inputs that name a file, but get its name by a link. ``exact`` is not so
    if memory ran out, and what came of that was not quite what is computed with enough."""

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
    nodes: Iterable[Node], registry: Registry, machine: Mapping[str, str], *, exact: bool = True, wait_s: float = 0.0
) -> Lock:
    """The lock of what the last of ``nodes`` saves and the others made.

    Large files that were never hashed before are waited for as long as ``wait_s``, all of them together.
    """
    nodes = list(nodes)
    types = {node.type: registry[node.type] for node in nodes}
    folders = registry.services.find(Folders)
    return Lock(
        format=FORMAT,
        engine=version_of(ENGINE),
        node=nodes[-1].id,
        nodes={name: locked_node(types[name]) for name in sorted(types)},
        files=_files(nodes, registry, folders, wait_s) if folders else [],
        unnamed=[f"{node.id}.{name}" for node in nodes for name in _unnamed(node, registry)],
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


def _files(nodes: Iterable[Node], registry: Registry, folders: Folders, wait_s: float) -> list[LockedFile]:
    """The files that nodes read, each once, by folder and name."""
    named = {file for node in nodes for file in registry.files(registry[node.type], _literals(node))}
    end = time.monotonic() + wait_s
    found = (locked_file(folders, *each, wait_s=max(0.0, end - time.monotonic())) for each in sorted(named))
    return [file for file in found if file]


def _unnamed(node: Node, registry: Registry) -> list[str]:
    inputs = registry.file_inputs(registry[node.type])
    return [name for name in inputs if isinstance(node.inputs.get(name), Link)]


def _literals(node: Node) -> Mapping[str, object]:
    return {name: None if isinstance(value, Link) else value for name, value in node.inputs.items()}
