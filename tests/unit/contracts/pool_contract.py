"""What every pool does, wherever it runs jobs."""

import math
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from engine.differences import Difference, NodeName, ValueChange
from engine.errors import InvalidWorkflow, NotAWorkflow
from engine.events import (
    Event,
    NodeFinished,
    NodePreview,
    NodeProgress,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunStarted,
)
from engine.jobs import Job
from engine.lock import Lock, LockedNode
from engine.pool import WorkerPool
from tests.support.toy_worker import toys
from tests.support.toys import api

SHOW = api(o=("Show", {"value": 1, "style": "plain"}))
PATIENT = api(p=("Patient", {"steps": 1000}), o=("Show", {"value": ["p", 0], "style": "plain"}))


def job(document: dict[str, Any], **more: Any) -> Job:
    return Job(document, (), **more)


async def events_of(pool: WorkerPool, document: dict[str, Any]) -> list[Event]:
    return [event async for event in pool.run(job(document))]


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


class PoolContract:
    """``make`` builds one that has the nodes of ``tests.support.toy_worker``."""

    def make(self) -> WorkerPool:
        raise NotImplementedError

    @pytest.fixture
    async def pool(self) -> AsyncIterator[WorkerPool]:
        made = self.make()
        yield made
        await made.close()

    async def test_it_can_be_waited_for(self, pool: WorkerPool) -> None:
        await pool.load()
        assert await pool.describe()

    async def test_it_describes_the_node_types(self, pool: WorkerPool) -> None:
        infos = {info.name: info for info in await pool.describe()}
        expected = {info.name: info for info in toys().describe()}
        assert infos.keys() == expected.keys()
        for name in ("Show", "Add", "Range", "Choose"):
            assert infos[name].outputs == expected[name].outputs
            assert infos[name].inputs == {**expected[name].inputs}
        assert await pool.replacements() == {}

    async def test_a_workflow_is_checked(self, pool: WorkerPool) -> None:
        checked = await pool.plan({**SHOW, **api(bad=("Show", {"value": 1, "style": "soft"}))})
        assert checked.targets == ("o",)
        assert checked.prompt["o"]["inputs"] == {"value": 1, "style": "plain"}
        (problem,) = checked.rejected["bad"].errors
        assert checked.rejected["bad"].class_type == "Show"
        assert problem.extra_info["input_name"] == "style"
        assert (await pool.plan({**SHOW, **api(p=("Offer", {"word": "x"}))}, only=["p"])).targets == ("p",)

    async def test_what_cannot_run_is_refused_as_ever(self, pool: WorkerPool) -> None:
        with pytest.raises(InvalidWorkflow) as refused:
            await pool.plan(api(o=("Show", {"value": 1, "style": "soft"})))
        assert refused.value.problem.type == "prompt_outputs_failed_validation"
        assert refused.value.node_problems["o"].dependent_outputs == ("o",)
        with pytest.raises(NotAWorkflow):
            await pool.lower({"nodes": 1, "links": 2})
        assert await pool.lower(SHOW) == SHOW

    async def test_it_tells_the_difference_of_two_workflows(self, pool: WorkerPool) -> None:
        other = api(o=("Show", {"value": 2, "style": "plain"}), n=("Patient", {"steps": 1}))
        found = await pool.diff(SHOW, other)
        shown = NodeName("o", "o", "Show")
        assert found == Difference(
            only_b=(NodeName(None, "n", "Patient"),), values=(ValueChange(shown, "value", 1, 2),)
        )
        with pytest.raises(NotAWorkflow, match=r"^b: "):
            await pool.diff(SHOW, {"nodes": 1})

    async def test_what_a_lock_names_is_compared_with_what_is_here(self, pool: WorkerPool) -> None:
        lock = Lock(format=1, engine="0", node="o", nodes={"Nowhere": LockedNode(version="1")})
        found = await pool.recognise(lock.model_dump(mode="json"), SHOW)
        assert found.prompt == SHOW
        told = {each.name: each.status for each in found.comparison.items}
        assert told == {"wireloom": "different", "Nowhere": "missing"}

    async def test_a_job_that_runs_aside_uses_nothing_remembered_and_leaves_nothing(self, pool: WorkerPool) -> None:
        for extra_data in ({"aside": True}, {}, {"aside": True}):
            started, *_ = [event async for event in pool.run(job(SHOW, extra_data=extra_data))]
            assert isinstance(started, RunStarted)
            assert not started.cached

    async def test_a_job_tells_what_happens(self, pool: WorkerPool) -> None:
        started, *between, ended = await events_of(pool, SHOW)
        assert isinstance(started, RunStarted)
        assert isinstance(ended, RunFinished)
        (finished,) = [event for event in between if isinstance(event, NodeFinished)]
        assert (finished.node.id, finished.how, finished.is_output) == ("o", "ran", True)
        assert finished.ui == {"text": ["1"]}
        assert started.at_ms <= finished.at_ms <= ended.at_ms

    async def test_a_result_is_remembered(self, pool: WorkerPool) -> None:
        await events_of(pool, SHOW)
        started, *_ = await events_of(pool, SHOW)
        assert isinstance(started, RunStarted)
        assert started.cached == ("o",)
        await pool.free(models=True, cache=True)
        started, *_ = await events_of(pool, SHOW)
        assert isinstance(started, RunStarted)
        assert not started.cached

    async def test_a_failure_is_told_as_data(self, pool: WorkerPool) -> None:
        document = api(b=("Boom", {"value": 1}), o=("Show", {"value": ["b", 0], "style": "plain"}))
        *_, failed = await events_of(pool, document)
        assert isinstance(failed, RunFailed)
        assert (failed.failure.node_id, failed.failure.message) == ("b", "boom 1")
        assert failed.failure.exception_type == "ValueError"
        assert failed.failure.inputs == {"value": [1]}

    async def test_bytes_arrive_as_they_were(self, pool: WorkerPool) -> None:
        (preview,) = [e for e in await events_of(pool, api(p=("Picture", {}))) if isinstance(e, NodePreview)]
        assert (preview.media_type, preview.data) == ("image/png", bytes(range(256)))

    async def test_whatever_a_node_shows_is_told(self, pool: WorkerPool) -> None:
        events = await events_of(pool, api(s=("Strange", {})))
        assert kinds(events)[-1] == "RunFinished"
        (finished,) = [event for event in events if isinstance(event, NodeFinished)]
        assert finished.ui
        (shown,) = finished.ui["shown"]
        assert math.isnan(shown["nan"])
        assert shown["far"] == math.inf
        assert shown["half"] == "\ud800"
        assert set(shown["set"]) == {1, 2}

    async def test_an_interrupt_names_the_node(self, pool: WorkerPool) -> None:
        patient, last = job(PATIENT), None
        assert not await pool.cancel(patient.id)
        async for event in pool.run(patient):
            last = event
            if isinstance(event, NodeProgress):
                assert await pool.cancel(patient.id)
        assert isinstance(last, RunCancelled)
        assert (last.node_id, last.node_type) == ("p", "Patient")
        assert not await pool.cancel(patient.id)

    async def test_leaving_a_job_in_the_middle_stops_it(self, pool: WorkerPool) -> None:
        patient = job(PATIENT)
        async with aclosing(pool.run(patient)) as events:  # type: ignore[type-var]
            async for event in events:
                if isinstance(event, NodeProgress):
                    break
        assert not await pool.cancel(patient.id)
        assert kinds(await events_of(pool, SHOW))[-1] == "RunFinished"

    async def test_what_is_in_memory_is_told(self, pool: WorkerPool) -> None:
        await events_of(pool, SHOW)
        memory = await pool.memory()
        assert 0 < memory.machine.resident_bytes < memory.machine.limit_bytes
        (remembered,) = memory.remembered
        assert (remembered.tier, remembered.entries) == ("memory", 1)
        await pool.free(models=True, cache=True)
        assert [each.entries for each in (await pool.memory()).remembered] == [0]

    async def test_an_unknown_job_is_not_explained(self, pool: WorkerPool) -> None:
        assert await pool.explain("nobody") is None
