"""``/v1/bundles``: a workflow with its files and its picture as one file, out of here and into here."""

from __future__ import annotations

import asyncio
from pathlib import PurePosixPath

from aiohttp import web
from pydantic import ConfigDict, Field

from web.keys import folders_key, settings_key
from web.operations import Media, operation, read_query
from web.replies import read_body, reply
from web.routes.files import BadReference, disposition, locate
from web.safety.limits import BadPicture, pictures_key
from web.schemas import Refusal
from web.shapes import Shape
from web.sharing import bundle as bundles
from web.sharing import library
from web.sharing.bundle import BadBundle, Bundle
from web.sharing.packing import pack, picture_of, unpack
from web.sharing.shapes import PackRequest, PictureRef, TakenOver
from web.users.files import user_files_key
from web.users.people import user_root
from web.users.tags import tags_key

routes = web.RouteTableDef()

ZIP, TEXT = Media("application/zip"), Media("text/plain")


class Taking(Shape):
    """Whether the workflow is saved in the library, too, and under which name: one that is taken gets a number."""

    model_config = ConfigDict(extra="forbid")

    save: str = Field(default="", max_length=500)


@routes.post("/v1/bundles")
@operation("sharing", body=PackRequest, answers={200: ZIP, 400: Refusal})
async def make(request: web.Request) -> web.Response:
    """A bundle of a workflow that is sent, with the files that it loads here."""
    body = await read_body(request, PackRequest)
    return await _sent(request, await packed(request, body))


@routes.post("/v1/bundles/import")
@operation(
    "sharing",
    query=Taking,
    body=Media("*/*"),
    answers={200: TakenOver, 400: (Refusal, TEXT), 403: (Refusal, TEXT), 409: TEXT},
)
async def take(request: web.Request) -> web.Response:
    """Put the files of a bundle among the inputs; nothing there is replaced: a name that is taken gets a number."""
    query, folders, most = read_query(request, Taking), request.app[folders_key], _most(request)
    root = user_root(request)
    found = await asyncio.to_thread(bundles.read, await request.read(), most)
    unpacked = await asyncio.to_thread(unpack, found, folders)
    saved = None
    if query.save:
        files, picture = request.app[user_files_key], found.picture
        saved = await asyncio.to_thread(library.put_in, files, root, query.save, unpacked, picture)
        if found.about.tags:
            await asyncio.to_thread(request.app[tags_key].put, root, saved, found.about.tags)
    inputs = dict(unpacked.names)
    made = TakenOver(name=unpacked.name, workflow=unpacked.workflow, inputs=inputs, saved=saved)
    return reply(made.model_dump(mode="json"))


@routes.get("/v1/bundles/{name:.+}")
@operation("sharing", answers={200: ZIP, 400: Refusal, 404: Refusal})
async def one(request: web.Request) -> web.Response:
    """A bundle of a workflow of the library, with its picture there and its tags; or of one that comes along."""
    root, name, folders = user_root(request), request.match_info["name"], request.app[folders_key]
    tags = await asyncio.to_thread(request.app[tags_key].of, root, name)
    made = await asyncio.to_thread(library.taken_out, root, name, folders, tags, max_bytes=_most(request))
    return await _sent(request, made)


async def packed(request: web.Request, body: PackRequest) -> Bundle:
    """What a request asks to pack. Raises BadBundle for what cannot be, HTTPNotFound for a picture that is gone."""
    picture = await _picture(request, body.picture) if body.picture else None
    return await asyncio.to_thread(
        pack,
        body.name,
        body.workflow,
        request.app[folders_key],
        with_files=body.inputs,
        picture=picture,
        max_bytes=_most(request),
    )


async def _picture(request: web.Request, ref: PictureRef) -> bytes:
    folders = request.app[folders_key]
    try:
        path = await asyncio.to_thread(locate, folders, ref.filename, ref.type, ref.subfolder)
        async with request.app[pictures_key]:
            return await asyncio.to_thread(picture_of, path)
    except (BadReference, BadPicture) as error:
        raise BadBundle(f"picture {ref.filename!r}: {error}") from None
    except FileNotFoundError:
        raise BadBundle(f"picture {ref.filename!r} is not there") from None


async def _sent(request: web.Request, made: Bundle) -> web.Response:
    content = await asyncio.to_thread(bundles.write, made, _most(request))
    named = disposition(f"{PurePosixPath(made.about.name).name}.zip")
    headers = {"Content-Disposition": f"attachment; {named}"}
    return web.Response(body=content, content_type="application/zip", headers=headers)


def _most(request: web.Request) -> int:
    return request.app[settings_key].max_upload_bytes
