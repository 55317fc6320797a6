"""How much one client may ask for. What is beyond is refused before it is read, opened or queued."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from engine.errors import NotAWorkflow, QueueFull
from engine.jobs import JobQueue
from web.errors import complaint
from web.settings import Settings

MAX_NODES = 20_000
"""Of one workflow."""
MAX_CLIENTS = 10
"""How many clients may fill their part of the queue."""
MAX_OPEN = 2
"""Pictures open at the same time."""

pictures_key = web.AppKey("pictures", asyncio.Semaphore)


class BadPicture(Exception):
    """A file that is not opened as a picture; the text says why."""


def bounded(settings: Settings) -> Middleware:
    """The middleware that refuses a body by its length, before any of it is read."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        length = request.content_length
        if length is None or length <= settings.max_upload_bytes:
            return await handler(request)
        response = too_large(settings, f"the body has {length} bytes")
        response.force_close()  # what follows is not the next request
        return response

    return check


def too_large(settings: Settings, details: str) -> web.Response:
    """The answer to a body beyond the limit."""
    message = f"Request bodies may have {settings.max_upload_bytes} bytes (--max-upload-size)"
    return complaint("too_large", message, details, status=413)


def check_size(workflow: Mapping[str, Any]) -> None:
    """Raises NotAWorkflow for an API workflow of too many nodes."""
    if len(workflow) > MAX_NODES:
        raise NotAWorkflow(f"the workflow has {len(workflow)} nodes, more than {MAX_NODES}")


async def check_room(queue: JobQueue, settings: Settings, client_id: str | None) -> None:
    """Whether one more job of this client may wait; jobs without client count together. Raises QueueFull.

    A client may call itself differently each time, so that all together are bounded, too.
    """
    limit, waiting = settings.max_pending_per_client, await queue.remaining()
    if waiting >= limit * MAX_CLIENTS:
        raise QueueFull(f"{waiting} jobs wait, which is all that may")
    if waiting >= limit and await queue.pending_of(client_id) >= limit:
        raise QueueFull(f"{limit} jobs of this client wait, which is all that may (--max-queue)")
