"""The server, put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from functools import partial
from types import ModuleType

from aiohttp import web

from engine.runner import Runner
from web import frontend
from web.caching import add_caching, compress
from web.errors import errors
from web.idempotency import taking_in_key
from web.keys import Parts, bus_key, folders_key, packs_key, pool_key, queue_key, settings_key, sockets_key
from web.leftovers import Leftovers
from web.logs.feed import LogFeed, log_feed_key
from web.logs.lifecycle import Lifecycle
from web.messages.sockets import Sockets
from web.metrics.following import Following
from web.metrics.lag import Lag
from web.metrics.meters import Meters, meters_key
from web.metrics.requests import counted
from web.metrics.worker import watch_worker
from web.openapi.document import Document, document_key
from web.routes import (
    assets,
    docs,
    editor,
    experiment,
    explain,
    extensions,
    files,
    history,
    internal,
    jobs,
    metrics,
    models,
    nodes,
    prompt,
    queue,
    replacements,
    static,
    status,
    system,
    uploads,
    user_settings,
    userdata,
    users,
)
from web.safety.access import admit
from web.safety.guard import add_headers, guard
from web.safety.limits import MAX_OPEN, bounded, pictures_key
from web.settings import Settings
from web.sharing.shares import FOLDER as SHARES
from web.sharing.shares import Shares, shares_key
from web.submitting import submitting_key
from web.users.files import UserFiles, user_files_key
from web.users.people import People, people_key
from web.users.settings import UserSettings, user_settings_key
from web.users.tags import Tags, tags_key
from web.users.versions import Versions, versions_key
from web.v1 import bundles as v1_bundles
from web.v1 import comparing as v1_comparing
from web.v1 import events as v1_events
from web.v1 import files as v1_files
from web.v1 import jobs as v1_jobs
from web.v1 import memory as v1_memory
from web.v1 import recognising as v1_recognising
from web.v1 import shares as v1_shares
from web.v1 import tags as v1_tags
from web.v1 import verifying as v1_verifying
from web.v1 import versions as v1_versions
from web.v1 import workflows as v1_workflows
from web.v1.log import EventLog, log_key
from web.v1.views import describe_record
from web.webhooks.webhooks import Webhooks, webhooks_key

logger = logging.getLogger(__name__)

API = (
    prompt,
    queue,
    history,
    jobs,
    explain,
    nodes,
    files,
    uploads,
    models,
    system,
    users,
    user_settings,
    userdata,
    extensions,
    experiment,
    replacements,
)
"""Routes that exist twice: as they are written, and below ``/api``."""
PLAIN: tuple[ModuleType, ...] = (
    docs,
    static,
    status,
    metrics,
    internal,
    assets,
    v1_jobs,
    v1_events,
    v1_workflows,
    v1_comparing,
    v1_verifying,
    v1_recognising,
    v1_files,
    v1_memory,
    v1_shares,
    v1_bundles,
    v1_versions,
    v1_tags,
)
"""Routes that exist once."""


def make_app(parts: Parts) -> web.Application:
    """A server over these parts. It runs jobs from start-up to clean-up, and then closes queue and pool."""
    settings = parts.settings
    meters = Meters()
    app = web.Application(
        middlewares=[counted(meters), errors, guard(settings), admit(settings), bounded(settings)],
        client_max_size=settings.max_upload_bytes,
    )
    app[queue_key], app[pool_key], app[bus_key] = parts.queue, parts.pool, parts.bus
    app[folders_key], app[settings_key], app[packs_key] = parts.folders, settings, parts.packs
    app[people_key] = People(parts.folders.directory("user"), multi_user=settings.multi_user)
    versions, tags = app[versions_key], app[tags_key] = Versions(), Tags()
    app[user_files_key], app[user_settings_key] = UserFiles((versions, tags)), UserSettings()
    app[shares_key] = Shares(parts.folders.directory("user") / SHARES)
    app[sockets_key], app[submitting_key] = Sockets(parts.queue, settings), asyncio.Lock()
    app[taking_in_key] = set()
    app[document_key], app[pictures_key] = Document(app), asyncio.Semaphore(MAX_OPEN)
    hooks = app[webhooks_key] = Webhooks(parts.queue, parts.letters, settings, partial(describe_record, parts.pool))
    log = app[log_key] = EventLog()
    feed = app[log_feed_key] = LogFeed(parts.logs, app[sockets_key])
    app[meters_key] = meters
    watch_worker(meters.registry, parts.pool)
    for module in API:
        app.add_routes(module.routes)
        app.add_routes(_below_api(module.routes))
    for module in PLAIN:
        app.add_routes(module.routes)
    app.add_routes(_first_page(settings))

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        add_headers(settings, response)
        add_caching(request, response)

    app.on_response_prepare.append(prepare)
    app.on_shutdown.append(_hang_up)
    leftovers = Leftovers(parts.queue, parts.checkpoints)
    app.cleanup_ctx.extend((feed.run, log.run, Following(meters).run, Lag(meters).run, _work, hooks.run, leftovers.run))
    if settings.log == "json":
        app.cleanup_ctx.insert(0, Lifecycle().run)
    if settings.compress:
        app.middlewares.insert(0, compress)
    return app


def _below_api(routes: web.RouteTableDef) -> list[web.RouteDef]:
    """The same routes once more, as the browser asks for them."""
    return [
        web.RouteDef(route.method, "/api" + route.path, route.handler, route.kwargs)
        for route in routes
        if isinstance(route, web.RouteDef)
    ]


def _first_page(settings: Settings) -> Sequence[web.RouteDef]:
    """``/`` and what belongs to it: the front end that was asked for, or the editor, or the status page."""
    if settings.frontend:
        return frontend.routes(settings.frontend)
    if (settings.editor / editor.INDEX).is_file():
        return editor.routes(settings.editor)
    return [web.get("/", status.page)]  # a checkout whose editor is being built


async def _hang_up(app: web.Application) -> None:
    app[log_key].close()
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
