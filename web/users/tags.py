"""Words by which users sort their workflows. They go along when a workflow is renamed, and go when it is deleted.

They are kept beside the users' files, not among them: ``<user folder>/__tags/<user>.json``, by path.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, Field, RootModel, StringConstraints, ValidationError

from web.atomic import write_atomically

logger = logging.getLogger(__name__)

FOLDER = "__tags"
"""No user's folder: ids never begin so."""
WORKFLOWS, SUFFIX = "workflows/", ".json"
MAX_TAGS = 30


def _printable(tag: str) -> str:
    if not tag.isprintable():
        raise ValueError("a tag must have characters that can be seen")
    return tag


def _told_apart(tags: Iterable[str]) -> list[str]:
    """Case does not tell two tags apart; the first is how it is written."""
    return list({tag.casefold(): tag for tag in reversed([*tags])}.values())[::-1]


Tag = Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True), AfterValidator(_printable)]
TagList = Annotated[list[Tag], Field(max_length=MAX_TAGS), AfterValidator(_told_apart)]


class _Kept(RootModel[dict[str, list[str]]]):
    """Tags by path."""


class Tags:
    """Reads and changes of tags; of two changes at once, neither is lost. All block, and raise OSError."""

    def __init__(self) -> None:
        self._changing = threading.Lock()

    def all(self, root: Path) -> dict[str, list[str]]:
        """The tags of the user with this folder, by the workflows' names; without those that are in the trash."""
        kept = sorted(_read(root).items())
        return {_name(path): tags for path, tags in kept if path.startswith(WORKFLOWS) and tags}

    def of(self, root: Path, name: str) -> list[str]:
        """The tags of one workflow."""
        return _read(root).get(_path(name), [])

    def put(self, root: Path, name: str, tags: list[str]) -> None:
        """Give a workflow these tags, in the place of those that it had."""
        with self._changing:
            kept = _read_to_change(root)
            kept.pop(_path(name), None)
            _write(root, {**kept, **({_path(name): tags} if tags else {})})

    def replaced(self, root: Path, path: str, former: bytes) -> None:
        """A file has new content: its tags stay."""

    def moved(self, root: Path, path: str, dest: str) -> None:
        """Have the tags of a file go along; of one that it replaced, they go."""
        with self._changing:
            kept = _read_to_change(root)
            if path not in kept and dest not in kept:
                return
            tags = kept.pop(path, None)
            kept.pop(dest, None)
            _write(root, {**kept, **({dest: tags} if tags else {})})

    def deleted(self, root: Path, path: str) -> None:
        with self._changing:
            kept = _read_to_change(root)
            if kept.pop(path, None):
                _write(root, kept)


tags_key = web.AppKey("tags", Tags)


def _path(name: str) -> str:
    return f"{WORKFLOWS}{name}{SUFFIX}"


def _name(path: str) -> str:
    return path[len(WORKFLOWS) :].removesuffix(SUFFIX)


def _file(root: Path) -> Path:
    return root.parent / FOLDER / f"{root.name}.json"


def _read(root: Path) -> dict[str, list[str]]:
    """What is kept; nothing if that cannot be read."""
    try:
        return _Kept.model_validate_json(_file(root).read_bytes()).root
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        logger.warning("%s holds no tags: %s", _file(root), error)
        return {}


def _read_to_change(root: Path) -> dict[str, list[str]]:
    """The same; what cannot be read is set aside, so that it is not overwritten."""
    file = _file(root)
    kept = _read(root)
    if not kept and file.is_file() and file.read_bytes().strip() != b"{}":
        aside = file.with_name(f"{file.name}.corrupt")
        os.replace(file, aside)
        logger.warning("kept it as %s", aside)
    return kept


def _write(root: Path, kept: dict[str, list[str]]) -> None:
    file = _file(root)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, _Kept(kept).model_dump_json(indent=2).encode())
