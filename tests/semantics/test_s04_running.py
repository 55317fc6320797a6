"""Section 4 up to 4.3: a job from its start to its end, which nodes run, and what is told of them."""

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.declare import node
from engine.events import RunFinished
from engine.jobs import Job
from tests.conformance.conftest import Listener
from tests.semantics.stage import Stage
from tests.support.toys import api
from web.cli.pools import local_pool
from web.cli.wiring import build_folders

SHOWN = api(n=("Number", {"value": 1}), o=("Show", {"value": ["n", 0], "style": "plain"}))
LONG = api(n=("TLong", {"v": 1}))


def show(value: Any) -> tuple[str, dict[str, Any]]:
    return "Show", {"value": value, "style": "plain"}


@pytest.mark.rule("4-a", "10-e")
async def test_s4_an_interrupt_when_nothing_runs_ends_no_later_job(stage: Stage) -> None:
    await stage.server.post("/interrupt")
    assert (await stage.run(SHOWN)).types()[-3:] == ["execution_success", "status", "executing"]


@pytest.mark.rule("4-b")
async def test_s4_only_the_jobs_client_hears_of_it(stage: Stage) -> None:
    async with stage.server.ws_connect("/ws?clientId=cid2") as socket:
        other = Listener(socket)
        answer = await stage.post({"prompt": SHOWN, "client_id": "cid2"})
        assert {m["data"].get("prompt_id") for m in await other.until_done() if m["type"] != "status"} == {
            answer["prompt_id"]
        }
        await stage.entry((await stage.post({"prompt": api(o=show(2))}))["prompt_id"])
        told = await stage.run(api(o=show(3)))
        assert {m["data"].get("prompt_id", told.id) for m in told.heard} == {told.id}


@pytest.mark.rule("4-c")
async def test_s4_a_job_may_do_without_previews_and_only_that_job(stage: Stage) -> None:
    """``taesd`` is a model that is not here; who asks for it gets the previews there are."""
    await stage.announce()
    methods = ("none", "default", "none", "auto", "latent2rgb", "taesd", "unheard of", None, ["none"])
    seen = []
    for number, method in enumerate(methods):
        prompt = api(s=("TSlow", {"v": number}), o=show(["s", 0]))
        told = await stage.run(prompt, extra_data={"preview_method": method})
        seen.append(told.types().count("binary"))
        assert len(told.data("progress")) == 2
    assert seen == [0, 2, 0, 2, 2, 2, 2, 2, 2]


@pytest.mark.rule("4-d", "4-e", "4-g", "4-h", "4-j")
async def test_s4_a_job_is_told_from_start_to_end(stage: Stage) -> None:
    prompt = {**api(late=show(["n", 0])), **SHOWN}
    told = await stage.run(prompt)
    assert told.types()[2:4] == ["execution_start", "execution_cached"]
    assert told.types()[-3:] == ["execution_success", "status", "executing"]
    assert told.data("execution_cached")[0]["nodes"] == []
    assert sorted(told.entry["outputs"]) == ["late", "o"]
    again = await stage.run(prompt)
    assert again.data("execution_cached")[0]["nodes"] == ["late", "n", "o"]


@pytest.mark.rule("4-f")
async def test_s4_nodes_that_no_output_needs_are_not_listed_as_cached(stage: Stage) -> None:
    """The reference lists them. Who draws the list would mark nodes that have no part in the job."""
    await stage.run(SHOWN)
    told = await stage.run({**SHOWN, **api(m=("Number", {"value": 1}))})
    assert told.data("execution_cached")[0]["nodes"] == ["n", "o"]


@pytest.mark.rule("4-i", "4-j")
async def test_s4_a_failure_ends_the_job(stage: Stage) -> None:
    prompt = api(
        n=("Number", {"value": 1}),
        b=("Boom", {"value": ["n", 0]}),
        o=show(["b", 0]),
        s=("Add", {"a": ["b", 0], "b": 1}),
        p=show(["s", 0]),
    )
    told = await stage.run(prompt)
    assert told.executing() == ["n", "b", None]
    assert told.types()[-3:] == ["execution_error", "status", "executing"]
    assert "execution_success" not in told.types()
    assert told.entry["status"]["status_str"] == "error"


@pytest.mark.rule("4-j")
async def test_s4_history_is_there_when_the_end_is_told(stage: Stage) -> None:
    answer = await stage.submit(SHOWN)
    await stage.listener.until_done()
    assert answer["prompt_id"] in await stage.get("/history")


@pytest.mark.rule("4-k")
@pytest.mark.parametrize("lane", ["cpu", "gpu"])
async def test_s4_nodes_of_a_server_compute_without_gradients(tmp_path: Path, lane: str) -> None:
    found = []

    @node("Grad", lane=lane, is_output=True)
    def grad() -> None:
        found.append(torch.is_grad_enabled())

    pool = local_pool(build_folders(tmp_path))
    (await pool.registry()).add(grad.definition)
    events = [event async for event in pool.run(Job(api(g=("Grad", {})), ("g",)))]
    await pool.close()
    assert isinstance(events[-1], RunFinished)
    assert found == [False]


@pytest.mark.rule("4.1-a", "4.1-b", "4.1-e")
async def test_s4_1_only_what_is_needed_runs_and_sources_come_first(stage: Stage) -> None:
    prompt = api(
        o=show(["s", 0]),
        s=("Add", {"a": ["n", 0], "b": ["m", 0]}),
        m=("Add", {"a": ["n", 0], "b": 1}),
        n=("Number", {"value": 1}),
        unneeded=("Boom", {"value": ["n", 0]}),
    )
    assert (await stage.run(prompt)).executing() == ["n", "m", "s", "o", None]


@pytest.mark.rule("4.1-c")
async def test_s4_1_lazy_sources_do_not_run_unasked(stage: Stage) -> None:
    prompt = api(
        n=("Number", {"value": 1}),
        b=("Boom", {"value": 1}),
        c=("Choose", {"first": True, "a": ["n", 0], "b": ["b", 0]}),
        o=show(["c", 0]),
    )
    assert "b" not in (await stage.run(prompt)).executing()


@pytest.mark.rule("4.1-d", "4.1-f", "4.3-a")
async def test_s4_1_remembered_nodes_do_not_run_nor_what_they_need(stage: Stage) -> None:
    await stage.run(SHOWN)
    told = await stage.run({**SHOWN, **api(p=("Show", {"value": ["n", 0], "style": "loud"}))})
    assert told.executing() == ["p", None]
    assert [data["node"] for data in told.data("executed")] == ["o", "p"]


@pytest.mark.rule("4.2-a")
async def test_s4_2_an_output_that_is_ready_runs_before_the_next_branch(stage: Stage) -> None:
    prompt = api(
        n=("TSlow", {"v": 1}),
        m=("TSlow", {"v": 2}),
        o=("TOut", {"v": ["n", 0]}),
        p=("TOut", {"v": ["m", 0]}),
    )
    assert (await stage.run(prompt)).executing() == ["n", "o", "m", "p", None]


@pytest.mark.rule("4.2-e")
async def test_s4_2_async_work_is_waited_for(stage: Stage) -> None:
    told = await stage.run(api(a=("TAsync", {"v": 3}), o=("TOut", {"v": ["a", 0]})))
    assert told.shown("o") == ["3"]


@pytest.mark.rule("4.3-a", "4.3-c", "9.1-q")
async def test_s4_3_a_remembered_output_tells_what_it_showed(stage: Stage) -> None:
    await stage.run(SHOWN)
    told = await stage.run(SHOWN)
    assert told.types() == [
        "status",
        "status",
        "execution_start",
        "execution_cached",
        "executed",
        "progress_state",
        "execution_success",
        "status",
        "executing",
    ]
    assert told.data("executed") == [
        {"node": "o", "display_node": "o", "output": {"text": ["1"]}, "prompt_id": told.id}
    ]
    (state,) = told.data("progress_state")
    assert state["nodes"]["o"].items() >= {"value": 1, "max": 1, "state": "finished"}.items()
    assert list(state["nodes"]) == ["o"]


@pytest.mark.rule("4.3-b", "4.3-j", "5-r")
async def test_s4_3_an_output_that_showed_nothing_is_told_with_null_when_remembered(open_stage: Any) -> None:
    @node("Quiet", is_output=True)
    def quiet(value: int) -> None: ...

    stage: Stage = await open_stage(quiet.definition)
    prompt = api(q=("Quiet", {"value": 1}))
    assert (await stage.run(prompt)).data("executed") == []
    (executed,) = (await stage.run(prompt)).data("executed")
    assert executed["output"] is None


@pytest.mark.rule("4.3-d", "4.3-g", "4.3-i", "13-e")
async def test_s4_3_a_node_tells_that_it_runs_and_then_that_it_is_done(stage: Stage) -> None:
    told = await stage.run(api(o=show(1)))
    assert told.types()[4:8] == ["progress_state", "executing", "executed", "progress_state"]
    before, after = told.data("progress_state")
    who = {"node_id": "o", "prompt_id": told.id, "display_node_id": "o", "parent_node_id": None, "real_node_id": "o"}
    assert before == {"prompt_id": told.id, "nodes": {"o": {"value": 0.0, "max": 1.0, "state": "running", **who}}}
    assert after == {"prompt_id": told.id, "nodes": {"o": {"value": 1.0, "max": 1.0, "state": "finished", **who}}}
    assert told.data("executing")[0] == {"node": "o", "display_node": "o", "prompt_id": told.id}


@pytest.mark.rule("4.3-f")
async def test_s4_3_a_lazy_node_tells_again_that_it_runs(stage: Stage) -> None:
    prompt = api(
        n=("Number", {"value": 1}), c=("Choose", {"first": True, "a": ["n", 0], "b": ["n", 0]}), o=show(["c", 0])
    )
    assert (await stage.run(prompt)).executing() == ["c", "n", "c", "o", None]


@pytest.mark.rule("4.3-h")
async def test_s4_3_outputs_are_remembered_for_other_prompts(stage: Stage) -> None:
    await stage.run(SHOWN)
    told = await stage.run(api(other=("Number", {"value": 1}), p=("Show", {"value": ["other", 0], "style": "loud"})))
    assert told.executing() == ["p", None]
