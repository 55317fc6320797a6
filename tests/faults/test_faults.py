"""A short run of ``make faults``: killed four times, nothing is lost, doubled or different."""

from pathlib import Path

import pytest
from rich.console import Console

from tests.faults.__main__ import STEPS, all_tried
from tests.faults.trials import KINDS, drawn

QUICK = ["euler_ancestral", "dpmpp_3m_sde", "lms"]
"""One evaluation a step; with noise of either kind, with and without a past."""

LONGER = 4
"""Times as many steps as ``make faults`` takes: what is stored costs a hundredth of the time, so where others slow the
machine down, a short sampling may end before its first step is stored."""


@pytest.mark.slow
async def test_jobs_survive_that_their_processes_are_killed(tmp_path: Path) -> None:
    trials = drawn(4, 7, QUICK, LONGER * STEPS, 4)
    assert {trial.kind for trial in trials} == set(KINDS)
    verdicts = await all_tried(tmp_path, trials, Console(quiet=True))
    assert [trouble for verdict in verdicts for trouble in verdict.troubles] == []
    assert sum(len(verdict.went_on_at) for verdict in verdicts) >= 2  # most kills hit a sampling that had got somewhere
