"""Which routes an app has, as OpenAPI writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import hdrs, web

from web.openapi.words import WEBSOCKET

TWINS = "/api"
ONE_PART = "[^{}/]+"
"""What a parameter may be if its route does not say."""


@dataclass(frozen=True)
class Route:
    """A route; ``parameters`` are the patterns of those in its path, by name."""

    method: str
    path: str
    parameters: Mapping[str, str]
    handler: Any


def routes_of(app: web.Application) -> list[Route]:
    """All routes but those below ``/api`` that are twins of others, files of a folder, and the websocket."""
    found = {(route.method, route.path): route for route in _all(app)}
    return [route for route in found.values() if not _goes_without_saying(route, found)]


def _all(app: web.Application) -> Iterator[Route]:
    for route in app.router.routes():
        if route.resource is None or isinstance(route.resource, web.StaticResource):
            continue
        info = route.resource.get_info()
        pattern = info["pattern"].pattern if "pattern" in info else ""
        path = info["formatter"] if "formatter" in info else info["path"]
        yield Route(route.method, path, parameters(pattern), route.handler)


def _goes_without_saying(route: Route, found: Mapping[tuple[str, str], Route]) -> bool:
    path = route.path.removeprefix(TWINS)
    if path == WEBSOCKET:
        return True
    others = [found.get((route.method, path))] if path != route.path else []
    if route.method == hdrs.METH_HEAD:  # aiohttp adds it to every GET
        others.append(found.get((hdrs.METH_GET, route.path)))
    return any(other is not None and other.handler is route.handler for other in others)


def parameters(pattern: str) -> dict[str, str]:
    """The named groups of a pattern, in order: name -> what the group matches."""
    groups: dict[str, str] = {}
    for part in pattern.split("(?P<")[1:]:
        name, _, rest = part.partition(">")
        depth, end = 1, 0
        while depth:
            depth += {"(": 1, ")": -1}.get(rest[end], 0)
            end += 1
        groups[name] = rest[: end - 1]
    return groups
