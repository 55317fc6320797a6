"""Kill the worker, and the server, at random instants, and see whether anything is lost, doubled or different."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from rich.console import Console
from rich.progress import track
from rich.table import Table

from nodes.diffusion.samplers import SAMPLERS
from tests.faults.judging import Verdict, tried, undisturbed
from tests.faults.rig import Rig
from tests.faults.trials import JOBS, Drawing, Trial, drawn

STEPS = 30
WIDTH = 120
"""Of what is printed where there is no terminal."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="how many, of both processes in turn (100)")
    parser.add_argument("--seed", type=int, help="of chance, to have the same trials again")
    asked = parser.parse_args()
    seed = random.randrange(1_000_000) if asked.seed is None else asked.seed
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(f"{asked.kills} kills with 3 jobs of {STEPS} steps queued each time; --seed {seed} repeats them")
    began = time.monotonic()
    trials = drawn(asked.kills, seed, list(SAMPLERS), STEPS, STEPS)
    with tempfile.TemporaryDirectory() as folder:
        verdicts = asyncio.run(all_tried(Path(folder), trials, console))
    console.print(table(verdicts))
    for trouble in [trouble for verdict in verdicts for trouble in verdict.troubles]:
        console.print(trouble, style="red", markup=False)
    console.print(f"{time.monotonic() - began:.0f} s")
    return 1 if any(verdict.troubles for verdict in verdicts) else 0


async def all_tried(root: Path, trials: Sequence[Trial], console: Console) -> list[Verdict]:
    """First each picture undisturbed, then the trials, one after the other on one server."""
    drawings: dict[Drawing, None] = dict.fromkeys(drawing for trial in trials for drawing in trial.jobs)
    references = await undisturbed(root / "undisturbed", track(drawings, "undisturbed", console=console))
    async with Rig(root / "killed") as rig:
        return [await tried(rig, trial, references) for trial in track(trials, "killed", console=console)]


def table(verdicts: Sequence[Verdict]) -> Table:
    """A line for each sampler whose jobs were the ones to be hit, and one for all."""
    made = Table(
        "sampler", title="killed: worker, server; what became of all jobs; after which steps samplings went on"
    )
    for heading in ("worker", "server", "jobs", "lost", "doubled", "unequal", "went on after", "away, s"):
        made.add_column(heading, justify="right")
    for sampler in dict.fromkeys(verdict.trial.hit.sampler for verdict in verdicts):
        made.add_row(sampler, *line([verdict for verdict in verdicts if verdict.trial.hit.sampler == sampler]))
    made.add_section()
    made.add_row("all", *line(verdicts, whole=True))
    return made


def line(verdicts: Sequence[Verdict], *, whole: bool = False) -> list[str]:
    """The figures of some trials; of the ``whole`` how many samplings went on and their mean step, not each step."""
    steps = [step for verdict in verdicts for step in verdict.went_on_at]
    away = [verdict.away_s for verdict in verdicts if verdict.away_s is not None]
    kinds = [verdict.trial.kind for verdict in verdicts]
    return [
        *(str(kinds.count(kind)) for kind in ("worker", "server")),
        str(JOBS * len(verdicts)),
        *(str(sum(getattr(each, name) for each in verdicts)) for name in ("lost", "doubled", "unequal")),
        f"{len(steps)} x {mean(steps):.1f}" if whole and steps else " ".join(map(str, steps)),
        f"{mean(away):.1f}" if away else "",
    ]


if __name__ == "__main__":
    sys.exit(main())
