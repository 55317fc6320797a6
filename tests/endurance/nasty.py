"""Nodes that crash, hang or take all memory, and a worker that is stopped: what clients see, and how soon all goes on.

``python -m tests.endurance.nasty`` prints a table and ends with status 1 if anything is not as it should be; with
``--quick`` it takes a part of the cases, and shorter limits than a server's own.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from tests.endurance.limits import memory_group
from tests.endurance.stage import LOOK_EVERY_S, Heard, Stage
from tests.endurance.world import NastyServer, nasty, picture, say, show, verdict

ROOM_MIB, WANTED_MIB = 1024, 4096
STEPS = 200
ALL_WITHIN_S = 600.0
QUICK = ("os.abort()", "sleeps", "SIGSTOP")
SHORT = ("--worker-silence", "3", "--cancel-grace", "1")


@dataclass(frozen=True)
class Case:
    """``before`` prepares the worker, then ``prompt`` is queued, and when that has begun, ``then`` happens. It must end
    as ``state``, for a reason that has ``cause`` in it, and so many workers must have died."""

    name: str
    prompt: Callable[[], dict[str, Any]]
    state: str
    deaths: int
    cause: str = ""
    before: Callable[[Stage], Awaitable[None]] | None = None
    then: Callable[[Stage, str], Awaitable[None]] | None = None


@dataclass(frozen=True)
class Seen:
    """How it went; seconds are from ``began``, when the job was queued, or when something was done to its worker.
    ``job`` and ``other`` are as ``/v1`` shows them."""

    case: Case
    heard: Heard
    other_heard: Heard
    job: Mapping[str, Any]
    other: Mapping[str, Any]
    deaths_s: tuple[float, ...]
    began: float

    def row(self) -> list[str]:
        error = self.job["error"]
        return [
            self.case.name,
            f"{self.heard.shown()} after {self.heard.ended_at - self.began:.1f} s",
            f"{error['exception_type']}: {error['message']}"[:400] if error else f"({self.job['state']})",
            ", ".join(f"{each:.1f} s" for each in self.deaths_s) or "none",
            f"{self.other['state']} after {self.other_heard.ended_at - self.began:.1f} s",
        ]

    def failures(self) -> Iterator[str]:
        case = self.case
        if self.heard.ends != [case.state] or self.job["state"] != case.state:
            yield f"{case.name}: its client heard {self.heard.ends}, history says {self.job['state']}, not {case.state}"
        if case.cause not in (self.job["error"] or {}).get("message", ""):
            yield f"{case.name}: {case.cause!r} is not in the error {self.job['error']}"
        if len(self.deaths_s) != case.deaths:
            yield f"{case.name}: {len(self.deaths_s)} workers died, not {case.deaths}"
        if self.other_heard.ends != ["succeeded"]:
            yield f"{case.name}: the other client heard {self.other_heard.shown()}"


async def _limit_addresses(stage: Stage) -> None:
    """As ``ulimit -v`` does it: memory is refused."""
    worker = stage.server.until_worker()
    worker.rlimit(psutil.RLIMIT_AS, (worker.memory_info().vms + ROOM_MIB * 2**20, psutil.RLIM_INFINITY))


async def _limit_memory(stage: Stage) -> None:
    """As a container does it: who takes more is killed. It holds for this worker and those that come after."""
    admit = stage.stack.enter_context(memory_group(ROOM_MIB * 2**20))

    async def admit_all() -> None:
        while True:
            for pid, _ in stage.workers:
                with suppress(OSError):  # it has gone
                    admit(pid)
            await asyncio.sleep(LOOK_EVERY_S)

    stage.keep(admit_all())


async def _cancel(stage: Stage, job_id: str) -> None:
    await stage.cancel(job_id)


def _signalled(number: signal.Signals) -> Callable[[Stage, str], Awaitable[None]]:
    async def signalled(stage: Stage, job_id: str) -> None:
        worker = stage.server.worker
        assert worker
        worker.send_signal(number)

    return signalled


def _allocating() -> dict[str, Any]:
    return nasty("Allocate", mib=WANTED_MIB)


def _drawing() -> dict[str, Any]:
    return picture(STEPS)


CASES = (
    Case("a node calls os.abort()", lambda: nasty("Abort"), "failed", 2, "SIGABRT"),
    Case("a node reads where nothing is", lambda: nasty("Crash"), "failed", 2, "SIGSEGV"),
    Case(f"a node takes {WANTED_MIB} MiB, ulimit -v leaves {ROOM_MIB}", _allocating, "failed", 0, "", _limit_addresses),
    Case(f"a node takes {WANTED_MIB} MiB, a cgroup has {ROOM_MIB}", _allocating, "failed", 2, "memory", _limit_memory),
    Case("a node sleeps for ever; its client cancels", lambda: nasty("Sleep"), "cancelled", 1, then=_cancel),
    Case("a node never lets go of the interpreter", lambda: nasty("Spin"), "failed", 2, "did not answer"),
    Case("the worker is stopped (SIGSTOP) in a sampling", _drawing, "succeeded", 1, then=_signalled(signal.SIGSTOP)),
    Case("the worker is killed (SIGKILL) in a sampling", _drawing, "succeeded", 1, then=_signalled(signal.SIGKILL)),
)
COLUMNS = ("what happens", "what its client hears", "error in history", "workers died after", "the next job")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.nasty")
    parser.add_argument("--quick", action="store_true", help="a part of the cases, and shorter limits")
    parser.add_argument("--only", metavar="TEXT", default="", help="the cases whose name has this in it")
    parser.add_argument("serve", nargs="*", help="further flags of wireloom serve, behind --")
    args = parser.parse_args(argv)
    wanted, flags = (QUICK, [*SHORT, *args.serve]) if args.quick else ((args.only,), args.serve)
    cases = [case for case in CASES if any(part in case.name for part in wanted)]
    seen, failures = list[Seen](), list[str]()
    for case in cases:
        try:
            seen.append(asyncio.run(_try(case, flags)))
        except TimeoutError:
            failures.append(f"{case.name}: not all had ended after {ALL_WITHIN_S:g} s")
            continue
        failures += seen[-1].failures()
        say(" | ".join(seen[-1].row()))
    show(
        "Nasty nodes: seconds count from when the job was queued, or its worker was hurt",
        COLUMNS,
        [each.row() for each in seen],
    )
    return verdict(failures)


async def _try(case: Case, flags: list[str]) -> Seen:
    """A new server for each case."""
    with tempfile.TemporaryDirectory() as data, NastyServer(Path(data), *flags) as server:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            seen = await _play(case, Stage(server, session, stack))
        server.stop()
        return seen


async def _play(case: Case, stage: Stage) -> Seen:
    """Our client queues the job, another one queues a picture behind it."""
    stage.server.until_worker()
    for client_id in ("ours", "other"):
        await stage.listen(client_id)
    stage.watch()
    if case.before:
        await case.before(stage)
    async with asyncio.timeout(ALL_WITHIN_S):
        job_id, heard = await stage.queue(case.prompt(), "ours")
        other_id, other_heard = await stage.queue(picture(4), "other")
        began = time.monotonic()
        if case.then:
            await heard.began.wait()
            began = time.monotonic()
            await case.then(stage, job_id)
        await asyncio.gather(heard.ended.wait(), other_heard.ended.wait())
    job, other = await stage.job(job_id), await stage.job(other_id)
    replaced = tuple(when - began for _, when in stage.workers[1:])  # the next one starts as soon as one has died
    return Seen(case, heard, other_heard, job, other, replaced, began)


if __name__ == "__main__":
    sys.exit(main())
