"""A trial, and what came of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.faults.rig import ENDED, ENDS_WITHIN_S, WENT_ON, Rig, pixels
from tests.faults.trials import Drawing, Trial

TOLD_WITHIN_S = 5.0
TIDY_WITHIN_S = 5.0


@dataclass(frozen=True)
class Reference:
    """What an undisturbed run gave, and the seconds it took."""

    picture: np.ndarray[Any, Any]
    seconds: float


@dataclass
class Verdict:
    """What a trial did to its jobs; ``troubles`` says in words what should not have been."""

    trial: Trial
    lost: int = 0
    doubled: int = 0
    unequal: int = 0
    went_on_at: list[int] = field(default_factory=list)  # after which steps samplings went on
    away_s: float | None = None  # from the kill until a job began again; None if there was none left
    troubles: list[str] = field(default_factory=list)

    def note(self, what: str, **counts: int) -> None:
        for name, count in counts.items():
            setattr(self, name, getattr(self, name) + count)
        self.troubles.append(f"trial {self.trial.number} ({self.trial.kind} killed): {what}")


async def undisturbed(folder: Path, drawings: Iterable[Drawing]) -> dict[Drawing, Reference]:
    """Each drawn once, by a server that nobody kills."""
    found = {}
    async with Rig(folder) as rig:
        for k, drawing in enumerate(drawings):
            prefix = f"undisturbed/{k}"
            job_id = await rig.post(drawing, prefix)
            await rig.until(lambda job_id=job_id: rig.first(ENDED, job_id) is not None)  # type: ignore[misc]
            began, ended = rig.first(("execution_start",), job_id), rig.first(("execution_success",), job_id)
            if began is None or ended is None:
                raise RuntimeError(f"{drawing} failed undisturbed: {(await rig.history())[job_id]['status']}")
            (path,) = rig.pictures(prefix)
            found[drawing] = Reference(pixels(path), ended - began)
    return found


async def tried(rig: Rig, trial: Trial, references: Mapping[Drawing, Reference]) -> Verdict:
    """Queue the jobs, kill, wait until all have ended, and look."""
    verdict, logged = Verdict(trial), len(rig.log())
    prefixes = [f"faults/{trial.number}_{k}" for k in range(len(trial.jobs))]
    ids = [await rig.post(drawing, prefix) for drawing, prefix in zip(trial.jobs, prefixes, strict=True)]
    killed_at = await _killed(rig, trial, ids[trial.victim], references[trial.hit].seconds)
    known = await rig.history()  # after a server was killed nobody tells of these any more
    try:
        await _settled(rig)
    except TimeoutError:
        verdict.note(f"the queue was not empty after {ENDS_WITHIN_S:g} s")
    for k, job_id in enumerate(ids):
        await _judge_told(rig, verdict, k, job_id, is_known=job_id in known)
        _judge_files(rig, verdict, k, prefixes[k], references[trial.jobs[k]])
    await _judge_history(rig, verdict, ids, prefixes)
    await _judge_tidiness(rig, verdict)
    verdict.went_on_at = [int(step) for _, step in WENT_ON.findall(rig.log()[logged:])]
    again = [at for job_id in ids if (at := rig.first(("execution_start",), job_id, killed_at)) is not None]
    verdict.away_s = min(again) - killed_at if again else None
    await rig.forget()
    return verdict


async def _killed(rig: Rig, trial: Trial, job_id: str, seconds: float) -> float:
    """Kill when the job has run for its share of the time; when that was."""
    await rig.until(lambda: rig.first(("execution_start",), job_id) is not None)
    began = rig.first(("execution_start",), job_id)
    assert began is not None
    await asyncio.sleep(max(0.0, began + trial.share * seconds - time.monotonic()))
    return await rig.kill(trial)


async def _settled(rig: Rig) -> None:
    """Wait until nothing is queued or runs. Raises TimeoutError."""
    async with asyncio.timeout(ENDS_WITHIN_S):
        while await rig.remaining():  # noqa: ASYNC110 - it is another process that changes
            await asyncio.sleep(0.1)


async def _judge_told(rig: Rig, verdict: Verdict, k: int, job_id: str, *, is_known: bool) -> None:
    if not is_known:
        try:
            await rig.until(lambda: rig.first(ENDED, job_id) is not None, TOLD_WITHIN_S)
        except TimeoutError:
            verdict.note(f"nobody told the end of job {k}", lost=1)
    if (count := rig.count("execution_success", job_id)) > 1:
        verdict.note(f"the end of job {k} was told {count} times", doubled=1)


def _judge_files(rig: Rig, verdict: Verdict, k: int, prefix: str, reference: Reference) -> None:
    files = rig.pictures(prefix)
    if not files:
        verdict.note(f"job {k} left no picture", lost=1)
    if len(files) > 1:
        verdict.note(f"job {k} left {sorted(path.name for path in files)}", doubled=1)
    for path in files:
        if not path.name.startswith(".") and not np.array_equal(pixels(path), reference.picture):
            verdict.note(f"{path.name} is not the undisturbed picture", unequal=1)


async def _judge_history(rig: Rig, verdict: Verdict, ids: list[str], prefixes: list[str]) -> None:
    history = await rig.history()
    for k, job_id in enumerate(ids):
        if job_id not in history:
            verdict.note(f"job {k} is not in the history", lost=1)
        elif history[job_id]["status"]["status_str"] != "success":
            verdict.note(f"job {k} failed: {history[job_id]['status']}", lost=1)
    saved = [each["prompt"][2]["7"]["inputs"]["filename_prefix"] for each in history.values()]
    for prefix in prefixes:
        if saved.count(prefix) > 1:
            verdict.note(f"{prefix} is in the history {saved.count(prefix)} times", doubled=1)


async def _judge_tidiness(rig: Rig, verdict: Verdict) -> None:
    """What jobs stored to go on from goes a moment after their end was told."""
    folder = rig.data / "cache" / "checkpoints"
    waited_s = 0.0
    while left := [path.name for path in folder.glob("*")]:
        if waited_s > TIDY_WITHIN_S:
            verdict.note(f"{left} stay in {folder}")
            return
        await asyncio.sleep(0.05)
        waited_s += 0.05
