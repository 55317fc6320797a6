"""Disks without room."""

from collections.abc import Iterator
from contextlib import contextmanager

from engine.jobs_file import value
from engine.jobs_sqlite import SqliteQueue

NO_LIMIT = 2**30


@contextmanager
def full(queue: SqliteQueue) -> Iterator[None]:
    """A disk on which the file of an open queue cannot grow."""
    assert queue._db
    queue._db.execute(f"PRAGMA max_page_count = {value(queue._db, 'PRAGMA page_count')}")
    yield
    queue._db.execute(f"PRAGMA max_page_count = {NO_LIMIT}")
