"""Whatever happens to the queue, and whenever its process is killed: no job is lost, and none is there twice."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine import jobs_tables
from engine.errors import DuplicateJob
from engine.jobs import Entry, Job, State
from engine.jobs_sqlite import SqliteQueue
from engine.jobs_tables import DEATHS
from tests.unit.contracts.queue_contract import outcome

T = TypeVar("T")

IDS = st.sampled_from("abcdef")
ORPHANED = 2
"""So few deaths of the process that this is seen, too."""
MEMORY = Path("/dev/shm")
"""Where files are in memory, on Linux: a process that is killed leaves there what it leaves on a disk."""


@dataclass
class Expected:
    """What should be known of a job."""

    number: float
    arrival: int
    state: State = "pending"
    attempts: int = 0
    deaths: int = 0
    orphaned: int = 0


class Lives(RuleBasedStateMachine):
    """A queue in a file, and beside it what should be in it."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(jobs_tables, "ORPHANED", ORPHANED)
        self.loop = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.lives, self.arrivals, self.counter = 0, 0, 0
        self.jobs: dict[str, Expected] = {}
        self.ended: list[str] = []  # as history has it

    def teardown(self) -> None:
        self.do(self.queue.close())
        self.loop.close()
        shutil.rmtree(self.folder)
        self.patch.undo()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    @property
    def file(self) -> Path:
        return self.folder / f"{self.lives}.sqlite"

    @initialize()
    def begin(self) -> None:
        self.queue = self.do(SqliteQueue(self.file).open())

    def in_state(self, state: State) -> list[str]:
        """The ids of these jobs, as they run."""
        found = [(job.number, job.arrival, job_id) for job_id, job in self.jobs.items() if job.state == state]
        return [job_id for _, _, job_id in sorted(found)]

    def end(self, job_id: str, state: State) -> None:
        self.jobs[job_id].state = state
        self.ended.append(job_id)

    @rule(job_id=IDS, front=st.booleans(), number=st.none() | st.integers(-2, 2))
    def put(self, job_id: str, front: bool, number: int | None) -> None:
        known = self.jobs.get(job_id)
        try:
            put = self.do(self.queue.put(Job({}, (), job_id), front=front, number=number))
        except DuplicateJob:
            assert known is not None
            assert known.state in ("pending", "running")
            return
        assert known is None or known.state not in ("pending", "running")
        expected: float = -self.counter if front else self.counter
        if number is None:
            self.counter += 1
        assert put.number == (expected if number is None else number)
        if known:
            self.ended.remove(job_id)
        self.arrivals += 1
        self.jobs[job_id] = Expected(put.number, self.arrivals)

    @precondition(lambda self: self.in_state("pending"))
    @rule()
    def claim(self) -> None:
        self.check_claimed(self.do(self.queue.claim()))

    @precondition(lambda self: self.in_state("pending"))
    @rule(patience=st.integers(0, 40))
    def claim_and_think_better_of_it(self, patience: int) -> None:
        """What was claimed by then is given back: what can be done next must not depend on threads' speed."""
        claimed = self.do(self.cut_off(patience))
        if claimed:
            self.check_claimed(claimed)
            self.do(self.queue.release(claimed.id))
            self.jobs[claimed.id].state = "pending"

    def check_claimed(self, claimed: Job) -> None:
        assert claimed.id == self.in_state("pending")[0]
        job = self.jobs[claimed.id]
        job.state, job.attempts = "running", job.attempts + 1
        assert (claimed.attempts, claimed.deaths) == (job.attempts, job.deaths)

    async def cut_off(self, patience: int) -> Job | None:
        """Ask for a job, and think better of it."""
        claim = asyncio.ensure_future(self.queue.claim())
        for _ in range(patience):
            await asyncio.sleep(0)
        claim.cancel()
        await asyncio.wait([claim])
        return None if claim.cancelled() else claim.result()

    @precondition(lambda self: self.in_state("running"))
    @rule(data=st.data(), status=st.sampled_from(["succeeded", "failed", "cancelled"]))
    def finish(self, data: st.DataObject, status: Any) -> None:
        job_id = data.draw(st.sampled_from(self.in_state("running")))
        self.do(self.queue.finish(job_id, outcome(status)))
        self.end(job_id, status)

    @precondition(lambda self: self.in_state("running"))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(self.in_state("running")))
        self.do(self.queue.release(job_id))
        self.jobs[job_id].state = "pending"

    @precondition(lambda self: self.in_state("running"))
    @rule(data=st.data())
    def died(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(self.in_state("running")))
        job = self.jobs[job_id]
        job.deaths += 1
        assert self.do(self.queue.died(job_id, outcome("failed"))) is (job.deaths == DEATHS)
        job.state = "pending"
        if job.deaths == DEATHS:
            self.end(job_id, "failed")

    @rule(job_ids=st.none() | st.sets(IDS, max_size=3), keep=st.booleans())
    def cancel(self, job_ids: set[str] | None, keep: bool) -> None:
        removed = self.do(self.queue.cancel(job_ids, keep=keep))
        pending = set(self.in_state("pending"))
        assert removed == (pending if job_ids is None else pending & job_ids)
        for job_id in sorted(removed):
            if keep:
                self.end(job_id, "cancelled")
            else:
                del self.jobs[job_id]

    @rule(job_ids=st.none() | st.sets(IDS, max_size=3))
    def forget(self, job_ids: set[str] | None) -> None:
        self.do(self.queue.forget(job_ids))
        for job_id in [each for each in self.ended if job_ids is None or each in job_ids]:
            self.ended.remove(job_id)
            del self.jobs[job_id]

    @rule(killed=st.booleans())
    def open_again(self, killed: bool) -> None:
        """The process ends, or is killed: then its files are as they were at that moment."""
        before = self.file
        if not killed:
            self.do(self.queue.close())
        self.lives += 1
        for file in self.folder.glob(f"{before.name}*"):
            shutil.copy(file, self.folder / file.name.replace(before.name, self.file.name))
        if killed:
            self.do(self.queue.close())
        self.queue = self.do(SqliteQueue(self.file).open())
        for job_id in self.in_state("running"):
            job = self.jobs[job_id]
            job.orphaned += 1
            job.state = "pending"
            if job.orphaned == ORPHANED:
                self.end(job_id, "failed")

    @invariant()
    def all_are_there_once(self) -> None:
        if not hasattr(self, "queue"):
            return
        assert [job.id for job in self.do(self.queue.pending())] == self.in_state("pending")
        assert [job.id for job in self.do(self.queue.running())] == self.in_state("running")
        assert [record.job.id for record in self.do(self.queue.history())] == self.ended
        unfinished = len(self.in_state("pending")) + len(self.in_state("running"))
        assert self.do(self.queue.remaining()) == unfinished
        for job_id, job in self.jobs.items():
            found: Entry | None = self.do(self.queue.find(job_id))
            assert found is not None
            assert (found.state, found.job.number) == (job.state, job.number)
            assert (found.job.attempts, found.job.deaths) == (job.attempts, job.deaths)


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
