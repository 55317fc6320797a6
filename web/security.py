"""Who may call: a web page from elsewhere may not, however it gets here.

Browsers send a page's origin along; a local server must compare it with itself. DNS rebinding makes a foreign
name point here, so that both agree: that is why a server on loopback also insists on names it knows.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from web.settings import Settings

CORS_METHODS = "POST, GET, DELETE, PUT, OPTIONS, PATCH"
CORS_HEADERS = "Content-Type, Authorization"


def guard(settings: Settings) -> Middleware:
    """The middleware that turns foreign pages away; with ``cors_origin`` set, browsers are told who may call."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if settings.cors_origin is None and (reason := refusal(request, settings)):
            raise web.HTTPForbidden(text=reason)
        if request.method == "OPTIONS":
            return web.Response()
        return await handler(request)

    return check


def add_headers(settings: Settings, response: web.StreamResponse) -> None:
    """What every answer carries."""
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if settings.cors_origin is not None:
        response.headers["Access-Control-Allow-Origin"] = settings.cors_origin
        response.headers["Access-Control-Allow-Methods"] = CORS_METHODS
        response.headers["Access-Control-Allow-Headers"] = CORS_HEADERS
        response.headers["Access-Control-Allow-Credentials"] = "true"


def refusal(request: web.Request, settings: Settings) -> str | None:
    """Why this request is not served, if it isn't."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return "cross-site requests are refused"
    host = _split("//" + request.headers.get("Host", ""))
    if host is None:
        return "the Host header is malformed"
    name = host.hostname or ""
    if is_loopback(settings.host) and name and not _known(name, request, settings):
        return f"this server does not go by the name {name}"
    origin = request.headers.get("Origin")
    if origin is not None and is_loopback(name) and not _same(host, _split(origin)):
        return "requests from other origins are refused"
    return None


def is_loopback(name: str) -> bool:
    """Whether a host name or address means this machine, by itself: names are not looked up."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        name = name.lower().rstrip(".")
        return name == "localhost" or name.endswith(".localhost")


def _known(name: str, request: web.Request, settings: Settings) -> bool:
    if is_loopback(name) or name in (allowed.lower() for allowed in settings.allowed_hosts):
        return True
    address = request.transport.get_extra_info("sockname") if request.transport else None
    return isinstance(address, tuple) and name == address[0]


def _same(host: SplitResult, origin: SplitResult | None) -> bool:
    """Equal names, and equal ports where both name one."""
    if origin is None or host.hostname != origin.hostname:
        return False
    return host.port is None or origin.port is None or host.port == origin.port


def _split(url: str) -> SplitResult | None:
    """The parts of an address; None if its host or port is malformed. ``hostname`` comes in lower case."""
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts
