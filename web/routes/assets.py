"""Assets, ComfyUI's catalogue of files: not kept here, and every route of it says so, as a server does that has it
turned off."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from web.operations import operation
from web.replies import reply
from web.shapes import Shape

ONE = "/api/assets/{id}"
ADDRESSES = (
    ("GET", "/api/assets"),
    ("POST", "/api/assets"),
    ("GET", "/api/assets/tags/refine"),
    ("GET", "/api/assets/seed/status"),
    ("POST", "/api/assets/seed"),
    ("POST", "/api/assets/seed/cancel"),
    ("POST", "/api/assets/prune"),
    ("POST", "/api/assets/from-hash"),
    ("HEAD", "/api/assets/hash/{hash}"),
    ("GET", ONE),
    ("PUT", ONE),
    ("DELETE", ONE),
    ("GET", ONE + "/content"),
    ("POST", ONE + "/tags"),
    ("DELETE", ONE + "/tags"),
    ("GET", "/api/tags"),
)


class AssetsError(Shape):
    code: str
    message: str
    details: dict[str, Any]


class AssetsRefusal(Shape):
    """An error in the shape that all routes of assets have."""

    error: AssetsError


@operation("assets", answers={503: AssetsRefusal})
async def disabled(request: web.Request) -> web.Response:
    """Assets are not kept here."""
    error = AssetsError(code="SERVICE_DISABLED", message="This server keeps no catalogue of assets.", details={})
    return reply(AssetsRefusal(error=error).model_dump(), 503)


routes = [web.route(method, path, disabled) for method, path in ADDRESSES]
