"""What clients hear of a job whose worker dies."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.errors import WorkerDied
from engine.events import Event, NodeFinished, NodeNote, NodeProgress, NodeStarted, RunFinished, RunStarted
from engine.jobs import Job
from tests.unit.web.conftest import FakePool, Server, ref

CAUSE = "the worker was killed by signal 9 (SIGKILL)"


class DyingPool(FakePool):
    """Its worker dies of a job in the first ``deaths`` attempts."""

    deaths = 1

    async def run(self, job: Job) -> AsyncIterator[Event]:
        await asyncio.sleep(0)
        yield RunStarted(job.id)
        yield NodeStarted(job.id, ref("1"))
        yield NodeProgress(job.id, ref("1"), 1, 2)
        if job.attempts <= self.deaths:
            raise WorkerDied(CAUSE)
        yield NodeNote(job.id, ref("1"), "tiled, for lack of memory")
        yield NodeFinished(job.id, ref("1"), {"text": ["done"]}, is_output=True)
        yield RunFinished(job.id)

    async def explain(self, job_id: str) -> None:
        return None


@pytest.fixture
async def pool() -> DyingPool:
    return DyingPool()


async def heard(server: Server, prompt: Any) -> list[dict[str, Any]]:
    """What the client of a job hears, but for the status and the state of progress."""
    async with server.ws_connect("/ws?clientId=me") as socket:
        async with server.post("/prompt", json={"prompt": prompt, "client_id": "me"}) as response:
            assert response.status == 200
        messages: list[dict[str, Any]] = []
        async with asyncio.timeout(10):
            while not messages or messages[-1]["data"].get("node", "") is not None:
                message = await socket.receive_json()
                if message["type"] not in ("status", "progress_state"):
                    messages.append(message)
    return messages


PROMPT = {"1": {"class_type": "Save", "inputs": {}}}
BEGINS = ["execution_start", "execution_cached", "executing", "progress"]


async def job_of(server: Server, messages: list[dict[str, Any]]) -> Any:
    async with server.get(f"/v1/jobs/{messages[0]['data']['prompt_id']}") as response:
        return await response.json()


async def events_of(server: Server, job_id: str) -> str:
    async with server.get(f"/v1/jobs/{job_id}/events") as response:
        return await response.text()


async def test_a_job_that_is_taken_up_again_simply_starts_again(server: Server) -> None:
    messages = await heard(server, PROMPT)
    assert [message["type"] for message in messages] == [
        *BEGINS,
        *BEGINS,
        "executed",
        "execution_success",
        "executing",
    ]
    job = await job_of(server, messages)
    assert (job["state"], job["attempts"], job["deaths"], job["error"]) == ("succeeded", 2, 1, None)
    assert job["notes"] == [{"node_id": "1", "text": "tiled, for lack of memory"}]
    events = await events_of(server, job["id"])
    assert "id: 2-1\n" in events
    assert "id: 1-1\n" not in events


async def test_a_job_that_dies_again_fails_with_the_cause(server: Server, pool: DyingPool) -> None:
    pool.deaths = 2
    messages = await heard(server, PROMPT)
    assert [message["type"] for message in messages] == [*BEGINS, *BEGINS, "execution_error", "executing"]
    error = messages[-2]["data"]
    assert (error["node_id"], error["node_type"], error["exception_type"]) == ("1", "Save", "WorkerDied")
    assert error["exception_message"] == CAUSE + "\n"
    job = await job_of(server, messages)
    assert (job["state"], job["attempts"], job["deaths"]) == ("failed", 2, 2)
    assert (job["error"]["message"], job["error"]["node_id"]) == (CAUSE, "1")
    async with server.get(f"/history/{job['id']}") as response:
        entry = (await response.json())[job["id"]]
    assert entry["status"]["messages"][-1] == ["execution_error", error]
