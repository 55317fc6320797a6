"""The files that a workflow loads: found by the values of its nodes, and given other names there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from engine.errors import UnsafePath
from engine.folders import Directory, Folders, annotated, inside

VALUES = ("widgets_values", "widgets_values_named")
"""Where a node holds its constants as an editor saves it."""
MAX_CHARACTERS = 1000
"""Of a value that may name a file; prompts are longer."""


@dataclass(frozen=True)
class Loaded:
    """A file that a workflow names: by this value, among those of ``kind``."""

    value: str
    kind: Directory
    name: str
    path: Path


def loaded(workflow: Mapping[str, Any], folders: Folders) -> list[Loaded]:
    """The files that are there, in the order of the nodes. It blocks.

    Which inputs are names of files is not asked of the node types: a text that names one, ending and all, is one.
    """
    values = dict.fromkeys(_texts(workflow))
    return [file for value in values if (file := _file(value, folders)) is not None]


def renamed(workflow: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The workflow with other values in the place of these, wherever a node has one of them."""

    def other(value: Any) -> Any:
        if isinstance(value, str):
            return names.get(value, value)
        if isinstance(value, Mapping):
            return {key: other(item) for key, item in value.items()}
        return [other(item) for item in value] if isinstance(value, list) else value

    return _with_constants(workflow, other)


def _texts(workflow: Mapping[str, Any]) -> Iterator[str]:
    found: list[Any] = []

    def note(value: Any) -> Any:
        found.append(value)
        return value

    _with_constants(workflow, note)
    found.reverse()
    while found:
        value = found.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            found.extend(reversed([*value.values()]))
        elif isinstance(value, list):
            found.extend(reversed(value))


def _with_constants(workflow: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """A copy in either format, in which ``change`` went over what nodes hold, subgraphs' nodes too."""
    if isinstance(workflow.get("nodes"), list):
        return _changed_graph(workflow, change)
    return {
        key: {**node, "inputs": change(node["inputs"])} if isinstance(node, Mapping) and "inputs" in node else node
        for key, node in workflow.items()
    }


def _changed_graph(graph: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    changed = dict(graph)
    if isinstance(nodes := graph.get("nodes"), list):
        changed["nodes"] = [_changed_node(node, change) if isinstance(node, Mapping) else node for node in nodes]
    definitions = graph.get("definitions")
    if isinstance(definitions, Mapping) and isinstance(inner := definitions.get("subgraphs"), list):
        graphs = [_changed_graph(each, change) if isinstance(each, Mapping) else each for each in inner]
        changed["definitions"] = {**definitions, "subgraphs": graphs}
    return changed


def _changed_node(node: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    return {key: change(value) if key in VALUES else value for key, value in node.items()}


def _file(value: str, folders: Folders) -> Loaded | None:
    name, said = annotated(value)
    kind = said or "input"
    if len(value) > MAX_CHARACTERS or not PurePosixPath(name).suffix or "\n" in value:
        return None
    try:
        path = inside(folders.directory(kind), name)
        return Loaded(value, kind, name, path) if os.path.isfile(path) else None
    except UnsafePath:  # no name of a file, to begin with
        return None
