"""Explanations that outlive the process."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from engine.cache import MemoryCache
from engine.jobs import Job
from engine.notebook import Notebook
from engine.plan import plan
from engine.run import Run
from engine.workflow import read_api
from tests.support.toys import api, new_lanes, registry


def document(value: int = 1, **more: Any) -> dict[str, Any]:
    return api(
        n=("Number", {"value": value}),
        sum=("Add", {"a": ["n", 0], "b": 1}),
        show=("Show", {"value": ["sum", 0], "style": "plain"}),
        **more,
    )


async def noted(notebook: Notebook, workflow: dict[str, Any], cache: MemoryCache) -> dict[str, Any]:
    """Run a workflow, note it, and ask for its explanation."""
    definitions = registry()
    checked = plan(read_api(workflow), definitions)
    lanes, job = new_lanes(), Job(prompt=checked.prompt, targets=checked.targets)
    run = Run(job, checked.graph, definitions, cache, lanes, lambda event: None)
    try:
        await run.execute(checked.targets)
    finally:
        lanes.close()
    notebook.note(run)
    explained = await notebook.explanation(job.id)
    assert explained is not None
    return explained


def told(explained: dict[str, Any]) -> dict[str, Any]:
    return {node_id: (account["how"], account["causes"]) for node_id, account in explained.items()}


async def test_a_run_is_explained_against_the_one_before(tmp_path: Path) -> None:
    notebook, cache = Notebook(tmp_path / "notes.sqlite"), MemoryCache(10**7)
    first = await noted(notebook, document(), cache)
    assert told(first) == {node_id: ("ran", [{"kind": "new"}]) for node_id in ("n", "sum", "show")}
    second = await noted(notebook, document(), cache)
    assert told(second) == {"n": ("skipped", []), "sum": ("skipped", []), "show": ("memory", [])}
    third = await noted(notebook, document(5), cache)
    assert told(third) == {
        "n": ("ran", [{"kind": "input", "input": "value", "before": 1, "now": 5}]),
        "sum": ("ran", [{"kind": "upstream", "input": "a", "node": "n"}]),
        "show": ("ran", [{"kind": "upstream", "input": "value", "node": "sum"}]),
    }
    await notebook.close()


async def test_the_next_process_knows_the_runs_of_the_last(tmp_path: Path) -> None:
    before = Notebook(tmp_path / "notes.sqlite")
    await noted(before, document(), MemoryCache(10**7))
    await before.close()
    after = Notebook(tmp_path / "notes.sqlite")
    again = await noted(after, document(2), MemoryCache(10**7))
    assert again["n"]["causes"] == [{"kind": "input", "input": "value", "before": 1, "now": 2}]
    await after.close()


async def test_two_processes_may_share_it(tmp_path: Path) -> None:
    one, two = Notebook(tmp_path / "notes.sqlite"), Notebook(tmp_path / "notes.sqlite")
    await noted(one, document(1), MemoryCache(10**7))
    await noted(two, document(2), MemoryCache(10**7))
    third = await noted(one, document(3), MemoryCache(10**7))
    assert third["n"]["causes"][0]["before"] == 2
    await asyncio.gather(one.close(), two.close())


async def test_another_workflow_in_between_is_not_compared_with(tmp_path: Path) -> None:
    notebook, cache = Notebook(tmp_path / "notes.sqlite"), MemoryCache(10**7)
    await noted(notebook, document(1), cache)
    await noted(notebook, api(n=("Range", {"count": 3}), show=("Show", {"value": ["n", 0], "style": "loud"})), cache)
    third = await noted(notebook, document(4), cache)
    assert third["n"]["causes"] == [{"kind": "input", "input": "value", "before": 1, "now": 4}]
    await notebook.close()


async def test_an_unknown_job_has_no_explanation() -> None:
    notebook = Notebook()
    assert await notebook.explanation("nobody") is None
    await notebook.close()


@pytest.mark.parametrize("broken", [b"this is no database, whatever its name says" * 40])
async def test_a_broken_file_is_a_line_in_the_log(
    broken: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "notes.sqlite"
    path.write_bytes(broken)
    notebook, cache = Notebook(path), MemoryCache(10**7)
    with caplog.at_level(logging.WARNING):
        await noted(notebook, document(1), cache)
        second = await noted(notebook, document(2), cache)
    assert second["n"]["causes"][0]["before"] == 1
    assert "will not outlive this process" in caplog.text
    await notebook.close()


async def test_nodes_that_an_expansion_brought_are_explained_too() -> None:
    notebook = Notebook()
    workflow = api(c=("Countdown", {"value": 2}), show=("Show", {"value": ["c", 0], "style": "plain"}))
    explained = await noted(notebook, workflow, MemoryCache(10**7))
    assert [(each, explained[each]["parent"], explained[each]["shown_as"]) for each in ("c", "c.0", "c.0.0")] == [
        ("c", None, "c"),
        ("c.0", "c", "c"),
        ("c.0.0", "c.0", "c"),
    ]
    await notebook.close()
