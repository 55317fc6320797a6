"""Requests, counted by what they asked for and what they got."""

from __future__ import annotations

import time

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from web.metrics.meters import OTHER, Meters

GONE = 499
"""The status of an answer that nobody waited for, as some proxies have it."""
NO_ROUTE = "none"
STREAM = "text/event-stream"


def counted(meters: Meters) -> Middleware:
    """The outermost middleware: it sees what clients see."""

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        began, route, status = time.perf_counter(), route_of(request), GONE
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            method = request.method if request.method in hdrs.METH_ALL else OTHER
            meters.requests.labels(method, route, status).inc()
        if not isinstance(response, web.WebSocketResponse) and response.content_type != STREAM:
            meters.request_seconds.labels(route).observe(time.perf_counter() - began)
        return response

    return count


def route_of(request: web.Request) -> str:
    """The pattern that the path fits, such as ``/history/{prompt_id}``; the same for both forms of a route."""
    resource = request.match_info.route.resource
    return (resource.canonical.removeprefix("/api") or "/") if resource else NO_ROUTE
