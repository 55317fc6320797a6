"""The last lines of the log, for those who look at it from the browser."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

LAST = 300
"""Entries that are kept."""


@dataclass(frozen=True)
class Entry:
    """One message: its local time in ISO form, and its text with a line end."""

    time: str
    text: str


class LogBook(logging.Handler):
    """Keeps the last entries. One listener hears of each, in the thread that logs."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: deque[Entry] = deque(maxlen=LAST)
        self._listener: Callable[[Entry], None] | None = None

    def entries(self) -> list[Entry]:
        """The oldest first."""
        self.acquire()
        try:
            return list(self._entries)
        finally:
            self.release()

    def listen(self, listener: Callable[[Entry], None] | None) -> None:
        """Who hears from now on; after it was replaced, none is still called."""
        self.acquire()
        try:
            self._listener = listener
        finally:
            self.release()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            entry = Entry(datetime.fromtimestamp(record.created).isoformat(), self.format(record) + "\n")
            self._entries.append(entry)
            if self._listener:
                self._listener(entry)
        except Exception:
            self.handleError(record)


@contextmanager
def kept_log(form: str) -> Iterator[LogBook]:
    """A book that keeps what any logger of this process says meanwhile, in this form."""
    book, root = LogBook(), logging.getLogger()
    book.setFormatter(logging.Formatter(form))
    root.addHandler(book)
    try:
        yield book
    finally:
        root.removeHandler(book)
