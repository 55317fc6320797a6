"""The log of a job's events: what it keeps, what it thins out, and what each reader gets of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events import (
    Event,
    JobDone,
    JobQueued,
    JobRemoved,
    JobTaken,
    NodeFinished,
    NodeNote,
    NodePreview,
    NodeProgress,
    NodeStarted,
    RunFinished,
)
from engine.graph import NodeRef
from tests.conformance.sse import Told, parse
from web.v1.log import EventLog
from web.v1.pacing import SELDOM_S
from web.v1.reading import Cursor, Reader, read_cursor

A, B = NodeRef("a", "a", None, "a"), NodeRef("b", "b", None, "b")


def written(log: EventLog, events: Iterable[Event]) -> EventLog:
    for event in events:
        log.take(event)
    return log


def told(log: EventLog, after: Cursor | None = None, job_id: str = "job") -> list[Told]:
    with log.following(job_id) as job:
        return events(Reader(job, after).take())


def events(data: bytes) -> list[Told]:
    return [found for block in data.decode().split("\n\n") if (found := parse(block))]


def progress(count: int, node: NodeRef = A) -> list[Event]:
    return [NodeProgress("job", node, done, count) for done in range(1, count + 1)]


async def test_progress_is_thinned_out_and_the_last_of_it_never_lost() -> None:
    log = written(EventLog(), [JobTaken("job"), *progress(1000), *progress(500, B), NodeFinished("job", A)])
    heard = told(log)
    assert [(event.name, event.data.get("node_id"), event.data.get("value")) for event in heard] == [
        ("started", None, None),
        ("progress", "a", 1),
        ("progress", "b", 1),
        ("progress", "a", 1000),
        ("node_finished", "a", None),
    ]
    await asyncio.sleep(2 * SELDOM_S)
    assert [event.data["value"] for event in told(log)[len(heard) :]] == [500]


async def test_a_note_on_how_a_result_came_about_is_told() -> None:
    log = written(EventLog(), [JobTaken("job"), NodeNote("job", A, "out of memory: in tiles"), NodeFinished("job", A)])
    assert [(event.name, event.data.get("text")) for event in told(log)][1] == ("note", "out of memory: in tiles")


async def test_what_is_held_back_at_the_end_of_a_run_is_told_before_it() -> None:
    log = written(EventLog(), [JobTaken("job"), *progress(3), RunFinished("job"), JobDone("job")])
    assert [event.data.get("value") for event in told(log)] == [None, 1, 3]


async def test_a_job_taken_up_again_is_told_from_its_beginning() -> None:
    log = written(EventLog(), [JobTaken("job"), NodeStarted("job", A), *progress(2)])
    with log.following("job") as job:
        reader = Reader(job)
        assert [event.id for event in events(reader.take())] == ["1-1", "1-2", "1-3"]
        written(log, [JobTaken("job", attempt=2), NodeStarted("job", B)])
        assert [(event.id, event.name) for event in events(reader.take())] == [
            ("2-1", "started"),
            ("2-2", "node_started"),
        ]
    await asyncio.sleep(2 * SELDOM_S)
    assert len(told(log)) == 2  # progress of the former attempt that was held back is gone with it
    assert [event.id for event in told(log, Cursor(1, 2))] == ["2-1", "2-2"]


async def test_another_job_under_the_same_id_has_a_log_of_its_own() -> None:
    log = written(EventLog(), [JobTaken("job"), NodeStarted("job", A), JobDone("job"), JobQueued("job")])
    with log.following("job") as job:
        assert (job.settled, job.attempt, Reader(job).take()) == (False, 0, b"")


async def test_old_logs_go_when_the_budget_is_used_up() -> None:
    log = EventLog(budget_bytes=20_000)
    for number in range(50):
        job_id = f"job{number}"
        written(log, [JobTaken(job_id), *(NodeStarted(job_id, A) for _ in range(5)), JobDone(job_id)])
    assert [len(told(log, job_id=f"job{number}")) for number in (0, 49)] == [0, 6]
    assert log._size <= 20_000


async def test_a_log_that_is_too_large_by_itself_says_how_much_is_missing() -> None:
    log = written(EventLog(budget_bytes=20_000), [JobTaken("job"), *(NodeStarted("job", A) for _ in range(999))])
    heard = told(log)
    assert heard[0].name == "gap"
    assert heard[0].data["missed"] + len(heard) - 1 == 1000
    last = heard[0].id
    assert last
    assert told(log, read_cursor(last)) == heard[1:]


async def test_a_reader_gets_the_newest_preview_of_each_node_and_no_other() -> None:
    log = written(EventLog(), [JobTaken("job")])
    with log.following("job") as job:
        eager, late, without = Reader(job, previews=True), Reader(job, previews=True), Reader(job)
        pictures = [NodePreview("job", A, "image/png", bytes([n])) for n in range(3)]
        written(log, pictures[:1])
        assert [event.name for event in events(eager.take())] == ["started", "preview"]
        written(log, [*pictures[1:], NodePreview("job", B, "image/png", b"b")])
        assert [event.data["node_id"] for event in events(eager.take())] == ["a", "b"]
        assert [event.name for event in events(late.take())] == ["started", "preview", "preview"]
        assert [event.name for event in events(without.take())] == ["started"]
        assert eager.take() == b""


async def test_a_log_of_a_job_that_never_ran_is_not_kept() -> None:
    log = EventLog()
    with log.following("job") as job, log.following("job") as same:
        assert job is same
        written(log, [JobRemoved("job")])
        assert job.removed
    assert log._jobs == {}


@pytest.mark.parametrize("text", ["", "1", "a-1", "1-", "1-two", "-1-1", "1-1 ", "1" * 10 + "-1", "١-١"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no id of an event"):
        read_cursor(text)


@given(st.lists(st.sampled_from(["a", "b", "finish", "progress"]), max_size=40), st.lists(st.integers(0, 40)))
def test_resumed_anywhere_a_reader_gets_each_event_once(kinds: list[str], cuts: list[int]) -> None:
    """Each cut takes what is there and forgets all after so many events of it, as a line that breaks does."""

    async def check() -> None:
        log, heard = written(EventLog(), [JobTaken("job")]), list[Told]()
        parts = iter(cuts)
        for kind in kinds:
            event = {"a": NodeStarted("job", A), "b": NodeStarted("job", B), "finish": NodeFinished("job", A)}
            log.take(event.get(kind) or NodeProgress("job", A, 1, 2))
            after = read_cursor(heard[-1].id or "") if heard else None
            heard += told(log, after)[: next(parts, 0)]
        log.take(JobDone("job"))
        heard += told(log, read_cursor(heard[-1].id or "") if heard else None)
        assert heard == told(log)

    asyncio.run(check())
