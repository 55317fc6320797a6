"""``/v1/files``: deleting what nodes wrote or users sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web
from pydantic import ConfigDict, Field

from web.errors import complaint
from web.keys import folders_key
from web.operations import Media, operation, read_query
from web.routes.files import BadReference, locate
from web.schemas import Refusal
from web.shapes import Shape

routes = web.RouteTableDef()


class FileQuery(Shape):
    """Query of DELETE /v1/files: a file as nodes name it, and as GET /view takes it."""

    model_config = ConfigDict(extra="forbid")

    filename: str = Field(description="May end in [output], [input] or [temp].")
    type: str = Field(default="output", description="output, input or temp")
    subfolder: str = ""


@routes.delete("/v1/files")
@operation(
    "files", query=FileQuery, answers={204: None, 400: Refusal, 403: Refusal, 404: Media("text/plain"), 409: Refusal}
)
async def delete(request: web.Request) -> web.Response:
    """Delete a file: 204 once it is gone. The job that made it stays in the history, and still names it."""
    query, folders = read_query(request, FileQuery), request.app[folders_key]
    try:
        path = await asyncio.to_thread(locate, folders, query.filename, query.type, query.subfolder)
        await asyncio.to_thread(_delete, path)
    except BadReference as error:
        return complaint("unsafe_path", str(error), query.filename, status=error.status)
    except FileNotFoundError:
        raise web.HTTPNotFound from None
    except OSError as error:
        return complaint("not_deleted", f"{path.name} cannot be deleted", error.strerror or "", status=409)
    return web.Response(status=204)


def _delete(path: Path) -> None:
    """Remove a file, or the link to one in its folder; whole folders stay. Raises FileNotFoundError, OSError."""
    if not path.is_file():
        raise FileNotFoundError(path)
    path.unlink()
