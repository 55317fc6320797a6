"""Files that users send."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import shutil
from pathlib import Path
from typing import IO, Any

from aiohttp import web
from multidict import MultiDictProxy
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.errors import UnsafePath
from engine.folders import safe_join
from web.errors import complaint
from web.keys import folders_key
from web.replies import reply
from web.routes.files import PNG_COMPRESSION, TYPES, BadReference, locate

routes = web.RouteTableDef()


class BadUpload(Exception):
    """An upload that cannot be taken; the text says why."""


@routes.post("/upload/image")
async def image(request: web.Request) -> web.Response:
    """Keep a file: under its name, or a numbered one if another file has it and ``overwrite`` is off."""
    try:
        form = await _form(request)
        return await _keep(request, form, _file(form).file)
    except (BadUpload, BadReference) as error:
        return complaint("invalid_upload", str(error))


@routes.post("/upload/mask")
async def mask(request: web.Request) -> web.Response:
    """Keep the picture ``original_ref`` names, with the alpha of the uploaded one."""
    try:
        form = await _form(request)
        source = _original(request, form)
        masked = await asyncio.to_thread(_masked, source, _file(form).file)
        return await _keep(request, form, masked)
    except (BadUpload, BadReference) as error:
        return complaint("invalid_upload", str(error))


async def _form(request: web.Request) -> MultiDictProxy[Any]:
    try:
        return await request.post()
    except (ValueError, AssertionError, EOFError) as error:
        raise BadUpload(f"the form is malformed: {error}") from None


def _file(form: MultiDictProxy[Any]) -> web.FileField:
    sent = form.get("image")
    if not isinstance(sent, web.FileField) or not sent.filename:
        raise BadUpload("the form has no file named image")
    return sent


def _text(form: MultiDictProxy[Any], name: str, default: str) -> str:
    value = form.get(name, default)
    if not isinstance(value, str):
        raise BadUpload(f"{name} must be text, not a file")
    return value


async def _keep(request: web.Request, form: MultiDictProxy[Any], content: IO[bytes]) -> web.Response:
    """Write the content where the form says, and answer with where that was."""
    kind, subfolder = _text(form, "type", "input"), _text(form, "subfolder", "")
    if kind not in TYPES:
        raise BadUpload(f"type must be one of {', '.join(TYPES)}, not {kind!r}")
    folders, name = request.app[folders_key], _file(form).filename
    try:
        folder = safe_join(folders.directory(kind), subfolder)
        target = safe_join(folder, name)
    except UnsafePath:
        raise BadUpload(f"{name!r} in {subfolder!r} leads outside the {kind} folder") from None
    if target == folder:
        raise BadUpload(f"{name!r} is no file name")
    overwrite = _text(form, "overwrite", "") in ("true", "1")
    try:
        kept = await asyncio.to_thread(_store, target, content, overwrite=overwrite)
    except OSError as error:
        raise BadUpload(f"{name!r} cannot be written: {error.strerror}") from None
    return reply({"name": kept.name, "subfolder": subfolder, "type": kind})


def _store(target: Path, content: IO[bytes], *, overwrite: bool) -> Path:
    """Write to ``target``, or beside it if that holds something else; return where the content is now."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if overwrite:
        _write(target, content, "wb")
        return target
    digest = _digest(content)
    path, number = target, 0
    while True:
        try:
            _write(path, content, "xb")
            return path
        except FileExistsError:
            if path.is_file():
                with path.open("rb") as present:
                    if _digest(present) == digest:
                        return path
        number += 1
        path = target.with_name(f"{target.stem} ({number}){target.suffix}")


def _write(path: Path, content: IO[bytes], mode: str) -> None:
    content.seek(0)
    with path.open(mode) as file:
        shutil.copyfileobj(content, file)


def _digest(content: IO[bytes]) -> bytes:
    content.seek(0)
    digest = hashlib.sha256()
    while block := content.read(1 << 20):
        digest.update(block)
    return digest.digest()


def _original(request: web.Request, form: MultiDictProxy[Any]) -> Path:
    try:
        ref = json.loads(_text(form, "original_ref", ""))
        name, kind, subfolder = ref["filename"], ref.get("type", "output"), ref.get("subfolder", "")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise BadUpload("original_ref must be a JSON object with a filename") from None
    if not (isinstance(name, str) and isinstance(kind, str) and isinstance(subfolder, str)):
        raise BadUpload("original_ref must hold texts")
    return locate(request.app[folders_key], name, kind, subfolder)


def _masked(source: Path, uploaded: IO[bytes]) -> IO[bytes]:
    """The source as PNG with its text chunks, its alpha replaced by that of the upload."""
    try:
        with Image.open(source) as original, Image.open(uploaded) as painted:
            texts = PngInfo()
            for key, value in getattr(original, "text", {}).items():
                texts.add_text(key, value)
            picture = original.convert("RGBA")
            picture.putalpha(painted.convert("RGBA").getchannel("A"))
    except FileNotFoundError:
        raise BadUpload(f"the original {source.name} is not there") from None
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise BadUpload(f"the mask cannot be applied: {error}") from None
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", pnginfo=texts, compress_level=PNG_COMPRESSION)
    buffer.seek(0, os.SEEK_SET)
    return buffer
