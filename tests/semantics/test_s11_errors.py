"""Section 11: how failures are told."""

import time
from typing import Annotated, Any

import pytest

from engine.cache import NoCache
from engine.declare import node
from engine.errors import UnsafePath
from engine.events import RunFailed
from engine.jobs import Job
from engine.marks import Socket
from engine.node import InputSpec, NodeDef
from engine.pool_local import LocalPool
from tests.conformance.conftest import Listener
from tests.semantics.stage import Stage
from tests.support.toys import api, new_lanes, registry

KEYS = [
    "prompt_id",
    "node_id",
    "node_type",
    "executed",
    "exception_message",
    "exception_type",
    "traceback",
    "current_inputs",
    "current_outputs",
    "timestamp",
]


class Picture:
    def __str__(self) -> str:
        return "a picture"


@node("Fails", lane="cpu", is_output=True)
def fails(value: int, thing: Annotated[Any, Socket("*")], words: str = "", flag: bool = True) -> None:
    raise UnsafePath("out of bounds")


@node("Picture", lane="cpu")
def picture(value: int) -> Annotated[Any, Socket("*")]:
    return Picture()


async def failure(stage: Stage) -> tuple[dict[str, Any], str]:
    """The execution_error of a job whose second node fails, and the job's id."""
    inputs = {"value": ["n", 0], "thing": ["p", 0], "words": "w", "flag": False}
    prompt = api(n=("Range", {"count": 2}), p=("Picture", {"value": 1}), f=("Fails", inputs))
    told = await stage.run(prompt)
    (error,) = told.data("execution_error")
    assert told.entry["status"]["messages"][-1] == ["execution_error", error]
    return error, told.id


@pytest.mark.rule("11-a", "11-b", "11-c", "11-d", "11-e", "11-f", "11-g", "11-i", "11-j")
async def test_s11_a_failure_is_told_whole(open_stage: Any) -> None:
    error, prompt_id = await failure(await open_stage(fails.definition, picture.definition))
    assert list(error) == KEYS
    assert (error["prompt_id"], error["node_id"], error["node_type"]) == (prompt_id, "f", "Fails")
    assert sorted(error["executed"]) == ["n", "p"]
    assert error["exception_message"] == "out of bounds\n"
    assert error["exception_type"] == "engine.errors.UnsafePath"
    assert all(line.endswith("\n") for line in error["traceback"])
    assert "in fails" in error["traceback"][-1]
    assert error["current_inputs"] == {"value": [0, 1], "thing": ["a picture"], "words": ["w"], "flag": [False]}
    assert sorted(error["current_outputs"]) == ["n", "p"]
    assert isinstance(error["timestamp"], int)
    assert abs(error["timestamp"] - time.time() * 1000) < 60_000


@pytest.mark.rule("11-e")
async def test_s11_a_built_in_exception_has_no_module_in_its_name(stage: Stage) -> None:
    told = await stage.run(api(b=("Boom", {"value": 1}), o=("Show", {"value": ["b", 0], "style": "plain"})))
    assert told.data("execution_error")[0]["exception_type"] == "ValueError"


@pytest.mark.rule("11-h")
async def test_s11_inputs_that_were_not_gathered_are_empty(open_stage: Any) -> None:
    def needs(lists: Any) -> set[str]:
        return {"nothing"}

    asks = NodeDef("Asks", lambda a: None, (InputSpec("a", "INT", lazy=True),), is_output=True, needs=needs)
    stage: Stage = await open_stage(asks)
    (error,) = (await stage.run(api(n=("Number", {"value": 1}), t=("Asks", {"a": ["n", 0]})))).data("execution_error")
    assert error["node_id"] == "t"
    assert error["current_inputs"] in ({}, {"a": [None]})


@pytest.mark.rule("11-l", "11-m")
async def test_s11_an_interrupt_of_a_job_without_client_is_told_to_all(stage: Stage) -> None:
    async with stage.server.ws_connect("/ws") as socket:
        answer = await stage.post({"prompt": api(n=("TLong", {"v": 1}))})
        while not (await stage.get("/queue"))["queue_running"]:
            pass
        await stage.server.post("/interrupt")
        for listener in (stage.listener, Listener(socket)):
            data = (await listener.until("execution_interrupted"))["data"]
            assert list(data) == ["prompt_id", "node_id", "node_type", "executed", "timestamp"]
            assert data["prompt_id"] == answer["prompt_id"]


class OutOfMemoryError(RuntimeError):
    """As torch's for devices is called."""


@pytest.mark.rule("11-k")
@pytest.mark.parametrize(
    "error",
    [MemoryError(), OutOfMemoryError("no room"), RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes")],
)
async def test_s11_when_memory_runs_out_a_hint_is_given_and_models_are_unloaded(error: Exception) -> None:
    unloaded: list[bool] = []

    @node("Greedy", lane="cpu", is_output=True)
    def greedy() -> None:
        raise error

    pool = LocalPool(lambda: registry(greedy.definition), NoCache(), new_lanes(), unload=lambda: unloaded.append(True))
    events = [event async for event in pool.run(Job(api(g=("Greedy", {})), ("g",)))]
    await pool.close()
    assert isinstance(events[-1], RunFailed)
    assert "not enough memory" in events[-1].failure.message
    assert unloaded == [True]
