"""Jobs in a process of their own: what becomes of them, and of others, when it dies."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine import pool_process
from engine.errors import FailedElsewhere, InvalidWorkflow, Misconfigured, WorkerDied
from engine.events import Event, NodeFinished, NodeProgress, NodeText, RunCancelled, RunFailed, RunFinished
from engine.jobs import Job
from engine.kept_types import KeptTypes
from engine.pool_process import ProcessPool
from tests.support.toy_worker import process_pool
from tests.support.toys import api

SHOW = api(o=("Show", {"value": 1, "style": "plain"}))
PATIENT = api(p=("Patient", {"steps": 1000}), o=("Show", {"value": ["p", 0], "style": "plain"}))
DEAF = api(d=("Deaf", {"seconds": 60.0}))

Open = Callable[..., ProcessPool]


@pytest.fixture
async def open_pool() -> AsyncIterator[Open]:
    made: list[ProcessPool] = []

    def open_one(*arguments: Any, **more: Any) -> ProcessPool:
        made.append(process_pool(*arguments, **more))
        return made[-1]

    yield open_one
    await asyncio.gather(*(pool.close() for pool in made))


class Watched:
    """A job that runs, and what is heard of it."""

    def __init__(self, pool: ProcessPool, document: dict[str, Any]) -> None:
        self.job, self.events = Job(document, ()), list[Event]()
        self._pool, self._began = pool, asyncio.Event()
        self.task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        async for event in self._pool.run(self.job):
            self.events.append(event)
            if isinstance(event, NodeProgress | NodeText):
                self._began.set()

    async def until_it_works(self) -> None:
        await asyncio.wait_for(self._began.wait(), 30)

    async def death(self) -> WorkerDied:
        with pytest.raises(WorkerDied) as died:
            await asyncio.wait_for(self.task, 30)
        return died.value


async def ended(pool: ProcessPool, document: dict[str, Any]) -> Event:
    watched = Watched(pool, document)
    await watched.task
    return watched.events[-1]


async def test_a_killed_worker_is_told_and_the_next_one_works(open_pool: Open) -> None:
    pool = open_pool()
    watched = Watched(pool, PATIENT)
    await watched.until_it_works()
    first = pool.worker_pid
    assert first
    os.kill(first, signal.SIGKILL)
    asked = asyncio.create_task(pool.plan(SHOW))
    died = await watched.death()
    assert "killed by signal 9 (SIGKILL): perhaps the system ran out of memory" in died.cause
    assert not died.innocent
    assert (await asked).targets == ("o",)
    assert isinstance(await ended(pool, SHOW), RunFinished)
    assert pool.restarts == 1
    assert pool.worker_pid not in (None, first)


async def test_a_native_crash_is_told_with_its_place(open_pool: Open) -> None:
    died = await Watched(open_pool(), api(a=("Abort", {}))).death()
    assert "crashed in native code with signal 6 (SIGABRT)" in died.cause
    assert "Fatal Python error: Aborted" in died.cause
    assert "in abort" in died.cause


async def test_an_exit_is_told_with_the_last_words(open_pool: Open) -> None:
    died = await Watched(open_pool(), api(e=("Exit", {"status": 3}))).death()
    assert died.cause == "it ended by itself with exit status 3\ngoing now"


async def test_a_worker_that_says_nothing_is_replaced(open_pool: Open) -> None:
    pool = open_pool(silence_s=1)
    watched = Watched(pool, PATIENT)
    await watched.until_it_works()
    assert pool.worker_pid
    os.kill(pool.worker_pid, signal.SIGSTOP)
    assert "did not answer for 1 seconds" in (await watched.death()).cause
    assert isinstance(await ended(pool, SHOW), RunFinished)


async def test_that_this_process_was_stopped_is_no_silence_of_the_worker(open_pool: Open) -> None:
    pool = open_pool(silence_s=1)
    await pool.plan(SHOW)
    before = pool.worker_pid
    time.sleep(1.5)  # noqa: ASYNC251
    await pool.plan(SHOW)
    await asyncio.sleep(0.3)
    assert (pool.worker_pid, pool.restarts) == (before, 0)


async def test_a_job_that_does_not_stop_is_ended_with_the_worker(open_pool: Open) -> None:
    pool = open_pool(size=2, grace_s=0.3)
    deaf, other = Watched(pool, DEAF), Watched(pool, PATIENT)
    await deaf.until_it_works()
    await other.until_it_works()
    assert await pool.cancel(deaf.job.id)
    assert not deaf.task.done()
    await deaf.task
    last = deaf.events[-1]
    assert isinstance(last, RunCancelled)
    assert (last.node_id, last.node_type) == ("d", "Deaf")
    died = await other.death()
    assert died.innocent
    assert f"job {deaf.job.id} had not stopped 0.3 s after it was cancelled" in died.cause


async def test_a_job_that_stops_in_time_costs_no_worker(open_pool: Open) -> None:
    pool = open_pool(grace_s=0.3)
    watched = Watched(pool, PATIENT)
    await watched.until_it_works()
    await pool.cancel(watched.job.id)
    await watched.task
    assert isinstance(watched.events[-1], RunCancelled)
    await asyncio.sleep(0.5)
    assert pool.restarts == 0


async def test_a_job_is_cancelled_before_there_is_a_worker(open_pool: Open) -> None:
    pool = open_pool()
    watched = Watched(pool, SHOW)
    await asyncio.sleep(0)
    assert await pool.cancel(watched.job.id)
    await watched.task
    assert watched.events == [RunCancelled(watched.job.id, at_ms=watched.events[0].at_ms)]


async def test_a_worker_that_cannot_start_is_told(open_pool: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_process, "PAUSES_S", (0.01,))
    pool = open_pool({"fail": "die"})
    for asked in (pool.plan(SHOW), pool.describe()):
        with pytest.raises(WorkerDied, match="exit status 7"):
            await asked
    with pytest.raises(RuntimeError, match=r"no worker starts: .* exit status 7"):
        await ended(pool, SHOW)


async def test_a_program_that_is_not_there_is_told() -> None:
    pool = ProcessPool(["/nowhere/at/all"], {})
    with pytest.raises(WorkerDied, match=r"cannot be started: .*No such file"):
        await pool.describe()
    await pool.close()


async def test_nodes_that_cannot_be_loaded_are_told(open_pool: Open, tmp_path: Path) -> None:
    kept = KeptTypes(tmp_path / "types.json", "")
    pool = open_pool({"fail": "load"}, kept=kept)
    with pytest.raises(FailedElsewhere, match="ImportError: no nodes here") as failed:
        await pool.describe()
    assert "in load" in failed.value.__notes__[0]
    last = await ended(pool, SHOW)
    assert isinstance(last, RunFailed)
    assert (last.failure.exception_type, last.failure.message) == ("ImportError", "no nodes here")
    assert pool.restarts == 0


async def test_a_worker_in_which_no_job_can_ever_run_says_so_and_loses_none(open_pool: Open) -> None:
    pool = open_pool({"fail": "never"})
    waiting = Watched(pool, SHOW)
    with pytest.raises(Misconfigured, match="there is no device 'abacus' here"):
        await pool.load()
    assert not waiting.task.done()
    assert pool.restarts == 0
    await pool.close()
    with pytest.raises(RuntimeError, match="the server stops"):
        await waiting.task


async def test_what_nodes_print_and_log_is_logged_here(open_pool: Open, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    pool = open_pool()
    assert isinstance(await ended(pool, api(t=("Talk", {}))), RunFinished)
    await pool.close()
    heard = {(record.name, record.levelname, record.getMessage()): record for record in caplog.records}
    assert heard.keys() >= {
        ("worker", "INFO", "printed"),
        ("worker", "INFO", "20%"),
        ("tests.toys", "WARNING", "logged 1"),
        ("tests.toys", "ERROR", "caught"),
    }
    assert "ValueError: why" in caplog.text


async def test_what_no_json_can_hold_fails_its_job(open_pool: Open) -> None:
    pool = open_pool()
    with pytest.raises(FailedElsewhere, match="ValueError: Exceeds the limit"):
        await ended(pool, api(e=("Endless", {})))
    assert isinstance(await ended(pool, SHOW), RunFinished)


async def test_node_types_are_shown_before_they_are_loaded(open_pool: Open, tmp_path: Path) -> None:
    path = tmp_path / "cache" / "types.json"
    pool = open_pool(kept=KeptTypes(path, "1"))
    infos = await pool.describe()
    await pool.close()
    without = open_pool({"fail": "die"}, kept=KeptTypes(path, "1"))
    assert await without.describe() == infos
    assert await without.replacements() == {}
    with pytest.raises(WorkerDied):
        await open_pool({"fail": "die"}, kept=KeptTypes(path, "2")).describe()
    path.write_text("{")
    with pytest.raises(WorkerDied):
        await open_pool({"fail": "die"}, kept=KeptTypes(path, "1")).describe()


async def test_node_types_are_shown_while_the_worker_hangs(open_pool: Open) -> None:
    pool = open_pool()
    infos = await pool.describe()
    assert pool.worker_pid
    os.kill(pool.worker_pid, signal.SIGSTOP)
    assert await pool.describe() == infos
    os.kill(pool.worker_pid, signal.SIGKILL)


PARENT = """
import asyncio, json, sys
from tests.support.toy_worker import process_pool
from tests.support.toys import api
from engine.jobs import Job

async def main():
    pool = process_pool()
    async for event in pool.run(Job(json.loads(sys.argv[1]), ())):
        if type(event).__name__ == "NodeText":
            print(pool.worker_pid, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("hogs", [False, True])
def test_the_worker_does_not_outlive_its_server(hogs: bool) -> None:
    """Also while native code lets no other thread run; that takes Linux."""
    if hogs and not sys.platform.startswith("linux"):
        pytest.skip("only Linux ends a process with the one that started it")
    document = api(h=("Hog", {})) if hogs else DEAF
    server = subprocess.Popen([sys.executable, "-c", PARENT, json.dumps(document)], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    with server.stdout:
        worker = psutil.Process(int(server.stdout.readline()))
    server.kill()
    server.wait()
    deadline = time.monotonic() + 10
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def test_errors_keep_their_kind(open_pool: Open) -> None:
    with pytest.raises(InvalidWorkflow) as refused:
        await open_pool().plan(api(o=("Gone", {})))
    assert refused.value.problem.type == "missing_node_type"


async def test_a_job_of_many_events_tells_all_of_them(open_pool: Open) -> None:
    document = api(**{f"n{i}": ("Show", {"value": i, "style": "plain"}) for i in range(2000)})
    watched = Watched(open_pool(), document)
    await watched.task
    finished = {event.node.id for event in watched.events if isinstance(event, NodeFinished)}
    assert finished == document.keys()
