"""A disk without space below the data folder: what clients see, whether the database stays sound, and what is lost.

``python -m tests.endurance.diskfull`` mounts a small file system in memory, for which it must be root; it prints a
table and ends with status 1 if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import aiohttp

from tests.endurance.stage import Heard, Refused, Stage
from tests.endurance.world import NastyServer, copied_queue, picture, show, verdict
from web.client import Client

SIZE_MIB = 64
LEFT_KB = 1500
"""Of space, when the first jobs are to fail."""
STEPS, LONG_STEPS = 4, 300
TRIES = 60
ENDED_WITHIN_S = 120.0
CLIENT = "ours"
READ = ("/queue", "/history?max_items=10", "/v1/jobs")
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

    def __init__(self, stage: Stage, data: Path) -> None:
        self._stage, self._data = stage, data
        self._taken: dict[str, Heard] = {}
        self.rows: list[list[str]] = []
        self.wrong: list[str] = []

    async def run(self) -> None:
        server = self._stage.server
        await self._stage.listen(CLIENT)
        worker = server.until_worker().pid
        self._note("with space, a job", await self._end(await self._submit()))
        await self._until_a_job_fails()
        await self._while_a_job_runs()
        await self._with_space_again()
        self._claim(server.process is not None and server.process.poll() is None, "the server has ended")
        self._claim(server.worker is not None and server.worker.pid == worker, "the worker was started anew")

    async def _until_a_job_fails(self) -> None:
        """The pictures fill what is left; then space is made."""
        self._fill(LEFT_KB)
        for count in range(1, TRIES + 1):
            try:
                end = await self._end(await self._submit())
            except Refused as refused:
                self._note(f"{LEFT_KB} kB left, POST /prompt after {count - 1} jobs", str(refused))
                self._claim(refused.status == 507, f"POST is not refused with 507 but {refused}")
                break
            if end != "succeeded":
                self._note(f"{LEFT_KB} kB left, job {count}", end)
                self._claim(any(reason in end for reason in REASONS), f"no clear reason: {end}")
                break
        else:
            self.wrong.append(f"{TRIES} jobs fit into {LEFT_KB} kB")
        self._make_space()

    async def _while_a_job_runs(self) -> None:
        """One runs, two wait, and then there is no space at all."""
        three = [await self._submit(steps) for steps in (LONG_STEPS, STEPS, STEPS)]
        await asyncio.wait_for(three[0].began.wait(), ENDED_WITHIN_S)
        self._fill(0)
        refusal = await self._refusal()
        self._note("no space, POST /prompt", str(refusal))
        self._claim(refusal is not None and refusal.status == 507, f"POST is not refused with 507 but {refusal}")
        self._note("no space, the job that ran", await self._end(three[0]))
        answers = [await self._stage.get(path) for path in READ]
        self._note(f"no space, GET {', '.join(READ)}", f"answered, {len(answers[0]['queue_pending'])} jobs wait")
        self._note("no space, PRAGMA integrity_check", self._sound())

    async def _with_space_again(self) -> None:
        """All that was taken must come to an end, and what comes then as well, without a new start."""
        self._make_space()
        began = time.monotonic()
        ends = [await self._end(heard) for heard in self._taken.values()]
        self._note("space again, what waited", f"{len(ends)} jobs have ended after {time.monotonic() - began:.1f} s")
        last = await self._end(await self._submit())
        self._note("space again, a new job", last)
        self._claim(last == "succeeded", f"with space again, a job has {last}")
        for end in ends:
            plain = end == "succeeded" or any(reason in end for reason in REASONS)
            self._claim(plain, f"a job has no clear end: {end}")
        self._claim(all(len(heard.ends) == 1 for heard in self._taken.values()), "a client heard of two ends of a job")
        known = {record["id"] for record in (await self._stage.get("/v1/jobs?limit=200"))["jobs"]}
        self._claim(known == set(self._taken), f"{len(self._taken)} jobs were taken in, {len(known)} are known")
        self._note("space again, PRAGMA integrity_check", self._sound())

    async def _refusal(self) -> Refused | None:
        """Of a job for which there is no space; some may find a little in the file of the queue."""
        try:
            for _ in range(TRIES):
                await self._submit()
        except Refused as refused:
            return refused
        return None

    async def _submit(self, steps: int = STEPS) -> Heard:
        job_id, heard = await self._stage.queue(picture(steps), CLIENT)
        self._taken[job_id] = heard
        return heard

    async def _end(self, heard: Heard) -> str:
        """How a job has ended as its client heard, and why if it failed."""
        async with asyncio.timeout(ENDED_WITHIN_S):
            await heard.ended.wait()
        return f"{heard.ends[0]}: {heard.error}" if heard.error else heard.ends[0]

    def _fill(self, left_kb: int) -> None:
        """Leave so much space."""
        with (self._data / BALLAST).open("ab", buffering=0) as ballast:
            room = shutil.disk_usage(self._data).free - left_kb * 1000
            try:
                while room > 0:
                    room -= ballast.write(bytes(min(room, 1 << 16)))
            except OSError:  # somebody else was quicker
                return

    def _make_space(self) -> None:
        (self._data / BALLAST).unlink()

    def _sound(self) -> str:
        with copied_queue(self._data) as db:
            answer = str(db.execute("PRAGMA integrity_check").fetchone()[0])
        self._claim(answer == "ok", f"the database is not sound: {answer}")
        return answer

    def _note(self, when: str, what: str) -> None:
        self.rows.append([when, what[:300]])

    def _claim(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.wrong.append(otherwise)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.diskfull")
    parser.add_argument("serve", nargs="*", help="further flags of wireloom serve, behind --")
    args = parser.parse_args(argv)
    with small_disk() as data:
        rows, wrong = asyncio.run(_try(data, args.serve))
        with NastyServer(data, *args.serve) as server, Client(server.url) as client:
            again = client.run(picture(STEPS)).state
            server.stop()
    show(f"A data folder on a disk of {SIZE_MIB} MiB", ("when", "what a client sees"), rows)
    return verdict([*wrong, *([] if again == "succeeded" else [f"started again, a job has {again}"])])


async def _try(data: Path, flags: list[str]) -> tuple[list[list[str]], list[str]]:
    with NastyServer(data, *flags) as server:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            trial = Trial(Stage(server, session, stack), data)
            try:
                await trial.run()
            except TimeoutError:
                trial.wrong.append(f"after {trial.rows[-1]}, something did not end within {ENDED_WITHIN_S:g} s")
        server.stop()
    return trial.rows, trial.wrong


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoDisk as reason:
        sys.exit(f"not done: {reason}")
