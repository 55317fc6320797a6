"""A bundle: one ``.zip`` with a workflow, the files that it loads and its picture. It is read with mistrust.

``wireloom.json`` says what is in it; ``workflow.json`` is the workflow as it was saved. No entry's name is ever used as
a path: names of files stand in ``wireloom.json``, and are checked where they are put.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Any, Literal

from pydantic import Field, ValidationError

from engine.errors import NotAWorkflow
from engine.workflow import parse
from web.replies import dumps
from web.shapes import Shape
from web.users.tags import TagList

ABOUT, WORKFLOW = "wireloom.json", "workflow.json"
MAX_FILES = 500
MAX_TEXT_BYTES = 64 * 1024 * 1024
"""Of ``wireloom.json`` and of the workflow."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
PLAIN_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say: equal content gives equal bytes."""


class BadBundle(Exception):
    """What is no bundle, or one beyond the limits; the text says why."""


class BundledFile(Shape):
    """A file that the workflow loads: the ``value`` that names it there, its ``name``, and where it lies in the zip."""

    value: str
    name: str
    entry: str


class About(Shape):
    """``wireloom.json``."""

    format: Literal["wireloom-bundle"] = "wireloom-bundle"
    version: Literal[1] = 1
    name: str = Field(min_length=1, max_length=500)
    tags: TagList = Field(default_factory=list)
    files: Annotated[list[BundledFile], Field(max_length=MAX_FILES)] = Field(default_factory=list)
    picture: str | None = None


@dataclass(frozen=True)
class Bundle:
    """What is in one. ``contents`` are files by their entries, the picture's among them."""

    about: About
    workflow: Mapping[str, Any]
    contents: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def picture(self) -> bytes | None:
        return self.contents[self.about.picture] if self.about.picture else None


def write(bundle: Bundle, max_bytes: int) -> bytes:
    """The zip. Raises BadBundle if more than ``max_bytes`` would be in it. It blocks."""
    texts = {ABOUT: bundle.about.model_dump_json(indent=2), WORKFLOW: dumps(bundle.workflow)}
    content = {**{name: text.encode() for name, text in texts.items()}, **bundle.contents}
    size = sum(map(len, content.values()))
    if size > max_bytes:
        raise BadBundle(f"workflow and files have {size} bytes together, more than {max_bytes}")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name, PLAIN_TIME)
            # Pictures are packed already.
            entry.compress_type = zipfile.ZIP_DEFLATED if name in texts else zipfile.ZIP_STORED
            archive.writestr(entry, data)
    return packed.getvalue()


def read(packed: bytes, max_bytes: int | None) -> Bundle:
    """What is in a zip that anyone may have made; None is for one of our own. It blocks.

    Raises BadBundle, NotAWorkflow.
    """
    with opened(io.BytesIO(packed)) as archive:
        _check(archive, max_bytes)
        about = about_in(archive)
        workflow = parse(content_in(archive, WORKFLOW))
        if not isinstance(workflow, dict):
            raise NotAWorkflow(f"{WORKFLOW}: a workflow is a JSON object")
        return Bundle(about, workflow, {name: content_in(archive, name) for name in entries(about)})


@contextmanager
def opened(file: Path | IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """A zip. Raises BadBundle, also for what goes wrong while it is read."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except FileNotFoundError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError) as error:  # as zipfile raises
        raise BadBundle(f"it is no zip file that can be read: {error}") from None


def about_in(archive: zipfile.ZipFile) -> About:
    """What a zip says is in it. Raises BadBundle."""
    try:
        return About.model_validate(parse(content_in(archive, ABOUT)))
    except NotAWorkflow as error:
        raise BadBundle(f"{ABOUT}: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise BadBundle(f"{ABOUT}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def content_in(archive: zipfile.ZipFile, name: str) -> bytes:
    """One entry: never more than it claims to have. Raises BadBundle if it is not there."""
    try:
        return archive.read(name)
    except KeyError:
        raise BadBundle(f"it has no {name}; a bundle has {ABOUT}, {WORKFLOW} and the files that it names") from None


def entries(about: About) -> list[str]:
    """Where the files lie, and the picture."""
    return list(dict.fromkeys([file.entry for file in about.files] + ([about.picture] if about.picture else [])))


def _check(archive: zipfile.ZipFile, max_bytes: int | None) -> None:
    """Before anything is unpacked: how much that would be, by what the zip says, beyond which none is read."""
    infos = archive.infolist()
    if len(infos) > MAX_FILES + 3:
        raise BadBundle(f"it has {len(infos)} entries, more than {MAX_FILES + 3}")
    size = sum(info.file_size for info in infos)
    if max_bytes is not None and size > max_bytes:
        raise BadBundle(f"unpacked it would have {size} bytes, more than {max_bytes}")
    names = [info.filename for info in infos]
    if len(set(names)) < len(names):
        raise BadBundle("it has two entries of one name")
    for info in infos:
        if info.flag_bits & 1:
            raise BadBundle(f"{info.filename} is encrypted")
        if info.compress_type not in METHODS:
            raise BadBundle(f"{info.filename} is packed in another way than zip files commonly are")
        if info.filename in (ABOUT, WORKFLOW) and info.file_size > MAX_TEXT_BYTES:
            raise BadBundle(f"{info.filename} has {info.file_size} bytes, more than {MAX_TEXT_BYTES}")
