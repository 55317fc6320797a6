"""The library of a user as bundles see it: a workflow with its picture out of it, and one into it. All of it blocks."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from engine.errors import WorkflowNotFound
from engine.folders import Folders, inside
from web.sharing.bundle import Bundle
from web.sharing.packing import Unpacked, pack
from web.users.files import UserFiles
from web.v1 import saved

THUMBNAILS = "wireloom/thumbnails"
"""Where the editor keeps pictures of the library's workflows, in the folder of the user."""
MOST_TRIED = 1000


def taken_out(root: Path, name: str, folders: Folders, tags: Sequence[str] = (), *, max_bytes: int) -> Bundle:
    """A saved workflow, or one that comes along. Raises WorkflowNotFound, UnsafePath, NotAWorkflow, BadBundle."""
    named = saved.find(root, name)
    if named is None:
        raise WorkflowNotFound(f"there is no workflow {name!r}; GET /v1/workflows lists those there are")
    thumbnail = inside(root / THUMBNAILS, f"{name}.webp")
    picture = thumbnail.read_bytes() if named.source == "saved" and os.path.isfile(thumbnail) else None
    return pack(named.name, named.read(), folders, picture=picture, tags=tags, max_bytes=max_bytes)


def put_in(files: UserFiles, root: Path, name: str, unpacked: Unpacked, picture: bytes | None) -> str:
    """Save a workflow with its picture, under this name or, if it is taken, a numbered one; return which.

    Raises HTTPException for a name that cannot be, as saving does.
    """
    data = json.dumps(unpacked.workflow, indent=2, ensure_ascii=False).encode()
    for number in range(MOST_TRIED):
        tried = f"{name} ({number + 1})" if number else name
        try:
            files.store(root, f"{saved.FOLDER}/{tried}{saved.SUFFIX}", data, overwrite=False)
        except web.HTTPConflict:
            continue
        if picture is not None:
            files.store(root, f"{THUMBNAILS}/{tried}.webp", picture, overwrite=True)
        return tried
    raise web.HTTPConflict(text=f"{name!r} and {MOST_TRIED - 1} numbered names exist already")
