"""``/metrics``: what is counted and measured, for Prometheus to collect."""

from __future__ import annotations

import asyncio
import logging
from math import nan

from aiohttp import hdrs, web
from prometheus_client.exposition import choose_encoder

from engine.errors import EngineError
from engine.events import now_ms
from engine.pool import WorkerPool
from web.keys import pool_key, queue_key, sockets_key
from web.metrics.meters import Meters, meters_key
from web.operations import Media, operation

logger = logging.getLogger(__name__)
routes = web.RouteTableDef()

PATIENCE_S = 1.0
"""The worker may be starting, or hang."""


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
    await _look_up_memory(app[pool_key], meters)
    try:
        census = await app[queue_key].census()
    except EngineError as error:  # a full disk, say: just when the other figures are wanted
        logger.warning("the queue cannot be counted: %s", error)
        meters.jobs.clear()
        meters.queue_age.set(nan)
        return
    meters.jobs.labels("pending").set(census.pending)
    meters.jobs.labels("running").set(census.running)
    waited_ms = 0 if census.oldest_ms is None else max(now_ms() - census.oldest_ms, 0)
    meters.queue_age.set(waited_ms / 1000)


async def _look_up_memory(pool: WorkerPool, meters: Meters) -> None:
    """Set the gauges of the ledger; without a worker that tells, there are none."""
    try:
        memory = await asyncio.wait_for(pool.memory(), PATIENCE_S)
    except (EngineError, TimeoutError):
        meters.memory.clear()
        meters.memory_limit.set(nan)
        return
    kinds = {"weights": sum(each.size_bytes for each in memory.weights)}
    kinds["working"] = sum(each.size_bytes for each in memory.working)
    for each in memory.remembered:
        kinds["remembered" if each.tier == "memory" else "disk"] = each.size_bytes
    for kind, size in kinds.items():
        meters.memory.labels(kind).set(size)
    meters.memory_limit.set(memory.machine.limit_bytes)
