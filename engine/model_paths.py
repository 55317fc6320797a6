"""ComfyUI's ``extra_model_paths.yaml``: models that lie elsewhere. Takes the parsed document, not the text."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from engine.errors import EngineError


class InvalidModelPaths(EngineError):
    """A document of another shape; the message names the section and the key."""


class ModelPath(NamedTuple):
    """``path`` holds files for folder ``key``; ``is_default``: it comes before the other folders of that key."""

    key: str
    path: Path
    is_default: bool


def read_model_paths(document: object, beside: Path) -> list[ModelPath]:
    """Read ``{section: {base_path?, is_default?, key: "path\\npath"}}``. Raises InvalidModelPaths.

    ``~`` and environment variables are expanded; what is relative is so to ``base_path``, and that to ``beside``,
    the folder of the file.
    """
    sections = {} if document is None else _mapping(document, "the file")
    return [path for name, section in sections.items() for path in _section(name, section, beside)]


def _section(name: str, section: object, beside: Path) -> Iterator[ModelPath]:
    """The paths of one installation; an empty section has none."""
    if section is None:
        return
    entries = dict(_mapping(section, f"section {name!r}"))
    is_default = entries.pop("is_default", False)
    if not isinstance(is_default, bool):
        raise InvalidModelPaths(f"section {name!r}, key 'is_default': expected true or false, not {is_default!r}")
    base = beside
    if (base_path := entries.pop("base_path", None)) is not None:
        base = beside / _expanded(_text(base_path, name, "base_path").strip())
    for key, value in entries.items():
        for line in ("" if value is None else _text(value, name, key)).splitlines():
            if path := line.strip():
                yield ModelPath(key, Path(os.path.normpath(base / _expanded(path))), is_default)


def _mapping(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise InvalidModelPaths(f"{what}: expected names and values, not {value!r}")
    for key in value:
        if not isinstance(key, str):
            raise InvalidModelPaths(f"{what}: the name {key!r} is not text")
    return value


def _text(value: object, section: str, key: str) -> str:
    if not isinstance(value, str):
        raise InvalidModelPaths(f"section {section!r}, key {key!r}: expected paths, one a line, not {value!r}")
    return value


def _expanded(path: str) -> Path:
    return Path(os.path.expanduser(os.path.expandvars(path)))
