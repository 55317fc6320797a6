"""Thousands of jobs in a row: whether memory, open files, threads and the database stay as they are.

``python -m tests.endurance.soak`` runs 2,000, prints tables and ends with status 1 if anything grows; ``--plot`` draws
memory over jobs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from engine.jobs_file import FREE_PAGES
from tests.endurance.world import NastyServer, copied_queue, nasty, picture, say, show, until, verdict
from web.client import Client

JOBS, STEPS, AHEAD = 2000, 4, 8
FAIL_EACH, CANCEL_EACH, LONG_STEPS = 25, 40, 5000
LOOK_EACH = 10
WARM_UP = 0.25
"""The part of the jobs after which nothing should grow any more."""
MOST_MB_PER_THOUSAND = {"server": 15.0, "worker": 20.0}
"""The server keeps the events of jobs, about 8 kB each, until they are 64 MiB: see web/v1/log.py."""
MORE_FDS, MORE_THREADS = 8, 4
ENOUGH = 400
"""Jobs below which a slope says nothing."""
KEPT = 100
PAGE_BYTES = 4096
"""Of the database, which keeps a few free ones for what comes next."""
CACHES = ("--cache-mb", "64", "--disk-cache-mb", "64")
"""Small, so that they are full when it is warm: what is remembered is not to be taken for what is lost."""
MB = 1e6


@dataclass
class Samples:
    """What one process has, after so many jobs."""

    name: str
    jobs: list[int] = field(default_factory=list)
    mb: list[float] = field(default_factory=list)
    fds: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def add(self, jobs: int, process: psutil.Process) -> None:
        with process.oneshot():
            self.jobs.append(jobs)
            self.mb.append(process.memory_info().rss / MB)
            self.fds.append(process.num_fds())
            self.threads.append(process.num_threads())

    @property
    def warm(self) -> slice:
        return slice(int(len(self.jobs) * WARM_UP), None)

    @property
    def slope(self) -> float:
        """MB for each 1,000 jobs, by least squares, after the warm-up."""
        xs, ys = self.jobs[self.warm], self.mb[self.warm]
        x0, y0 = sum(xs) / len(xs), sum(ys) / len(ys)
        spread = sum((x - x0) ** 2 for x in xs)
        return 1000 * sum((x - x0) * (y - y0) for x, y in zip(xs, ys, strict=True)) / spread if spread else 0.0

    def row(self) -> list[str]:
        mb, fds, threads = self.mb[self.warm], self.fds[self.warm], self.threads[self.warm]
        return [
            self.name,
            f"{self.mb[0]:.0f}",
            f"{mb[0]:.0f}",
            f"{mb[-1]:.0f}",
            f"{max(self.mb):.0f}",
            f"{self.slope:+.2f}",
            f"{min(fds)} to {max(fds)}",
            f"{min(threads)} to {max(threads)}",
        ]

    def failures(self) -> Iterator[str]:
        if self.jobs[-1] < ENOUGH:
            return
        if self.slope > MOST_MB_PER_THOUSAND[self.name]:
            yield f"the {self.name} grows by {self.slope:.1f} MB for each 1,000 jobs"
        for what, counts, more in (("open files", self.fds, MORE_FDS), ("threads", self.threads, MORE_THREADS)):
            warm = counts[self.warm]
            if warm[-1] > warm[0] + more:
                yield f"the {self.name} had {warm[0]} {what} and has {warm[-1]}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.soak")
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"how many (default {JOBS})")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw memory over jobs")
    parser.add_argument("serve", nargs="*", help="further flags of wireloom serve, behind --")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with NastyServer(data, *CACHES, *args.serve) as server:
            began = time.monotonic()
            samples, states, wrong = _run(server, args.jobs)
            took, full = time.monotonic() - began, _database(data)
            server.stop()
        stopped = _database(data)
        trimmed = _trim(data, args.serve)
    columns = ("process", "MB at first", "warm", "at the end", "most", "MB per 1,000 jobs", "open files", "threads")
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    show(f"{args.jobs} jobs in {took:.0f} s: {told}", columns, [each.row() for each in samples])
    rows = [["at the end", *full.row()], ["server stopped", *stopped.row()], [f"--keep-jobs {KEPT}", *trimmed.row()]]
    show("The database", ("when", "queue.sqlite, kB", "its log, kB", "free pages", "jobs in history", "sound"), rows)
    if args.plot:
        _plot(samples, args.plot)
    failures = [*wrong, *(failure for each in samples for failure in each.failures())]
    failures += _about_databases(args.jobs, full, stopped, trimmed)
    return verdict(failures)


def _run(server: NastyServer, jobs: int) -> tuple[list[Samples], Counter[str], list[str]]:
    """Have the jobs run, some queued ahead; return what was measured, how many ended how, and what was wrong."""
    samples, states, wrong = [Samples("server"), Samples("worker")], Counter[str](), list[str]()
    worker, queued = server.until_worker(), deque[tuple[str, str]]()
    with Client(server.url) as client:
        for number in range(jobs + AHEAD):
            if number < jobs:
                prompt, state = _job(number)
                queued.append((client.submit(prompt).id, state))
            if number >= AHEAD:
                job_id, expected = queued.popleft()
                state = _end(client, job_id, cancel=expected == "cancelled")
                states[state] += 1
                if state != expected:
                    wrong.append(f"job {number - AHEAD} is {state}, not {expected}")
            if number % LOOK_EACH == 0 and number >= AHEAD:
                for each, process in zip(samples, (server.itself, worker), strict=True):
                    each.add(number, process)
            if number % (jobs // 10 or 1) == 0:
                say(f"{number} jobs, {', '.join(f'{each.name} {each.mb[-1]:.0f} MB' for each in samples if each.mb)}")
    return samples, states, wrong


def _job(number: int) -> tuple[dict[str, Any], str]:
    """A prompt, and how it must end."""
    if number % FAIL_EACH == FAIL_EACH - 1:
        return nasty("Fail"), "failed"
    if number % CANCEL_EACH == CANCEL_EACH - 1:
        return picture(LONG_STEPS), "cancelled"
    return picture(STEPS), "succeeded"


def _end(client: Client, job_id: str, *, cancel: bool) -> str:
    """Listen to a job until it has ended; return how. ``cancel`` it as soon as it tells of progress."""
    for event in client.events(job_id):
        if event.job:
            return event.job.state
        if cancel and event.type == "progress":
            client.cancel(job_id)
            cancel = False
    return client.job(job_id).state


@dataclass(frozen=True)
class Database:
    size: int
    log: int
    free_pages: int
    jobs: int
    sound: str

    def row(self) -> list[str]:
        return [f"{self.size / 1000:.0f}", f"{self.log / 1000:.0f}", str(self.free_pages), str(self.jobs), self.sound]


def _database(data: Path) -> Database:
    path, log = data / "queue.sqlite", data / "queue.sqlite-wal"
    sizes = path.stat().st_size, log.stat().st_size if log.exists() else 0
    with copied_queue(data) as db:
        free, jobs, sound = (
            db.execute(question).fetchone()[0]
            for question in ("PRAGMA freelist_count", "SELECT count(*) FROM jobs", "PRAGMA integrity_check")
        )
    return Database(*sizes, free, jobs, sound)


def _trim(data: Path, flags: list[str]) -> Database:
    """Start once more with a limit on the history; one job has it applied."""
    with NastyServer(data, *flags, "--keep-jobs", str(KEPT)) as server, Client(server.url) as client:
        client.run(picture(STEPS))
        until(lambda: len(list(client.jobs())) <= KEPT or None, 300, f"more than {KEPT} jobs are in history")
        server.stop()
    return _database(data)


def _about_databases(jobs: int, full: Database, stopped: Database, trimmed: Database) -> Iterator[str]:
    if any(each.sound != "ok" for each in (full, stopped, trimmed)):
        yield "the database is not sound"
    if full.jobs != jobs:
        yield f"{full.jobs} jobs are in history, not {jobs}"
    if stopped.log:
        yield f"a stopped server leaves {stopped.log} bytes in the log of its database"
    if jobs > 2 * KEPT and trimmed.size > full.size * 2 * KEPT / jobs + FREE_PAGES * PAGE_BYTES:
        yield f"the database of {trimmed.jobs} jobs has {trimmed.size} bytes, that of {full.jobs} had {full.size}"


def _plot(samples: list[Samples], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for each in samples:
        axes.plot(each.jobs, each.mb, label=f"{each.name}, {each.slope:+.1f} MB per 1,000 jobs")
    axes.set(xlabel="jobs", ylabel="resident memory, MB", ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    sys.exit(main())
