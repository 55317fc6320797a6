"""Server-sent events, as a client reads them: from the stream as it comes, cut off anywhere."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp.test_utils import TestClient


@dataclass(frozen=True)
class Told:
    """One event; ``id`` is None for one that cannot be resumed from."""

    id: str | None
    name: str
    data: Any


def parse(block: str) -> Told | None:
    """The event in a block of lines; None for a comment."""
    fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
    return Told(fields.get("id"), fields["event"], json.loads(fields["data"])) if fields else None


async def read(
    client: TestClient[Any, Any], job_id: str, last: str | None = None, query: str = "", cut_after: int | None = None
) -> list[Told]:
    """The events of a job after ``last``; with ``cut_after`` the line is cut after so many bytes, amid an event."""
    return [told async for told in follow(client, job_id, last, query, cut_after)]


async def follow(
    client: TestClient[Any, Any], job_id: str, last: str | None = None, query: str = "", cut_after: int | None = None
) -> AsyncIterator[Told]:
    headers = {"Last-Event-ID": last} if last else {}
    async with client.get(f"/v1/jobs/{job_id}/events{query}", headers=headers) as response:
        assert response.status in (200, 204), await response.text()
        if response.status == 204:
            return
        assert response.content_type == "text/event-stream"
        waiting, received = "", 0
        async for piece in response.content.iter_any():
            if cut_after is not None:
                piece = piece[: max(0, cut_after - received)]
            received += len(piece)
            waiting += piece.decode()
            while "\n\n" in waiting:
                block, _, waiting = waiting.partition("\n\n")
                if told := parse(block):
                    yield told
            if cut_after is not None and received >= cut_after:
                response.close()
                return
