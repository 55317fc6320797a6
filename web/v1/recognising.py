"""``POST /v1/workflows/files``: the files that made something, found again here."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web
from pydantic import ConfigDict

from engine.errors import InvalidLock
from engine.lock_files import Found
from web.errors import complaint
from web.keys import pool_key
from web.operations import operation
from web.replies import read_body, reply
from web.schemas import Refusal
from web.shapes import Shape
from web.verifying.locks import sent_lock

routes = web.RouteTableDef()


class LockRequest(Shape):
    """The text ``wireloom.lock`` of a picture, as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lock: dict[str, Any]


class FoundFile(Shape):
    """A file that the lock names, and what of it is here.

    ``same``: it is here. ``renamed``: its content is here as ``here``. ``replaced``: its name is here with another
    content. ``similar``: only ``here`` is there, with the same tensors in other values. ``unknown``: its name is here,
    and nothing speaks against it. ``text`` says it in words.
    """

    folder: str
    name: str
    found: Found
    here: str | None
    text: str
    sha256: str | None


class FoundFiles(Shape):
    """In the order of the lock."""

    files: list[FoundFile]


@routes.post("/v1/workflows/files")
@operation("workflows", body=LockRequest, answers={200: FoundFiles, 400: Refusal, 503: Refusal})
async def find(request: web.Request) -> web.Response:
    """What became of the model files that a picture was made with: known by content, then by layout, then by name.

    Files of the same size are read once to know their content, which takes a while for large ones.
    """
    asked = await read_body(request, LockRequest)
    try:
        lock = sent_lock(json.dumps(asked.lock))
    except InvalidLock as error:
        return complaint("invalid_lock", "That is no lock of a saved file", str(error))
    found = await request.app[pool_key].recognise(lock.model_dump(mode="json"), {})
    files = [
        FoundFile(
            folder=each.file.folder,
            name=each.file.name,
            found=each.found,
            here=each.here,
            text=each.text,
            sha256=each.file.sha256,
        )
        for each in found.comparison.matches
    ]
    return reply(FoundFiles(files=files).model_dump(mode="json"))
