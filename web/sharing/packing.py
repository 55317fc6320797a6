"""From folders into a bundle, and from a bundle into folders. All of it blocks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import UnsafePath
from engine.folders import Folders, inside
from web.placed import put
from web.sharing.bundle import MAX_FILES, About, BadBundle, Bundle, BundledFile
from web.sharing.files import Loaded, loaded, renamed
from web.users.files import SERVER_ERRORS

PICTURE = "picture.webp"
SHOWN = 80
"""Characters of a name that is complained of."""
PICTURE_QUALITY = "webp;90"


@dataclass(frozen=True)
class Unpacked:
    """The workflow as it is here, and what its files are called now, by the values that named them."""

    name: str
    workflow: dict[str, Any]
    names: Mapping[str, str]


def pack(
    name: str,
    workflow: Mapping[str, Any],
    folders: Folders,
    *,
    with_files: bool = True,
    picture: bytes | None = None,
    tags: Sequence[str] = (),
    max_bytes: int,
) -> Bundle:
    """A workflow with the files that it loads, as they are now. Raises BadBundle if that is too much, OSError."""
    found = loaded(workflow, folders) if with_files else []
    if len(found) > MAX_FILES:
        raise BadBundle(f"the workflow loads {len(found)} files, more than {MAX_FILES}")
    size = sum(file.path.stat().st_size for file in found)
    if size > max_bytes:
        raise BadBundle(f"the files that the workflow loads have {size} bytes together, more than {max_bytes}")
    contents = {_entry(file): file.path.read_bytes() for file in found}
    if picture is not None:
        contents[PICTURE] = picture
    about = About(
        name=name,
        tags=list(tags),
        files=[BundledFile(value=file.value, name=file.name, entry=_entry(file)) for file in found],
        picture=None if picture is None else PICTURE,
    )
    return Bundle(about, workflow, contents)


def unpack(bundle: Bundle, folders: Folders) -> Unpacked:
    """Put its files into the input folder, and have the workflow name them as they are called there.

    What is there already, under its name and with its content, stays as it is; nothing is replaced. Raises BadBundle
    for a file that cannot have its name, before any is written; OSError.
    """
    root, names = folders.directory("input"), {}
    targets = [(file, _target(root, file)) for file in bundle.about.files]
    for file, target in targets:
        try:
            names[file.value] = put(target, bundle.contents[file.entry]).relative_to(root).as_posix()
        except OSError as error:
            if error.errno in SERVER_ERRORS:
                raise
            raise BadBundle(f"the file {file.name[:SHOWN]!r} cannot be written: {error.strerror}") from None
    return Unpacked(bundle.about.name, renamed(bundle.workflow, names), names)


def picture_of(path: Path) -> bytes:
    """A picture as WebP, without what its file says of how it was made. Raises BadPicture, FileNotFoundError."""
    from web.pictures import small  # Pillow comes with the first picture that is asked for

    return small(path, PICTURE_QUALITY, "")[0]


def _entry(file: Loaded) -> str:
    return f"{file.kind}/{file.name}"


def _target(root: Path, file: BundledFile) -> Path:
    try:
        target = inside(root, file.name)
    except UnsafePath as error:
        raise BadBundle(f"a file cannot be put among the inputs: {error}") from None
    if target == root or os.path.isdir(target) or any(part.startswith(".") for part in target.relative_to(root).parts):
        raise BadBundle(f"{file.name!r} is no name that a file of the inputs can have")
    return target
