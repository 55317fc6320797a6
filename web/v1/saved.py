"""Workflows by name: those that a user saved, then those that come along. All of it blocks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.errors import NotAWorkflow
from engine.folders import inside
from engine.workflow import parse
from web.shapes import Shape
from web.shipped import GALLERY, WORKFLOWS
from web.users.listing import list_files

SUFFIX = ".json"
FOLDER = "workflows"
"""Where editors put a user's workflows, in the folder of the user."""


class Told(Shape):
    """What the gallery says of a workflow that comes along."""

    name: str
    title: str
    description: str = ""


class _Group(Shape):
    templates: list[Told]


@dataclass(frozen=True)
class Named:
    """A workflow that can be run by name."""

    name: str
    path: Path
    source: Literal["saved", "shipped"]
    title: str
    description: str = ""

    def read(self) -> dict[str, Any]:
        """The document, in whatever format. Raises NotAWorkflow, FileNotFoundError."""
        document = parse(self.path.read_bytes())
        if not isinstance(document, Mapping):
            raise NotAWorkflow(f"{self.name}: a workflow is a JSON object")
        return dict(document)


def find(root: Path, name: str) -> Named | None:
    """The workflow of this name, for the user whose folder is ``root``; None if there is none. Raises UnsafePath."""
    saved = inside(root / FOLDER, name + SUFFIX)
    if os.path.isfile(saved):  # not so for a name that no file can have
        return Named(name, saved, "saved", _title(name))
    return next((each for each in _shipped() if each.name == name), None)


def everything(root: Path) -> list[Named]:
    """All workflows of a user by name, then those that come along and are not hidden by one of the same name."""
    mine = {each.name: each for each in _saved(root / FOLDER)}
    return [*mine.values(), *(each for each in _shipped() if each.name not in mine)]


def _saved(folder: Path) -> Iterator[Named]:
    if not folder.is_dir():
        return
    for path in list_files(folder, within=folder, recurse=True):
        if path.suffix == SUFFIX:
            name = path.relative_to(folder).with_suffix("").as_posix()
            yield Named(name, path, "saved", _title(name))


def _shipped() -> Iterator[Named]:
    told = {each.name: each for group in _gallery() for each in group.templates}
    for path in sorted(WORKFLOWS.glob(f"*{SUFFIX}")):
        known = told.get(path.stem) or Told(name=path.stem, title=_title(path.stem))
        yield Named(path.stem, path, "shipped", known.title, known.description)


def _gallery() -> list[_Group]:
    return [_Group.model_validate(group) for group in json.loads((GALLERY / "index.json").read_text())]


def _title(name: str) -> str:
    words = name.rpartition("/")[2].replace("_", " ").strip()
    return words[:1].upper() + words[1:]
