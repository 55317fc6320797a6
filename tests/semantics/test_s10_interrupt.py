"""Section 10: interrupting."""

import threading
import time
import uuid
from typing import Any

import pytest

from engine.context import Context
from engine.declare import node
from tests.semantics.stage import Stage
from tests.support.toys import api

OUT = api(o=("Show", {"value": 1, "style": "plain"}))


async def ended(stage: Stage) -> dict[str, Any]:
    """Interrupt what runs; the data of the message that tells so."""
    await stage.server.post("/interrupt")
    return dict((await stage.listener.until("execution_interrupted"))["data"])


@pytest.mark.rule("10-a")
async def test_s10_no_node_begins_after_an_interrupt(open_stage: Any) -> None:
    begun, go = threading.Event(), threading.Event()

    @node("Deaf", lane="gpu")
    def deaf(value: int) -> int:
        begun.set()
        go.wait(5)
        return value

    stage: Stage = await open_stage(deaf.definition)
    await stage.submit(api(d=("Deaf", {"value": 1}), o=("Show", {"value": ["d", 0], "style": "plain"})))
    while not begun.is_set():
        await stage.get("/queue")
    await stage.server.post("/interrupt")
    go.set()
    heard = await stage.listener.until_done()
    assert [m["data"]["node"] for m in heard if m["type"] == "executing"] == ["d", None]
    assert [m["data"]["node_id"] for m in heard if m["type"] == "execution_interrupted"] == ["d"]


@pytest.mark.rule("10-b", "13-c")
async def test_s10_a_progress_update_ends_an_interrupted_node(stage: Stage) -> None:
    await stage.submit(api(p=("Patient", {"steps": 1000}), o=("Show", {"value": ["p", 0], "style": "plain"})))
    await stage.listener.until("progress")
    began = time.perf_counter()
    assert (await ended(stage))["node_id"] == "p"
    assert time.perf_counter() - began < 1  # s; all its steps take five


@pytest.mark.rule("10-c", "11-l")
async def test_s10_a_long_loop_may_ask_and_the_interrupt_is_told(stage: Stage) -> None:
    answer = await stage.submit(api(n=("TLong", {"v": 1})))
    await stage.listener.until("executing")
    data = await ended(stage)
    assert isinstance(data.pop("timestamp"), int)
    assert data == {"prompt_id": answer["prompt_id"], "node_id": "n", "node_type": "TLong", "executed": []}


@pytest.mark.rule("10-c")
async def test_s10_code_that_catches_every_exception_cannot_swallow_an_interrupt(open_stage: Any) -> None:
    @node("Stubborn", lane="gpu", is_output=True)
    def stubborn(ctx: Context, value: int) -> None:
        for _ in range(1000):
            try:
                ctx.check()
            except Exception:
                continue
            time.sleep(0.002)

    stage: Stage = await open_stage(stubborn.definition)
    await stage.submit(api(s=("Stubborn", {"value": 1})))
    await stage.listener.until("executing")
    assert (await ended(stage))["node_id"] == "s"


@pytest.mark.rule("10-d", "10-f", "12-j")
async def test_s10_history_has_an_error_and_the_queue_goes_on(stage: Stage) -> None:
    first = await stage.submit(api(n=("TLong", {"v": 1})))
    await stage.listener.until("executing")
    second = await stage.submit(OUT)
    await ended(stage)
    status = (await stage.entry(first["prompt_id"]))["status"]
    assert (status["status_str"], status["completed"]) == ("error", False)
    assert [kind for kind, _ in status["messages"]] == [
        "execution_start",
        "execution_cached",
        "execution_interrupted",
    ]
    assert (await stage.entry(second["prompt_id"]))["status"]["completed"] is True


@pytest.mark.rule("10-e")
async def test_s10_an_interrupt_when_idle_is_lost(stage: Stage) -> None:
    await stage.server.post("/interrupt")
    assert (await stage.run(OUT)).entry["status"]["status_str"] == "success"


@pytest.mark.rule("10-g")
async def test_s10_an_interrupt_may_name_its_job(stage: Stage) -> None:
    """The reference has one flag for the process; here each job has its own."""
    answer = await stage.submit(api(n=("TLong", {"v": 1})))
    await stage.listener.until("executing")
    await stage.server.post("/interrupt", json={"prompt_id": str(uuid.uuid4())})
    assert [item[1] for item in (await stage.get("/queue"))["queue_running"]] == [answer["prompt_id"]]
    await stage.server.post("/interrupt", json={"prompt_id": answer["prompt_id"]})
    assert (await stage.listener.until("execution_interrupted"))["data"]["prompt_id"] == answer["prompt_id"]
