"""How events become numbers."""

from __future__ import annotations

import asyncio
import os
import sqlite3

import pytest
from prometheus_client import CollectorRegistry

from engine.events import (
    Event,
    JobDone,
    JobQueued,
    JobRemoved,
    JobTaken,
    NodeFailure,
    NodeFinished,
    NodeProgress,
    RunCancelled,
    RunFailed,
    RunFinished,
)
from engine.graph import NodeRef
from tests.unit.web.conftest import FakePool, Server
from web.metrics.following import Following
from web.metrics.lag import EVERY_S, WORST_OF_S, Lag
from web.metrics.meters import MOST_NAMES, OTHER, Meters, Names, meters_key
from web.metrics.worker import watch_worker


def ref(node_id: str = "1", kind: str = "KSampler") -> NodeRef:
    return NodeRef(node_id, node_id, None, node_id, kind)


def progress(*values: float, job_id: str = "j", node: NodeRef | None = None) -> list[Event]:
    return [NodeProgress(job_id, node or ref(), value, 20) for value in values]


class Counted:
    """What a server's meters say after these events."""

    def __init__(self, *events: Event) -> None:
        self.meters = Meters()
        following = Following(self.meters)
        for event in events:
            following.count(event)

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.meters.registry.get_sample_value(f"wireloom_{name}", labels)

    def steps(self) -> float | None:
        return self("node_steps_total", node_type="KSampler")


TAKEN = JobTaken("j", attempt=1)
AGAIN = JobTaken("j", attempt=2)
FINISHED = NodeFinished("j", ref(), how="ran", seconds=2.0)


def test_steps_are_counted_by_how_far_a_node_has_come() -> None:
    assert Counted(TAKEN, *progress(1, 2, 3)).steps() == 3
    assert Counted(TAKEN, *progress(1, 20)).steps() == 20  # what lies between was overtaken
    assert Counted(TAKEN, *progress(1, 2, 3, 1, 2)).steps() == 5  # its next call
    assert Counted(TAKEN, *progress(1, 2), FINISHED, *progress(1)).steps() == 3
    assert Counted(TAKEN, *progress(1, 1, node=ref("2")), *progress(2)).steps() == 3  # two nodes of one type


def test_steps_of_an_earlier_attempt_are_not_counted_again() -> None:
    assert Counted(TAKEN, *progress(1, 2, 3), AGAIN, *progress(4, 5)).steps() == 5  # from a checkpoint
    assert Counted(TAKEN, *progress(1, 2, 3), AGAIN, *progress(1, 2)).steps() == 5  # from the beginning


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.0])
def test_progress_that_is_no_step_is_not_counted(value: float) -> None:
    assert Counted(TAKEN, *progress(value)).steps() is None


def test_progress_after_the_end_counts_nothing() -> None:
    assert Counted(TAKEN, RunFinished("j"), JobDone("j"), *progress(1)).steps() is None


def test_each_job_is_counted_by_how_it_ended() -> None:
    failure = RunFailed("f", NodeFailure("1", "KSampler", "no", "ValueError"))
    events: list[Event] = [
        *(JobTaken("s"), RunFinished("s"), JobDone("s")),
        *(JobTaken("f"), failure, JobDone("f")),
        *(JobTaken("c"), RunCancelled("c"), JobDone("c")),
        *(JobQueued("w"), JobDone("w")),  # cancelled while it waited, and kept
        *(JobTaken("r"), JobDone("r")),  # so was this, after its worker had died
        *(JobQueued("x"), JobRemoved("x")),
    ]
    counted = Counted(*events)
    outcomes = ("succeeded", "failed", "cancelled", "removed")
    assert [counted("jobs_ended_total", outcome=each) for each in outcomes] == [1, 1, 3, 1]


def test_times_of_a_job_are_those_of_its_events() -> None:
    counted = Counted(
        JobQueued("j", at_ms=1000),
        JobTaken("j", attempt=1, at_ms=3000),
        JobTaken("j", attempt=2, at_ms=9000),
        RunFinished("j", at_ms=13000),
        JobDone("j"),
    )
    assert (counted("job_waiting_seconds_sum"), counted("job_waiting_seconds_count")) == (2, 1)
    assert (counted("job_running_seconds_sum"), counted("job_running_seconds_count")) == (4, 1)


def test_only_nodes_that_ran_have_seconds() -> None:
    counted = Counted(TAKEN, FINISHED, NodeFinished("j", ref("2"), cached=True, how="disk"))
    assert counted("node_seconds_sum", node_type="KSampler") == 2
    assert counted("node_seconds_count", node_type="KSampler") == 1
    assert [counted("node_results_total", how=how) for how in ("ran", "disk", "memory")] == [1, 1, 0]


def test_a_job_that_ended_leaves_nothing_behind() -> None:
    following = Following(Meters())
    for event in (JobQueued("j"), TAKEN, *progress(1), RunFinished("j"), JobDone("j"), JobQueued("k"), JobRemoved("k")):
        following.count(event)
    assert (following._queued, following._running) == ({}, {})


def test_a_label_has_a_limited_number_of_values() -> None:
    counted = Counted(*(NodeFinished("j", ref("1", f"T{i}"), how="ran") for i in range(MOST_NAMES + 100)))
    (family,) = (each for each in counted.meters.registry.collect() if each.name == "wireloom_node_seconds")
    assert len({sample.labels["node_type"] for sample in family.samples}) == MOST_NAMES + 1
    assert counted("node_seconds_count", node_type=OTHER) == 100


def test_names_that_are_known_stay_told_apart() -> None:
    names = Names(2)
    assert [names.of(name) for name in ("a", "b", "c", "a", "")] == ["a", "b", OTHER, "a", OTHER]


async def test_the_worst_lag_is_that_of_the_last_minute() -> None:
    meters = Meters()
    lag = Lag(meters)
    lag.note(3.0)
    worst = "wireloom_event_loop_lag_max_seconds"
    assert meters.registry.get_sample_value(worst) == 3
    for _ in range(round(WORST_OF_S / EVERY_S)):
        lag.note(0.25)
    assert meters.registry.get_sample_value(worst) == 0.25
    assert meters.registry.get_sample_value("wireloom_event_loop_lag_seconds_bucket", {"le": "0.3"}) == 120


async def test_the_ledger_is_told_and_a_worker_that_does_not_answer_hides_no_other_figure(
    server: Server, pool: FakePool
) -> None:
    async with server.get("/metrics") as response:
        text = await response.text()
    assert 'wireloom_memory_bytes{kind="remembered"} 300.0' in text
    assert 'wireloom_memory_bytes{kind="weights"} 0.0' in text
    assert "wireloom_memory_limit_bytes 10000.0" in text
    pool.ready.clear()
    async with server.get("/metrics") as response:
        text = await response.text()
    assert "wireloom_memory_bytes{" not in text
    assert "wireloom_memory_limit_bytes NaN" in text
    assert "wireloom_queue_age_seconds" in text


class PoolWithWorker(FakePool):
    restarts = 3
    worker_pid: int | None = os.getpid()


async def test_a_worker_is_watched_if_there_is_one() -> None:
    registry, pool = CollectorRegistry(), PoolWithWorker()
    watch_worker(registry, pool)
    memory = "wireloom_worker_process_resident_memory_bytes"
    assert registry.get_sample_value("wireloom_worker_restarts_total") == 3
    assert (registry.get_sample_value(memory) or 0) > 1e6
    pool.worker_pid = None
    assert registry.get_sample_value(memory) is None
    alone = CollectorRegistry()
    watch_worker(alone, FakePool())
    assert list(alone.collect()) == []


async def test_two_servers_in_one_process_count_for_themselves(server: Server) -> None:
    assert server.app
    server.app[meters_key].jobs_ended.labels("failed").inc()
    assert Meters().registry.get_sample_value("wireloom_jobs_ended_total", {"outcome": "failed"}) == 0


async def test_those_who_ask_at_the_same_time_see_whole_answers(server: Server) -> None:
    async def ask() -> str:
        async with server.get("/metrics") as response:
            return await response.text()

    answers = await asyncio.gather(*(ask() for _ in range(8)))
    assert all("wireloom_queue_age_seconds 0.0" in text for text in answers)


async def test_a_queue_that_cannot_be_counted_hides_no_other_figure(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(db: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("engine.jobs_sqlite.census", broken)
    async with server.get("/metrics") as response:
        text = await response.text()
    assert "wireloom_queue_age_seconds NaN" in text
    assert "wireloom_jobs{" not in text
    assert "process_resident_memory_bytes" in text
