"""The queue on a real disk that fills up."""

import contextlib
import itertools
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from engine.errors import DiskFull
from engine.jobs import Job, Outcome
from engine.jobs_sqlite import SqliteQueue

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can mount a disk of its own"),
]

SIZE = 2 * 1024 * 1024
LARGE = "x" * 100_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB, in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", place], check=False).returncode:
        pytest.skip("disks cannot be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.fixture
async def queue(disk: Path) -> AsyncIterator[SqliteQueue]:
    async with SqliteQueue(disk / "queue.sqlite") as queue:
        yield queue


@contextlib.contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Not a byte is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    filler.unlink()


async def put_until_full(queue: SqliteQueue, names: Iterator[str], kept: list[str]) -> None:
    """What the file and its log have taken up already is room, too."""
    for name in names:
        await queue.put(Job({"1": {"class_type": "A", "inputs": {"text": LARGE}}}, (), name))
        kept.append(name)


async def test_jobs_that_find_no_room_leave_the_file_sound_and_find_it_later(disk: Path, queue: SqliteQueue) -> None:
    names, kept = map(str, itertools.count()), list[str]()
    for _ in range(3):
        await queue.put(Job({}, (), name := next(names)))
        kept.append(name)
        with filled(disk), pytest.raises(DiskFull):
            await put_until_full(queue, names, kept)
        assert [job.id for job in await queue.pending()] == kept
        while kept:
            first = await queue.claim()
            await queue.finish(first.id, Outcome("succeeded", 1, 2))
            kept.remove(first.id)
        await queue.forget()
    assert queue._db
    assert queue._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_an_end_that_finds_no_room_is_not_half_written(disk: Path, queue: SqliteQueue) -> None:
    await queue.put(Job({}, (), "a"))
    await queue.claim()
    large = Outcome("succeeded", 1, 2, outputs={"1": {"text": [LARGE * 5]}})
    with filled(disk):
        with pytest.raises(DiskFull):
            await queue.finish("a", large)
        assert [job.id for job in await queue.running()] == ["a"]
        assert await queue.history() == []
    await queue.finish("a", large)
    await queue.close()
    async with SqliteQueue(disk / "queue.sqlite") as again:
        assert [record.outcome for record in await again.history()] == [large]
