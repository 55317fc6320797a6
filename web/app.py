"""The server, put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from aiohttp import web

from engine.runner import Runner
from web.errors import errors
from web.keys import Parts, bus_key, folders_key, pool_key, queue_key, settings_key, sockets_key
from web.routes import explain, files, history, index, jobs, models, nodes, prompt, queue, system, uploads
from web.security import add_headers, guard
from web.sockets import Sockets

logger = logging.getLogger(__name__)

API = (prompt, queue, history, jobs, explain, nodes, files, uploads, models, system)
"""Routes that exist twice: as they are written, and below ``/api``."""
PLAIN = (index,)
"""Routes that exist once. Those that match most paths come last."""


def make_app(parts: Parts) -> web.Application:
    """A server over these parts. It runs jobs from start-up to clean-up, and then closes queue and pool."""
    settings = parts.settings
    app = web.Application(middlewares=[errors, guard(settings)], client_max_size=settings.max_upload_bytes)
    app[queue_key], app[pool_key], app[bus_key] = parts.queue, parts.pool, parts.bus
    app[folders_key], app[settings_key] = parts.folders, settings
    app[sockets_key], app[prompt.submitting] = Sockets(parts.queue, settings), asyncio.Lock()
    for module in API:
        app.add_routes(module.routes)
        app.add_routes(_below_api(module.routes))
    for module in PLAIN:
        app.add_routes(module.routes)

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        add_headers(settings, response)

    app.on_response_prepare.append(prepare)
    app.on_shutdown.append(_hang_up)
    app.cleanup_ctx.append(_work)
    return app


def _below_api(routes: web.RouteTableDef) -> list[web.RouteDef]:
    """The same routes once more, as the browser asks for them."""
    return [
        web.RouteDef(route.method, "/api" + route.path, route.handler, route.kwargs)
        for route in routes
        if isinstance(route, web.RouteDef)
    ]


async def _hang_up(app: web.Application) -> None:
    await app[sockets_key].close()


async def _work(app: web.Application) -> AsyncIterator[None]:
    """Run jobs and pass on what happens; at the end stop, so that an unfinished job waits for the next start."""
    queue, pool, bus = app[queue_key], app[pool_key], app[bus_key]
    telling = asyncio.create_task(app[sockets_key].fan_out(bus), name="fan-out")
    await asyncio.sleep(0)  # it must listen before the first job speaks
    running = asyncio.create_task(Runner(queue, pool, bus).run(), name="runner")
    running.add_done_callback(_note_death)
    yield
    running.cancel()
    await asyncio.wait([running])
    telling.cancel()
    await asyncio.wait([telling])
    await pool.close()
    await queue.close()


def _note_death(runner: asyncio.Task[None]) -> None:
    if not runner.cancelled() and (error := runner.exception()):
        logger.critical("the runner died: no more jobs will run", exc_info=error)
