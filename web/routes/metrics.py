"""``/metrics``: what is counted and measured, for Prometheus to collect."""

from __future__ import annotations

import asyncio
import logging
from math import nan

from aiohttp import hdrs, web
from prometheus_client.exposition import choose_encoder

from engine.errors import EngineError
from engine.events import now_ms
from engine.jobs import JobQueue
from engine.pool import WorkerPool
from web.keys import pool_key, queue_key, sockets_key
from web.metrics.meters import Meters, meters_key
from web.operations import Media, operation

logger = logging.getLogger(__name__)
routes = web.RouteTableDef()

ANSWERS_WITHIN_S = 1.0
"""How long to wait for what a worker tells of its memory: it may be just starting."""


@routes.get("/metrics")
@operation("system", answers={200: Media("text/plain", "application/openmetrics-text")})
async def metrics(request: web.Request) -> web.Response:
    """What is counted and measured, in the text formats of Prometheus."""
    meters = request.app[meters_key]
    encode, content_type = choose_encoder(request.headers.get(hdrs.ACCEPT, ""))
    async with meters.reading:
        await _look_up(request.app, meters)
        body = await asyncio.to_thread(encode, meters.registry)
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type, hdrs.CACHE_CONTROL: "no-store"})


async def _look_up(app: web.Application, meters: Meters) -> None:
    """Set the gauges of what is looked up when it is asked for."""
    meters.websockets.set(app[sockets_key].count)
    await asyncio.gather(_count(app[queue_key], meters), _weigh(app[pool_key], meters))


async def _count(queue: JobQueue, meters: Meters) -> None:
    try:
        census = await queue.census()
    except EngineError as error:  # a full disk, say: just when the other figures are wanted
        logger.warning("the queue cannot be counted: %s", error)
        meters.jobs.clear()
        meters.queue_age.set(nan)
        return
    meters.jobs.labels("pending").set(census.pending)
    meters.jobs.labels("running").set(census.running)
    waited_ms = 0 if census.oldest_ms is None else max(now_ms() - census.oldest_ms, 0)
    meters.queue_age.set(waited_ms / 1000)


async def _weigh(pool: WorkerPool, meters: Meters) -> None:
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            meters.memory.known = await pool.memory()
    except (EngineError, TimeoutError):  # there is no worker just now
        meters.memory.known = None
