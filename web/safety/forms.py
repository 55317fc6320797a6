"""Multipart forms with one file, read as they come: the file goes to disk, piece by piece, and is hashed on its way."""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

MAX_PARTS = 64
MAX_TEXT_BYTES = 64 * 1024
"""Of one field that is no file."""
PIECE_BYTES = 256 * 1024
PLAIN_ENCODINGS = ("", "7bit", "8bit", "binary", "identity")


class BadUpload(Exception):
    """An upload that cannot be taken; the text says why."""


@dataclass
class Sent:
    """The file of a form: ``name`` is what its sender calls it; it lies at ``path`` for as long as the form is open."""

    name: str
    path: Path
    digest: bytes = b""


@dataclass
class Form:
    """Its texts by name, and its file. Of fields that come twice, the first counts."""

    texts: dict[str, str] = field(default_factory=dict)
    sent: Sent | None = None


@asynccontextmanager
async def received(request: web.Request, file_field: str, staging: Path, max_bytes: int) -> AsyncIterator[Form]:
    """The form of a request; its file lies in ``staging`` until the end, unless it has been moved away.

    Raises BadUpload, and HTTPRequestEntityTooLarge as soon as more than ``max_bytes`` have come.
    """
    if request.content_type != "multipart/form-data":
        raise BadUpload(f"the form must be multipart/form-data, not {request.content_type}")
    form = Form()
    path = staging / f".{uuid.uuid4().hex}.upload"  # hidden, so that no listing shows it
    try:
        try:
            await _Reader(request, max_bytes).read(form, file_field, path)
        except (ValueError, AssertionError, EOFError, LookupError, HttpProcessingError) as error:
            raise BadUpload(f"the form is malformed: {error}") from None
        yield form
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


class _Reader:
    def __init__(self, request: web.Request, max_bytes: int) -> None:
        self._request, self._max_bytes, self._bytes = request, max_bytes, 0

    async def read(self, form: Form, file_field: str, path: Path) -> None:
        """Fill the form. Raises ValueError for what is no form."""
        parts = await self._request.multipart()
        count = 0
        while (part := await parts.next()) is not None:
            count += 1
            if count > MAX_PARTS:
                raise ValueError(f"it has more than {MAX_PARTS} fields")
            if not isinstance(part, BodyPartReader):
                raise ValueError("a field is a form of its own")
            encoding = part.headers.get("Content-Transfer-Encoding") or part.headers.get("Content-Encoding") or ""
            if encoding.lower() not in PLAIN_ENCODINGS:
                raise ValueError(f"fields must be sent as they are, not in {encoding[:40]}")
            if part.name == file_field and part.filename and form.sent is None:
                form.sent = Sent(part.filename, path)
                form.sent.digest = await self._file(part, path)
            elif part.filename is None and part.name:
                form.texts.setdefault(part.name, await self._text(part))
            else:
                while await self._piece(part):
                    pass

    async def _file(self, part: BodyPartReader, path: Path) -> bytes:
        """Write it, to stay even if the power fails; return its SHA-256."""
        digest = hashlib.sha256()
        file = await asyncio.to_thread(_create, path)
        try:
            while piece := await self._piece(part):
                digest.update(piece)
                await asyncio.to_thread(file.write, piece)
            await asyncio.to_thread(_settle, file)
        finally:
            await asyncio.to_thread(file.close)
        return digest.digest()

    async def _text(self, part: BodyPartReader) -> str:
        text = bytearray()
        while piece := await self._piece(part):
            text += piece
            if len(text) > MAX_TEXT_BYTES:
                raise ValueError(f"{part.name!r} has more than {MAX_TEXT_BYTES} bytes")
        return text.decode(part.get_charset("utf-8"))

    async def _piece(self, part: BodyPartReader) -> bytes:
        piece = await part.read_chunk(PIECE_BYTES)
        self._bytes += len(piece)
        if self._bytes > self._max_bytes:
            raise web.HTTPRequestEntityTooLarge(self._max_bytes, self._bytes)
        return piece


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")
