"""Section 13: progress of a node."""

from itertools import pairwise
from typing import Any

import pytest

from engine.context import Context
from engine.declare import node
from tests.semantics.stage import Stage
from tests.support.toys import api

SLOW = api(s=("TSlow", {"v": 1}), o=("TOut", {"v": ["s", 0]}))


@pytest.mark.rule("13-a", "13-b", "13-d")
async def test_s13_an_update_tells_the_state_and_then_the_progress(stage: Stage) -> None:
    told = await stage.run(SLOW)
    kinds = [kind for kind in told.types() if kind.startswith("progress")]
    assert kinds[:6] == ["progress_state", "progress_state", "progress", "progress_state", "progress", "progress_state"]
    assert told.data("progress") == [{"value": value, "max": 2, "prompt_id": told.id, "node": "s"} for value in (1, 2)]
    states = [data["nodes"]["s"] for data in told.data("progress_state")]
    assert [(s["value"], s["max"], s["state"]) for s in states[:4]] == [
        (0.0, 1.0, "running"),
        (1, 2, "running"),
        (2, 2, "running"),
        (2, 2, "finished"),
    ]
    assert list(states[0]) == [
        "value",
        "max",
        "state",
        "node_id",
        "prompt_id",
        "display_node_id",
        "parent_node_id",
        "real_node_id",
    ]


@pytest.mark.rule("13-a")
async def test_s13_each_state_tells_of_all_nodes_so_far(stage: Stage) -> None:
    told = await stage.run(SLOW)
    seen = [list(data["nodes"]) for data in told.data("progress_state")]
    assert seen[0] == ["s"]
    assert seen[-1] == ["s", "o"]
    assert all(len(before) <= len(after) for before, after in pairwise(seen))


@pytest.mark.rule("13-b")
async def test_s13_a_picture_may_go_with_an_update(stage: Stage) -> None:
    await stage.announce()
    frames = [message["binary"] for message in (await stage.run(SLOW)).heard if message["type"] == "binary"]
    assert [frame[8:11] for frame in frames] == [b"\xff\xd8\xff"] * 2


@pytest.mark.rule("13-e")
async def test_s13_a_node_that_fails_is_never_told_as_finished_or_failed(open_stage: Any) -> None:
    @node("Stumble", lane="cpu", is_output=True)
    def stumble(ctx: Context, value: int) -> None:
        ctx.progress(1, 3)
        raise ValueError("no more")

    stage: Stage = await open_stage(stumble.definition)
    told = await stage.run(api(s=("Stumble", {"value": 1})))
    assert {data["nodes"]["s"]["state"] for data in told.data("progress_state")} == {"running"}
