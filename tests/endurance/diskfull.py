"""A disk without space below the data folder: what clients see, whether the database stays sound, and what is lost.

``python -m tests.endurance.diskfull`` mounts a small file system in memory, for which it must be root; it prints a
table and ends with status 1 if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.endurance.world import NastyServer, picture, show, until, verdict
from web.client import Client, ServerRefused

SIZE_MIB = 64
LEFT_KB = 1500
"""Of space, when the first jobs are to fail."""
STEPS, LONG_STEPS = 4, 300
TRIES = 60
ENDED_WITHIN_S = 300.0
BALLAST = "ballast"
REASONS = ("No space left on device", "disk is full", "disk full")


class NoDisk(Exception):
    """This system does not let us have a small file system; the text says why."""


@contextmanager
def small_disk(mib: int = SIZE_MIB) -> Iterator[Path]:
    """A file system of that size. Raises NoDisk."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        raise NoDisk("a file system in memory can be mounted by root alone")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", folder], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NoDisk(f"no file system in memory can be mounted: {done.stderr.strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


class Trial:
    """Fills the disk below a server by steps; ``rows`` tell what was seen, ``wrong`` what should not have been."""

    def __init__(self, server: NastyServer, client: Client, data: Path) -> None:
        self._server, self._client, self._data = server, client, data
        self._taken: list[str] = []
        self.rows: list[list[str]] = []
        self.wrong: list[str] = []

    def claim(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.wrong.append(otherwise)

    def run(self) -> None:
        pid, worker = self._server.itself.pid, self._server.until_worker().pid
        self._note("with space", self._end(self._submit()))
        self._until_a_job_fails()
        self._while_a_job_runs()
        self._free()
        self.claim(self._server.itself.pid == pid, "the server was started anew")
        self.claim(bool(self._server.worker and self._server.worker.pid == worker), "the worker was started anew")

    def _until_a_job_fails(self) -> None:
        self._fill(LEFT_KB)
        for count in range(1, TRIES + 1):
            try:
                ended = self._end(self._submit())
            except ServerRefused as refused:
                self._note(f"{LEFT_KB} kB left, then {count - 1} jobs", f"POST is refused: {_told(refused)}")
                return
            if ended != "succeeded":
                self._note(f"{LEFT_KB} kB left, then {count} jobs", ended)
                self.claim(any(reason in ended for reason in REASONS), f"no clear reason: {ended}")
                return
        self.wrong.append(f"{TRIES} jobs fit into {LEFT_KB} kB")

    def _while_a_job_runs(self) -> None:
        """One runs, two wait, and then there is no space at all."""
        self._unfill()
        for steps in (LONG_STEPS, STEPS, STEPS):
            self._submit(steps)
        until(lambda: self._client.job(self._taken[-3]).state == "running" or None, ENDED_WITHIN_S, "it does not run")
        self._fill(0)
        refusals = []
        for _ in range(TRIES):
            try:
                self._submit()
            except ServerRefused as refused:
                refusals.append(refused)
                break
        self._note("no space, POST /v1/jobs", _told(refusals[0]) if refusals else "accepted")
        self.claim(bool(refusals) and refusals[0].status == 507, f"POST is not refused with 507 but {refusals}")
        time.sleep(5)  # the three end, or try to
        states = [self._client.job(job_id).state for job_id in self._taken[-3:]]
        read = [self._server.get(path) is not None for path in ("/queue", "/history?max_items=10", "/v1/jobs")]
        self._note("no space, what ran and waited", ", ".join(states))
        self._note("no space, GET /queue, /history, /v1/jobs", "answered" if all(read) else "not answered")
        self._note("no space, PRAGMA integrity_check", self._sound())

    def _free(self) -> None:
        """All that was taken must come to an end, and what comes then as well, without a new start."""
        self._unfill()
        began = time.monotonic()
        ended = [self._end(job_id) for job_id in self._taken]
        self._note("space again", f"{len(ended)} jobs have ended after {time.monotonic() - began:.1f} s")
        last = self._end(self._submit())
        self._note("space again, the next job", last)
        self.claim(last == "succeeded", f"with space again, the next job has {last}")
        for each in ended:
            plain = each == "succeeded" or any(reason in each for reason in REASONS)
            self.claim(plain, f"a job has no clear end: {each}")
        known, taken = sorted(job.id for job in self._client.jobs()), sorted(self._taken)
        self.claim(known == taken, f"{len(taken)} jobs were taken in, {len(known)} are known")
        self._note("space again, PRAGMA integrity_check", self._sound())

    def _submit(self, steps: int = STEPS) -> str:
        self._taken.append(self._client.submit(picture(steps)).id)
        return self._taken[-1]

    def _end(self, job_id: str) -> str:
        """How a job has ended, and why if it failed."""

        def look() -> str | None:
            job = self._client.job(job_id)
            if job.finished is None:
                return None
            return f"{job.state}: {job.error.exception_type}: {job.error.message}" if job.error else job.state

        return until(look, ENDED_WITHIN_S, f"job {job_id} does not end")

    def _fill(self, left_kb: int) -> None:
        """Leave so much space."""
        with (self._data / BALLAST).open("ab", buffering=0) as ballast:
            room = shutil.disk_usage(self._data).free - left_kb * 1000
            try:
                while room > 0:
                    room -= ballast.write(bytes(min(room, 1 << 16)))
            except OSError:  # somebody else was quicker
                return

    def _unfill(self) -> None:
        (self._data / BALLAST).unlink(missing_ok=True)

    def _sound(self) -> str:
        """Of a copy: the log of the database goes along."""
        with tempfile.TemporaryDirectory() as folder:
            for path in self._data.glob("queue.sqlite*"):
                shutil.copy(path, folder)
            with closing(sqlite3.connect(Path(folder, "queue.sqlite"))) as db:
                answer: Any = db.execute("PRAGMA integrity_check").fetchone()[0]
        self.claim(answer == "ok", f"the database is not sound: {answer}")
        return str(answer)

    def _note(self, when: str, what: str) -> None:
        self.rows.append([when, what[:300]])


def _told(refused: ServerRefused) -> str:
    return f"{refused.status}: {refused}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.diskfull")
    parser.add_argument("serve", nargs="*", help="further flags of wireloom serve, behind --")
    args = parser.parse_args(argv)
    with small_disk() as data:
        with NastyServer(data, *args.serve) as server, Client(server.url) as client:
            trial = Trial(server, client, data)
            trial.run()
            server.stop()
        with NastyServer(data, *args.serve) as server, Client(server.url) as client:
            again = client.run(picture(STEPS)).state
            trial.rows.append(["started again, the next job", again])
            trial.claim(again == "succeeded", f"started again, the next job has {again}")
            server.stop()
    show(f"A data folder on a disk of {SIZE_MIB} MiB", ("when", "what a client sees"), trial.rows)
    return verdict(trial.wrong)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoDisk as reason:
        sys.exit(f"not done: {reason}")
