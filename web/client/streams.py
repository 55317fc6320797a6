"""The events of a job, over connections that may be cut."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from web.client.errors import CannotReach, refused
from web.v1.schemas import ENDED, JobView

SILENCE_S = 60.0
"""The server gives signs of life more often."""
TRIES, FIRST_PAUSE_S, LONGEST_PAUSE_S = 10, 0.2, 5.0
"""How often a cut stream is taken up again without any event between, and the pauses before."""
GLANCE_S = 2.0
"""How often to look at the clock while nothing happens, if there is a limit."""


@dataclass(frozen=True)
class JobEvent:
    """Something that happened in a job. With its ``id`` a stream goes on after it."""

    id: str
    type: str
    data: dict[str, Any]

    @property
    def job(self) -> JobView | None:
        """The job that has ended, if this is the last event; else None."""
        return JobView.model_validate(self.data) if self.type in ENDED else None


def follow(http: httpx2.Client, path: str, after: str | None, within: float | None) -> Iterator[JobEvent]:
    """The events behind ``path`` to the last one, or for ``within`` seconds. Raises CannotReach, ServerRefused."""
    until = None if within is None else time.monotonic() + within
    failures = 0
    while until is None or time.monotonic() < until:
        silence_s = SILENCE_S if until is None else min(GLANCE_S, max(until - time.monotonic(), 0.01))
        try:
            for event in _connection(http, path, after, silence_s):
                if event is None:
                    return
                after, failures = event.id, 0
                yield event
                if event.type in ENDED:
                    return
            cut, failures = "the server closed the line", failures + 1
        except httpx2.ReadTimeout:
            cut, failures = f"nothing came for {silence_s:g} s", failures + (until is None)
        except httpx2.TransportError as error:
            cut, failures = str(error), failures + 1
        if failures >= TRIES:
            raise CannotReach(f"{http.base_url}: the stream of events was cut: {cut}")
        if failures:
            time.sleep(min(FIRST_PAUSE_S * 2 ** (failures - 1), LONGEST_PAUSE_S))


def _connection(http: httpx2.Client, path: str, after: str | None, silence_s: float) -> Iterator[JobEvent | None]:
    """The events that one connection brings; None if ``after`` was the last of all."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after is not None else {})
    limit = httpx2.Timeout(SILENCE_S, read=silence_s)
    with http.stream("GET", path, headers=headers, timeout=limit) as answer:
        if answer.status_code == httpx2.codes.NO_CONTENT:
            yield None
            return
        if answer.status_code != httpx2.codes.OK:
            answer.read()
            raise refused(answer)
        for event in httpx2.EventSource(answer):
            if event.data:
                yield JobEvent(event.id, event.event, json.loads(event.data))
