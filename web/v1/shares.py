"""``/v1/shares``: snapshots of workflows, to be seen by whoever has the link."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import PurePosixPath
from urllib.parse import quote

from aiohttp import web

from engine.workflow import parse
from web.keys import folders_key, settings_key
from web.operations import Media, operation
from web.replies import read_body, reply
from web.routes.files import INERT, PLAIN, RUNNABLE, disposition
from web.schemas import Refusal
from web.sharing import bundle as bundles
from web.sharing.bundle import Bundle
from web.sharing.packing import unpack
from web.sharing.shapes import PackRequest, SharedFile, SharedWorkflow, ShareEntry, ShareList, TakenOver
from web.sharing.shares import Share, ShareNotFound, Shares, shares_key
from web.users.people import user_id
from web.v1.bundles import ZIP, packed
from web.v1.views import instant

routes = web.RouteTableDef()


@routes.post("/v1/shares")
@operation("sharing", body=PackRequest, answers={201: ShareEntry, 400: Refusal, 409: Refusal})
async def share(request: web.Request) -> web.Response:
    """Share a workflow as it is now: later changes, of its files too, do not show in what is shared."""
    owner, body = user_id(request), await read_body(request, PackRequest)
    made = await packed(request, body)
    add, most = request.app[shares_key].add, request.app[settings_key].max_upload_bytes
    added = await asyncio.to_thread(add, owner, made, most)
    return reply(_entry(added).model_dump(mode="json"), 201)


@routes.get("/v1/shares")
@operation("sharing", answers={200: ShareList})
async def listing(request: web.Request) -> web.Response:
    """One's own shares."""
    found = await asyncio.to_thread(request.app[shares_key].of, user_id(request))
    return reply(ShareList(shares=[_entry(each) for each in found]).model_dump(mode="json"))


@routes.delete("/v1/shares/{token}")
@operation("sharing", answers={204: None, 404: Refusal})
async def revoke(request: web.Request) -> web.Response:
    """Take a share back: its link leads nowhere from now on. What others made theirs stays theirs."""
    await asyncio.to_thread(request.app[shares_key].revoke, user_id(request), request.match_info["token"])
    return web.Response(status=204)


@routes.get("/v1/shares/{token}")
@operation("sharing", answers={200: SharedWorkflow, 404: Refusal})
async def one(request: web.Request) -> web.Response:
    """What is shared."""
    found, workflow = await asyncio.to_thread(_workflow, request.app[shares_key], request.match_info["token"])
    about, place = found.about, _place(found)
    shown = SharedWorkflow(
        name=about.name,
        created=instant(found.created_ms),
        workflow=workflow,
        picture=f"{place}/files/{quote(about.picture)}" if about.picture else None,
        files=[
            SharedFile(value=file.value, name=file.name, url=f"{place}/files/{quote(file.entry)}")
            for file in about.files
        ],
        links={"self": place, "bundle": f"{place}/bundle", "copy": f"{place}/copy"},
    )
    return reply(shown.model_dump(mode="json"))


@routes.get("/v1/shares/{token}/files/{entry:.+}")
@operation("sharing", answers={200: Media("*/*"), 404: Refusal})
async def file(request: web.Request) -> web.Response:
    """A file of a share, or its picture; what a browser might run is only offered for saving."""
    name = request.match_info["entry"]
    content = await asyncio.to_thread(_content, request.app[shares_key], request.match_info["token"], name)
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    headers = {"Content-Disposition": disposition(PurePosixPath(name).name)}
    if not PLAIN.fullmatch(media_type):
        headers["Content-Security-Policy"] = INERT
    if RUNNABLE.search(media_type):
        headers["Content-Disposition"] = "attachment; " + headers["Content-Disposition"]
        media_type = "application/octet-stream"
    return web.Response(body=content, content_type=media_type, headers=headers)


@routes.get("/v1/shares/{token}/bundle")
@operation("sharing", answers={200: ZIP, 206: ZIP, 304: None, 404: Refusal, 416: None})
async def bundle(request: web.Request) -> web.FileResponse:
    """All of a share as one file."""
    found = await asyncio.to_thread(request.app[shares_key].find, request.match_info["token"])
    named = disposition(f"{PurePosixPath(found.about.name).name}.zip")
    headers = {"Content-Type": "application/zip", "Content-Disposition": f"attachment; {named}"}
    return web.FileResponse(found.path, headers=headers)


@routes.post("/v1/shares/{token}/copy")
@operation("sharing", answers={200: TakenOver, 400: Refusal, 404: Refusal})
async def copy(request: web.Request) -> web.Response:
    """Make it one's own: its files are copied among the inputs, and the workflow comes back with their names there."""
    shares, folders = request.app[shares_key], request.app[folders_key]
    whole = await asyncio.to_thread(_whole, shares, request.match_info["token"])
    made = await asyncio.to_thread(unpack, whole, folders)
    return reply(TakenOver(name=made.name, workflow=made.workflow, inputs=dict(made.names)).model_dump(mode="json"))


def _entry(found: Share) -> ShareEntry:
    return ShareEntry(
        token=found.token,
        name=found.about.name,
        created=instant(found.created_ms),
        bytes=found.bytes,
        inputs=[file.name for file in found.about.files],
        has_picture=found.about.picture is not None,
        links={"self": _place(found), "page": f"/share/{found.token}"},
    )


def _place(found: Share) -> str:
    return f"/v1/shares/{found.token}"


def _workflow(shares: Shares, token: str) -> tuple[Share, dict[str, object]]:
    found = shares.find(token)
    with bundles.opened(found.path) as archive:
        return found, dict(parse(bundles.content_in(archive, bundles.WORKFLOW)))


def _content(shares: Shares, token: str, name: str) -> bytes:
    """Of the files that the share says it has, and no other entry."""
    found = shares.find(token)
    if name not in bundles.entries(found.about):
        raise ShareNotFound(f"this share has no file {name!r}")
    with bundles.opened(found.path) as archive:
        return bundles.content_in(archive, name)


def _whole(shares: Shares, token: str) -> Bundle:
    found = shares.find(token)
    return bundles.read(found.path.read_bytes(), None)
