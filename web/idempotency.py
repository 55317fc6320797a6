"""``Idempotency-Key``: a request that is sent again, because its answer was lost, is not taken twice.

After draft-ietf-httpapi-idempotency-key-header-07. A key is good as long as the job that came of it is kept; a request
that was refused leaves none behind.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from pydantic import Field

from engine.jobs import Ticket
from engine.workflow import parse
from web.shapes import Shape
from web.users.people import HEADER as USER
from web.users.people import people_key

NAME = "Idempotency-Key"
BARE = r"[!#-~]{1,255}"
QUOTED = r'"([ !#-\[\]-~]|\\["\\]){1,255}"'
"""A string as structured fields have it (RFC 8941)."""
PATTERN = f"^({BARE}|{QUOTED})$"


class KeyHeader(Shape):
    """``Idempotency-Key``: a name made up for this request, such as a UUID. If it is sent again under the same name,
    the job that the first one made is answered."""

    idempotency_key: str | None = Field(default=None, alias="Idempotency-Key", json_schema_extra={"pattern": PATTERN})


class BadKey(Exception):
    """What is no key; the text says why."""


class KeyBusy(Exception):
    """A request with this key is being taken in."""


taking_in_key: web.AppKey[set[str]] = web.AppKey("keys of requests being taken in", set)


@asynccontextmanager
async def taking_in(request: web.Request) -> AsyncIterator[Ticket | None]:
    """The ticket of a request that has a key; only one with the same key is within at a time. Raises BadKey, KeyBusy,
    NotAWorkflow."""
    if (ticket := await _ticket(request)) is None:
        yield None
        return
    busy = request.app[taking_in_key]
    if ticket.key in busy:
        raise KeyBusy("a request with this key is just being taken in; ask again in a moment")
    busy.add(ticket.key)
    try:
        yield ticket
    finally:
        busy.remove(ticket.key)


async def _ticket(request: web.Request) -> Ticket | None:
    """Keys of different users are different. What is asked for is the same if path and JSON are."""
    given = request.headers.getall(NAME, [])
    if not given:
        return None
    if len(given) > 1 or not re.fullmatch(PATTERN, given[0]):
        raise BadKey(f"{NAME} is 1 to 255 visible characters, bare or in double quotes, got {', '.join(given)[:80]!r}")
    key = re.sub(r'\\(["\\])', r"\1", given[0][1:-1]) if given[0].startswith('"') else given[0]
    user = request.headers.get(USER, "") if request.app[people_key].multi_user else ""
    asked = json.dumps([request.path.removeprefix("/api"), parse(await request.read())], sort_keys=True)
    return Ticket(json.dumps([user, key]), hashlib.sha256(asked.encode()).hexdigest())
