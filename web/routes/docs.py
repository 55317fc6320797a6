"""The OpenAPI document, and a page that shows it without any network: Swagger UI, served from its package."""

from __future__ import annotations

import asyncio
from importlib import resources, util
from pathlib import Path

from aiohttp import ETag, web
from pydantic import Field

from web.openapi.document import document_key
from web.operations import Media, operation
from web.shapes import Shape

routes = web.RouteTableDef()

PACKAGE = "flask_swagger_ui"
"""It is never imported: only its folder of files is used."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ASKED_ANEW = {"Cache-Control": "no-cache"}


class IfChanged(Shape):
    """Headers of GET /openapi.json."""

    if_none_match: str | None = Field(default=None, alias="If-None-Match")


@routes.get("/openapi.json")
@operation("system", headers=IfChanged, answers={200: dict[str, object], 304: None})
async def openapi(request: web.Request) -> web.Response:
    """This document."""
    document = request.app[document_key]
    text = await asyncio.to_thread(lambda: document.text)
    etag = ETag(value=document.tag)
    if any(known in (etag, ETag("*")) for known in request.if_none_match or ()):
        response = web.Response(status=304, headers=ASKED_ANEW)
    else:
        response = web.json_response(text=text, headers=ASKED_ANEW)
    response.etag = etag
    return response


@routes.get("/docs")
@operation("system", answers={200: Media("text/html")})
async def page(request: web.Request) -> web.Response:
    """This document as a page, where requests can be tried."""
    text = await asyncio.to_thread(resources.files("web").joinpath("docs.html").read_text, encoding="utf-8")
    headers = {**ASKED_ANEW, "Content-Security-Policy": POLICY}
    return web.Response(text=text, content_type="text/html", headers=headers)


@routes.get(r"/docs/{name:start\.js|swagger-ui\.css|swagger-ui-bundle\.js}")
@operation(
    "system",
    answers={
        200: Media("text/css", "text/javascript"),
        206: Media("text/css", "text/javascript"),
        304: None,
        416: None,
    },
)
async def part(request: web.Request) -> web.FileResponse:
    """What the page is made of."""
    name = request.match_info["name"]
    path = await asyncio.to_thread(_find, name)
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    return web.FileResponse(path, headers={**ASKED_ANEW, "Content-Type": f"{kind}; charset=utf-8"})


def _find(name: str) -> Path:
    if name == "start.js":
        return Path(str(resources.files("web").joinpath("docs.js")))
    package = util.find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise ModuleNotFoundError(f"the package {PACKAGE} is not installed", name=PACKAGE)
    return Path(package.origin).parent / "dist" / name
