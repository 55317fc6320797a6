"""Who knows the token: with one, nothing is answered to anyone else."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from web.errors import complaint
from web.settings import Settings

QUERY = "token"
HIDDEN = "***"


def admit(settings: Settings) -> Middleware:
    """The middleware that asks for the token, if there is one: as a bearer's, in a cookie, or as ``?token=``.

    A right ``?token=`` is answered with the cookie, and a browser is led on to the address without it, so that it is
    kept neither in the history nor in bookmarks.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if settings.token is None:
            return await handler(request)
        if not any(same(given, settings.token) for given in _given(request, settings)):
            return _refused()
        if request.method != "GET" or QUERY not in request.query:
            return await handler(request)
        if _is_page(request):
            response: web.StreamResponse = web.Response(status=303, headers={"Location": _without_token(request)})
        else:
            response = await handler(request)
        if not response.prepared:  # a websocket is, and has been closed since
            _remember(response, settings, request)
        return response

    return check


def make_token() -> str:
    """One that nobody guesses: 256 bits."""
    return secrets.token_urlsafe(32)


def masked(argv: Iterable[str], token: str | None) -> tuple[str, ...]:
    """Arguments as they may be shown."""
    return tuple(argument.replace(token, HIDDEN) if token else argument for argument in argv)


def same(given: str, token: str) -> bool:
    """Compare in a time that does not tell how much of it was right."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode())


def _given(request: web.Request, settings: Settings) -> Iterator[str]:
    """What a request brings, wherever. An old cookie beside the right ``?token=`` does no harm."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        yield rest.strip()
    yield from request.query.getall(QUERY, ())
    cookie = request.cookies.get(cookie_name(settings))
    if cookie is not None and settings.token and same(cookie, _cookie(settings.token)):
        yield settings.token


def _remember(response: web.StreamResponse, settings: Settings, request: web.Request) -> None:
    """Only this server's own pages have the browser send it along; no script reads it."""
    assert settings.token
    name, value = cookie_name(settings), _cookie(settings.token)
    response.set_cookie(name, value, httponly=True, samesite="Strict", path="/", secure=request.secure)


def cookie_name(settings: Settings) -> str:
    """Cookies do not know ports: two servers on one machine must not overwrite each other's."""
    return f"wireloom_token_{settings.port}"


def _cookie(token: str) -> str:
    """Not the token itself, which may hold anything, and stays where its owner put it."""
    return hmac.new(token.encode(), b"wireloom cookie", hashlib.sha256).hexdigest()


def _is_page(request: web.Request) -> bool:
    """Whether a browser opens the address. Over plain HTTP, from a network, it says so only by what it accepts."""
    return request.headers.get("Sec-Fetch-Mode") == "navigate" or "text/html" in request.headers.get("Accept", "")


def _without_token(request: web.Request) -> str:
    """The same address of this server, without the token."""
    url = request.rel_url.with_query([(name, value) for name, value in request.query.items() if name != QUERY])
    return "/" + str(url).lstrip("/")


def _refused() -> web.Response:
    response = complaint(
        "unauthorized",
        "This server wants its token",
        "open the address that it printed, or send Authorization: Bearer TOKEN",
        status=401,
    )
    response.headers["WWW-Authenticate"] = "Bearer"
    return response
