"""Going through a job's log, from any event on."""

from __future__ import annotations

import re
from typing import NamedTuple

from web.v1.frames import event_data, frame
from web.v1.log import JobLog

CHUNK_BYTES = 256 * 1024
END = -1
CURSOR = re.compile(r"([0-9]{1,9})-([0-9]{1,15}|end)")


class Cursor(NamedTuple):
    """The last event that a reader has: ``number`` counts from 1 within an attempt; ``END`` is the last of all."""

    attempt: int
    number: int

    def __str__(self) -> str:
        return f"{self.attempt}-{'end' if self.number == END else self.number}"


def read_cursor(text: str) -> Cursor:
    """Raises ValueError for what is no id of an event."""
    if not (found := CURSOR.fullmatch(text)):
        raise ValueError(f"{text[:80]!r} is no id of an event: those are like 1-17")
    return Cursor(int(found[1]), END if found[2] == "end" else int(found[2]))


class Reader:
    """A place in a job's log: after an event, or at its beginning. One in a former attempt goes through the new one."""

    def __init__(self, log: JobLog, after: Cursor | None = None, *, previews: bool = False) -> None:
        self._log, self._previews = log, previews
        self._attempt = after.attempt if after else -1
        self._next = after.number + 1 if after and after.number != END else 1
        self._seen = 0

    def take(self) -> bytes:
        """The frames that have come since, or as many as are sent at once; none if there is nothing new."""
        log = self._log
        if self._attempt != log.attempt or self._next > log.last + 1:
            self._attempt, self._next = log.attempt, 1
        taken: list[bytes] = []
        if self._next <= log.missing:
            lost = log.missing + 1 - self._next
            taken.append(frame("gap", {"missed": lost}, str(Cursor(log.attempt, log.missing))))
            self._next = log.missing + 1
        size = 0
        while self._next <= log.last and size < CHUNK_BYTES:
            taken.append(log.frames[self._next - log.missing - 1])
            size += len(taken[-1])
            self._next += 1
        return b"".join([*taken, *self._new_previews()])

    def _new_previews(self) -> list[bytes]:
        if not self._previews or self._seen == self._log.previewed:
            return []
        fresh = [preview for number, preview in self._log.previews.values() if number > self._seen]
        self._seen = self._log.previewed
        return [frame(*event_data(preview)) for preview in fresh]
