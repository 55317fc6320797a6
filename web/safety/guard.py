"""Who may call: a web page from elsewhere may not, however it gets here.

Browsers send a page's origin along; a local server must compare it with itself. DNS rebinding makes a foreign
name point here, so that both agree: that is why a server on loopback also insists on names it knows.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from web.errors import complaint
from web.settings import Settings

ANYONE = "*"
CORS_METHODS = "POST, GET, DELETE, PUT, OPTIONS, PATCH"
CORS_HEADERS = "Content-Type, Authorization, Idempotency-Key"
FRAMES = "frame-ancestors 'self'"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": FRAMES,
}
"""What every answer carries, if its handler has not said something else."""


def guard(settings: Settings) -> Middleware:
    """The middleware that turns foreign pages away; with ``cors_origin`` set, browsers are told who may call."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if settings.cors_origin != ANYONE and (reason := refusal(request, settings)):
            return complaint("forbidden", "Requests from elsewhere are refused", reason, status=403)
        if request.method == "OPTIONS":
            return web.Response()
        return await handler(request)

    return check


def add_headers(settings: Settings, response: web.StreamResponse) -> None:
    """What every answer carries. Browsers ignore ``*`` where cookies come along: that is what makes both safe."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if settings.cors_origin is None:
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return
    response.headers["Access-Control-Allow-Origin"] = settings.cors_origin
    response.headers["Access-Control-Allow-Methods"] = CORS_METHODS
    response.headers["Access-Control-Allow-Headers"] = CORS_HEADERS
    response.headers["Access-Control-Allow-Credentials"] = "true"


def refusal(request: web.Request, settings: Settings) -> str | None:
    """Why this request is not served, if it isn't."""
    hosts, origins = request.headers.getall("Host", []), request.headers.getall("Origin", [])
    if len(hosts) > 1 or len(origins) > 1:
        return "there is more than one Host or Origin"
    host = _split("//" + "".join(hosts))
    if host is None:
        return "the Host header is malformed"
    name = host.hostname or ""
    if is_loopback(settings.host) and name and not _known(name, request, settings):
        return f"this server does not go by the name {name}"
    return _foreign(request, host, settings)


def _foreign(request: web.Request, host: SplitResult, settings: Settings) -> str | None:
    """Why the page that a request comes from may not send it, if so."""
    said, asker = request.headers.get("Origin"), settings.cors_origin
    if asker is not None and said is not None and _same_origin(said, asker):
        return None
    if said is not None and not _own(host, _split(said), settings):
        return f"requests from {said[:80]} are refused"
    if request.headers.get("Sec-Fetch-Site") != "cross-site":
        return None
    if asker is not None and request.method in ("GET", "HEAD"):
        return None  # a picture in a page of the asker's: no origin is sent with it
    return "cross-site requests are refused"


def is_loopback(name: str) -> bool:
    """Whether a host name or address means this machine, by itself: names are not looked up."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        name = name.lower().rstrip(".")
        return name == "localhost" or name.endswith(".localhost")


def _known(name: str, request: web.Request, settings: Settings) -> bool:
    if is_loopback(name) or name in _names(settings):
        return True
    address = request.transport.get_extra_info("sockname") if request.transport else None
    return isinstance(address, tuple) and name == address[0]


def _own(host: SplitResult, origin: SplitResult | None, settings: Settings) -> bool:
    """Whether an origin is this server: by the name that it was asked under, or another that it goes by.

    Equal names, and equal ports where both name one: a proxy in front may have another.
    """
    if origin is None or not origin.scheme or not origin.hostname:
        return False
    if origin.hostname in _names(settings):
        return True
    if host.hostname != origin.hostname:
        return False
    return host.port is None or origin.port is None or host.port == origin.port


def _same_origin(one: str, other: str) -> bool:
    return one.lower().rstrip("/") == other.lower().rstrip("/")


def _names(settings: Settings) -> set[str]:
    return {name.lower() for name in settings.allowed_hosts}


def _split(url: str) -> SplitResult | None:
    """The parts of ``SCHEME://HOST:PORT``; None if it is not just that. ``hostname`` comes in lower case."""
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    more = parts.path or parts.query or parts.fragment or "@" in parts.netloc or "\\" in parts.netloc
    return None if more else parts
