"""Files that users send."""

from __future__ import annotations

import asyncio
import errno
import os
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from aiohttp import web
from pydantic import Field, ValidationError

from engine.errors import NotAWorkflow, UnsafePath
from engine.folders import Folders, inside
from engine.workflow import parse
from web.errors import complaint
from web.keys import folders_key, settings_key
from web.operations import operation
from web.placed import beside, digest_of, on_the_disk_of
from web.replies import reply
from web.routes.files import TYPES, BadReference, locate
from web.safety.forms import BadUpload, Form, Sent, received
from web.safety.limits import BadPicture, pictures_key
from web.schemas import Refusal
from web.shapes import Shape

routes = web.RouteTableDef()

TRUE = ("true", "1")


class ImageForm(Shape):
    """Form of POST /upload/image."""

    image: bytes = Field(description="The file; any type is taken.")
    type: str = Field(default="input", description="input, temp or output")
    subfolder: str = ""
    overwrite: str = Field(default="", description="true or 1 replaces a file of the same name.")


class MaskForm(ImageForm):
    """Form of POST /upload/mask."""

    original_ref: str = Field(description="JSON of the picture to mask: filename, and perhaps subfolder and type.")


class Uploaded(Shape):
    """Where an upload is now. Its name has a number if another file had that name."""

    name: str
    subfolder: str
    type: str


class OriginalRef(Shape):
    """The picture that a mask is for."""

    filename: str
    type: str = "output"
    subfolder: str = ""


@routes.post("/upload/image")
@operation("files", form=ImageForm, answers={200: Uploaded, 400: Refusal})
async def image(request: web.Request) -> web.Response:
    """Keep a file: under its name, or a numbered one if another file has it and ``overwrite`` is off."""
    try:
        async with _form(request) as form:
            return await _keep(request, form, _file(form))
    except (BadUpload, BadReference) as error:
        return complaint("invalid_upload", str(error))


@routes.post("/upload/mask")
@operation("files", form=MaskForm, answers={200: Uploaded, 400: Refusal})
async def mask(request: web.Request) -> web.Response:
    """Keep the picture ``original_ref`` names, with the alpha of the uploaded one."""
    try:
        async with _form(request) as form:
            folders, sent, ref = request.app[folders_key], _file(form), _original(form)
            async with request.app[pictures_key]:
                masked = await asyncio.to_thread(_mask, folders, ref, sent)
            return await _keep(request, form, masked)
    except (BadUpload, BadReference) as error:
        return complaint("invalid_upload", str(error))


def _form(request: web.Request) -> AbstractAsyncContextManager[Form]:
    """The form, whose file lies where temporary files do meanwhile."""
    staging = request.app[folders_key].directory("temp")
    return received(request, "image", staging, request.app[settings_key].max_upload_bytes)


def _file(form: Form) -> Sent:
    if form.sent is None:
        raise BadUpload("the form has no file named image")
    return form.sent


async def _keep(request: web.Request, form: Form, sent: Sent) -> web.Response:
    """Put the file where the form says, and answer with where that was."""
    kind, subfolder = form.texts.get("type", "input"), form.texts.get("subfolder", "")
    if kind not in TYPES:
        raise BadUpload(f"type must be one of {', '.join(TYPES)}, not {kind!r}")
    overwrite = form.texts.get("overwrite") in TRUE
    root = request.app[folders_key].directory(kind)
    try:
        name = await asyncio.to_thread(_store, root, subfolder, sent, overwrite=overwrite)
    except UnsafePath:
        raise BadUpload(f"{sent.name!r} in {subfolder!r} leads outside the {kind} folder") from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EIO, errno.EROFS):
            raise
        raise BadUpload(f"{sent.name!r} cannot be written: {error.strerror}") from None
    return reply({"name": name, "subfolder": subfolder, "type": kind})


def _store(root: Path, subfolder: str, sent: Sent, *, overwrite: bool) -> str:
    """Move the file below ``root``, beside its place if that holds something else; return the name that it has now."""
    folder, target = inside(root, subfolder), inside(root, subfolder, sent.name)
    if target == folder:
        raise BadUpload(f"{sent.name!r} is no file name")
    target.parent.mkdir(parents=True, exist_ok=True)
    source = on_the_disk_of(target.parent, sent.path)
    try:
        if overwrite:
            os.replace(source, target)
            return target.name
        return beside(target, source, sent.digest).name
    finally:
        source.unlink(missing_ok=True)


def _original(form: Form) -> OriginalRef:
    try:
        return OriginalRef.model_validate(parse(form.texts.get("original_ref", "")))
    except (NotAWorkflow, ValidationError):
        raise BadUpload("original_ref must be a JSON object with a filename, and texts in it") from None


def _mask(folders: Folders, ref: OriginalRef, sent: Sent) -> Sent:
    """The original as PNG with its text chunks, its alpha replaced by that of the upload, in place of the upload."""
    from web.pictures import with_mask  # Pillow comes with the first picture that is sent or asked for

    source = locate(folders, ref.filename, ref.type, ref.subfolder)
    try:
        with_mask(source, sent.path, sent.path)
    except FileNotFoundError:
        raise BadUpload(f"the original {source.name} is not there") from None
    except BadPicture as error:
        raise BadUpload(f"the mask cannot be applied: {error}") from None
    return Sent(sent.name, sent.path, digest_of(sent.path))
