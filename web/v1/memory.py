"""``/v1/memory``: what is in memory."""

from __future__ import annotations

from aiohttp import web

from engine.machine import resident_bytes
from engine.memory import Machine, Remembered, Weights, Working
from web.keys import pool_key
from web.operations import operation
from web.replies import reply
from web.schemas import Refusal
from web.shapes import Shape

routes = web.RouteTableDef()


class MemoryView(Shape):
    """What the process that runs jobs has in memory, in bytes; ``server_bytes`` is what this server takes.

    ``weights`` are those of each part of a model that is loaded, the least recently used first: they go first when
    there would be more than ``weights_budget_bytes``. ``remembered`` are results, by tier. ``working`` is what running
    nodes hold.
    """

    server_bytes: int
    machine: Machine
    weights_budget_bytes: int
    weights: list[Weights]
    remembered: list[Remembered]
    working: list[Working]


@routes.get("/v1/memory")
@operation("memory", answers={200: MemoryView, 503: Refusal})
async def memory(request: web.Request) -> web.Response:
    """What is in memory. ``POST /free`` lets go of it."""
    found = await request.app[pool_key].memory()
    view = MemoryView(
        server_bytes=resident_bytes(),
        machine=found.machine,
        weights_budget_bytes=found.weights_budget_bytes,
        weights=list(found.weights),
        remembered=list(found.remembered),
        working=list(found.working),
    )
    return reply(view.model_dump(mode="json"))
