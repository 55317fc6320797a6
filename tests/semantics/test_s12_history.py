"""Section 12: what history keeps."""

from pathlib import Path
from typing import Any

import pytest

from engine.events import NodeFinished
from engine.jobs import Job, Outcome
from engine.jobs_sqlite import SqliteQueue
from tests.semantics.stage import Stage
from tests.support.toys import api
from web.cli.pools import local_pool
from web.cli.wiring import build_folders

SHOWN = api(n=("Number", {"value": 1}), o=("Show", {"value": ["n", 0], "style": "plain"}))


@pytest.mark.rule("12-a", "12-c", "12-j", "2-v")
async def test_s12_an_entry(stage: Stage) -> None:
    told = await stage.run(SHOWN)
    assert list(told.entry) == ["prompt", "outputs", "status", "meta"]
    number, prompt_id, prompt, extra, targets = told.entry["prompt"]
    assert (number, prompt_id, prompt, targets) == (0, told.id, SHOWN, ["o"])
    assert list(extra) == ["extra_pnginfo", "client_id", "create_time"]
    status = told.entry["status"]
    assert list(status) == ["status_str", "completed", "messages"]
    assert (status["status_str"], status["completed"]) == ("success", True)
    assert status["messages"] == [
        [kind, told.data(kind)[0]] for kind in ("execution_start", "execution_cached", "execution_success")
    ]
    assert all(isinstance(data["timestamp"], int) for _, data in status["messages"])
    assert told.entry["outputs"] == {"o": {"text": ["1"]}}
    assert told.entry["meta"] == {"o": {"node_id": "o", "display_node": "o", "parent_node": None, "real_node_id": "o"}}


@pytest.mark.rule("12-b", "12-g")
async def test_s12_what_remembered_nodes_showed_is_there_and_only_what_was_visited(stage: Stage) -> None:
    first = await stage.run({**SHOWN, **api(p=("Show", {"value": 5, "style": "plain"}))})
    assert sorted(first.entry["outputs"]) == ["o", "p"]
    again = await stage.run(SHOWN)
    assert again.executing() == [None]
    assert again.entry["outputs"] == {"o": {"text": ["1"]}}
    assert list(again.entry["meta"]) == ["o"]


@pytest.mark.rule("12-b")
async def test_s12_what_remembered_expanded_nodes_showed_is_there(stage: Stage) -> None:
    prompt = api(x=("TExpand", {"v": 1}), o=("TOut", {"v": ["x", 0]}))
    await stage.run(prompt)
    assert (await stage.run(prompt)).entry["outputs"]["o"] == {"text": ["2"]}


@pytest.mark.rule("12-e")
async def test_s12_entries_outlive_the_server(tmp_path: Path) -> None:
    """The reference forgets them when it stops."""
    queue = await SqliteQueue(tmp_path / "queue.sqlite").open()
    job = await queue.put(Job(SHOWN, ("o",)))
    await queue.claim()
    await queue.finish(job.id, Outcome("succeeded", 1, 2, outputs={"o": {"text": ["1"]}}))
    await queue.close()
    again = await SqliteQueue(tmp_path / "queue.sqlite").open()
    (record,) = await again.history()
    assert (record.job.id, record.outcome.outputs) == (job.id, {"o": {"text": ["1"]}})
    await again.close()


@pytest.mark.rule("12-f")
async def test_s12_entries_are_in_the_order_in_which_jobs_ended(stage: Stage) -> None:
    ids = [(await stage.run(SHOWN, number=number)).id for number in (3, 1, 2)]
    assert list(await stage.get("/history")) == ids


@pytest.mark.rule("12-h")
async def test_s12_pictures_are_shown_by_name_folder_and_kind(tmp_path: Path) -> None:
    prompt = api(
        e=("EmptyImage", {"width": 8, "height": 8, "batch_size": 2, "color": 0}),
        s=("SaveImage", {"images": ["e", 0], "filename_prefix": "a/b"}),
        p=("PreviewImage", {"images": ["e", 0]}),
    )
    pool = local_pool(build_folders(tmp_path))
    shown: dict[str, Any] = {}
    async for event in pool.run(Job(prompt, ("s", "p"))):
        if isinstance(event, NodeFinished) and event.ui:
            shown[event.node.id] = event.ui["images"]
    await pool.close()
    assert shown["s"] == [{"filename": f"b_0000{i}_.png", "subfolder": "a", "type": "output"} for i in (1, 2)]
    assert [list(image) for image in shown["p"]] == [["filename", "subfolder", "type"]] * 2
    assert {image["type"] for image in shown["p"]} == {"temp"}
