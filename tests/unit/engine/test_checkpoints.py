"""What a node stores to go on from is there for the next attempt, and only for the same call on the same inputs."""

import logging
import os
from pathlib import Path

import pytest

from engine.cache import NoCache
from engine.checkpoints import Checkpoints, Stored
from engine.context import Context
from engine.declare import node
from engine.errors import UnsafePath
from engine.events import RunFailed, RunFinished
from engine.jobs import Job
from engine.pool_local import LocalPool
from tests.support.toys import Whole, api, new_lanes, registry

KEY = b"k" * 32


def place(root: Path, *, job: str = "job", node_id: str = "5", call: int = 0, key: bytes = KEY) -> Stored:
    """As a new process would find it."""
    return Checkpoints(root, b"salt").of_call(job, node_id, call, key)


def test_what_was_stored_last_is_there_for_the_next_process(tmp_path: Path) -> None:
    assert place(tmp_path).load() is None
    place(tmp_path).store(b"one")
    place(tmp_path).store(b"two")
    assert place(tmp_path).load() == b"two"
    assert len(list((tmp_path / "job").iterdir())) == 1


def test_dropped_is_gone(tmp_path: Path) -> None:
    stored = place(tmp_path)
    stored.drop()
    stored.store(b"one")
    stored.drop()
    assert stored.load() is None


def test_each_job_node_and_call_has_a_place_of_its_own(tmp_path: Path) -> None:
    places = [place(tmp_path), place(tmp_path, job="two"), place(tmp_path, node_id="6"), place(tmp_path, call=1)]
    places.append(Checkpoints(tmp_path, b"salt").of_deeds("job", "5", 0))
    for i, stored in enumerate(places):
        stored.store(str(i).encode())
    assert [stored.load() for stored in places] == [b"0", b"1", b"2", b"3", b"4"]


def test_other_inputs_and_other_versions_find_nothing(tmp_path: Path) -> None:
    place(tmp_path).store(b"one")
    assert place(tmp_path, key=b"j" * 32).load() is None
    assert Checkpoints(tmp_path, b"other").of_call("job", "5", 0, KEY).load() is None
    assert place(tmp_path).load() == b"one"


def test_deeds_are_found_whatever_the_version(tmp_path: Path) -> None:
    Checkpoints(tmp_path, b"salt").of_deeds("job", "5", 0).store(b"x.png")
    assert Checkpoints(tmp_path, b"other").of_deeds("job", "5", 0).load() == b"x.png"


@pytest.mark.parametrize("kept", [0, 10, 60])
def test_a_damaged_file_counts_as_nothing(tmp_path: Path, kept: int, caplog: pytest.LogCaptureFixture) -> None:
    place(tmp_path).store(b"bytes enough")
    (file,) = (tmp_path / "job").iterdir()
    file.write_bytes(file.read_bytes()[:kept])
    assert place(tmp_path).load() is None
    assert "is not used" in caplog.text


def test_a_job_that_has_ended_leaves_nothing(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "not made yet")
    assert list(checkpoints.jobs()) == []
    checkpoints.of_call("one", "5", 0, KEY).store(b"1")
    checkpoints.of_call("two", "5", 0, KEY).store(b"2")
    checkpoints.forget("one")
    checkpoints.forget("one")
    assert list(checkpoints.jobs()) == ["two"]


@pytest.mark.parametrize("name", ["", ".", "..", "../other", "a/b"])
def test_no_id_leads_elsewhere(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    place(root).store(b"stays")
    Checkpoints(root).forget(name)
    assert place(root).load() == b"stays"
    with pytest.raises(UnsafePath):
        place(root, job=name)


def test_a_full_disk_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "job").write_text("a file where the folder should be")
    checkpoints = Checkpoints(tmp_path, b"salt")
    for _ in range(3):
        checkpoints.of_call("job", "5", 0, KEY).store(b"lost")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    os.unlink(tmp_path / "job")
    checkpoints.of_call("job", "5", 0, KEY).store(b"kept")
    assert place(tmp_path).load() == b"kept"


def test_without_a_root_nothing_is_stored() -> None:
    checkpoints = Checkpoints()
    stored = checkpoints.of_call("job", "5", 0, KEY)
    stored.store(b"one")
    stored.drop()
    checkpoints.forget("job")
    assert stored.load() is None


@node("Count", lane="cpu", is_output=True)
def count(ctx: Context, start: Whole = 0) -> int:
    """Counts on from what is stored; fails each first time, as if its process had died."""
    found = ctx.stored.load()
    if found is None:
        ctx.stored.store(str(start).encode())
        ctx.deeds.store(b"began")
        raise OSError("dies")
    assert ctx.deeds.load() == b"began"
    return int(found) + 1


async def attempt(root: Path, start: int = 0, job_id: str = "job") -> object:
    types = registry(count.definition)
    pool = LocalPool(lambda: types, NoCache(), new_lanes(), checkpoints=Checkpoints(root))
    events = [event async for event in pool.run(Job(api(c=("Count", {"start": start})), ("c",), id=job_id))]
    await pool.close()
    return events[-1]


@node("Shorten", lane="cpu")
def shorten(ctx: Context, value: Whole = 5) -> int:
    ctx.rung("a number was cut", differs=True)
    return value - 1


@node("Keeper", lane="cpu", is_output=True)
def keeper(ctx: Context, value: int) -> int:
    """Stores, then fails; the next time it says what it found."""
    ctx.deeds.store(b"%d" % value)
    found = ctx.stored.load()
    ctx.stored.store(b"%d" % value)
    if value == 5:
        ctx.rung("now this one too", differs=True)
        ctx.stored.store(b"inexact")
    if found is None:
        raise OSError("dies")
    assert found == b"5"
    return value


@pytest.mark.parametrize(("source", "goes_on"), [("Number", True), ("Shorten", False)])
async def test_what_is_not_exact_is_not_stored(tmp_path: Path, source: str, goes_on: bool) -> None:
    """It would be taken up after a death as if there had been memory enough."""
    types = registry(shorten.definition, keeper.definition)
    document = api(n=(source, {"value": 5}), k=("Keeper", {"value": ["n", 0]}))
    ends = []
    for _ in range(2):
        pool = LocalPool(lambda: types, NoCache(), new_lanes(), checkpoints=Checkpoints(tmp_path))
        ends.append([event async for event in pool.run(Job(document, ("k",), id="job"))][-1])
        await pool.close()
    assert [isinstance(end, RunFinished) for end in ends] == [False, goes_on], ends


async def test_a_node_finds_what_it_stored_in_the_attempt_before(tmp_path: Path) -> None:
    assert isinstance(await attempt(tmp_path), RunFailed)
    assert isinstance(await attempt(tmp_path, job_id="other"), RunFailed)
    assert isinstance(await attempt(tmp_path, start=7), RunFailed)
    assert isinstance(await attempt(tmp_path, start=7), RunFinished)
