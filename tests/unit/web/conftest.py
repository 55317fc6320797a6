"""A server with a real queue and bus, over a pool that replays a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from engine.bus import Bus
from engine.events import Event, NodeFinished, RunFinished, RunStarted
from engine.folders import Folders
from engine.graph import NodeRef
from engine.jobs import Job
from engine.jobs_sqlite import SqliteQueue
from engine.memory import Machine, Memory, Remembered, Weights, Working
from engine.node import NodeInfo, OutputSpec
from engine.pool import PlanSummary
from engine.replacements import Replacement
from web.app import make_app
from web.keys import Parts
from web.settings import Settings

Server = TestClient[Any, Any]
PROMPT = {"1": {"class_type": "Save", "inputs": {}}}
MEMORY = Memory(
    Machine(resident_bytes=1, limit_bytes=8000, free_bytes=5000),
    weights_budget_bytes=4000,
    weights=(Weights("unet", "a", "float32", "cpu", 700, 0), Weights("vae", "a", "float32", "cpu", 70, 0)),
    remembered=(Remembered("memory", 20, 2, 1000), Remembered("disk", 300)),
    working=(Working("j", "1", "latents", 6),),
)
INFO = NodeInfo(
    name="Save",
    inputs={"required": {"images": ["IMAGE"]}, "optional": {"n": ["INT", {"default": 1}]}},
    hidden={"prompt": "PROMPT"},
    outputs=(OutputSpec("INT", "count"),),
    category="image",
    title="Save it",
    description="Saves.",
    module="nodes",
    is_output=True,
    takes_lists=False,
    flags={"own": 1, "experimental": True, "deprecated": True},
)


def ref(node_id: str) -> NodeRef:
    return NodeRef(node_id, node_id, None, node_id)


def one_picture(job: Job) -> list[Event]:
    """A job that saves ``cat.png``."""
    ui = {"images": [{"filename": "cat.png", "subfolder": "", "type": "output"}]}
    return [RunStarted(job.id), NodeFinished(job.id, ref("1"), ui, is_output=True), RunFinished(job.id)]


class FakePool:
    """Runs ``script`` for each job, once ``go`` is set, and ends it when ``end`` is."""

    size = 1

    def __init__(self) -> None:
        self.script: Callable[[Job], list[Event]] = one_picture
        self.ready, self.go, self.end = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.ready.set()
        self.go.set()
        self.end.set()
        self.freed: list[tuple[bool, bool]] = []
        self.cancelled: list[str] = []
        self.closed = False

    async def load(self) -> None:
        await self.ready.wait()

    async def describe(self) -> list[NodeInfo]:
        await self.ready.wait()
        return [INFO]

    async def replacements(self) -> Mapping[str, Sequence[Replacement]]:
        await self.ready.wait()
        return {}

    async def plan(self, prompt: Mapping[str, Any], only: Collection[str] | None = None) -> PlanSummary:
        await self.ready.wait()
        if prompt.get("1", {}).get("class_type") == "Broken":
            raise RuntimeError("the secret is 42")
        return PlanSummary(prompt, ("1",))

    async def run(self, job: Job) -> AsyncIterator[Event]:
        await self.go.wait()
        for event in self.script(job):
            if isinstance(event, RunFinished):
                await self.end.wait()
            yield event

    async def cancel(self, job_id: str) -> bool:
        self.cancelled.append(job_id)
        self.go.set()
        return True

    async def memory(self) -> Memory:
        await self.ready.wait()
        return MEMORY

    async def free(self, *, models: bool, cache: bool) -> None:
        self.freed.append((models, cache))

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def settings() -> Settings:
    return Settings(max_upload_mb=1)


@pytest.fixture
async def pool() -> FakePool:
    return FakePool()


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path)
    made.lay_out()
    return made


@pytest.fixture
async def server(
    aiohttp_client: Callable[..., Awaitable[Server]], pool: FakePool, folders: Folders, settings: Settings
) -> Server:
    return await aiohttp_client(make_app(Parts(SqliteQueue(":memory:"), pool, Bus(), folders, settings)))


@pytest.fixture
def submit(server: Server) -> Callable[..., Awaitable[str]]:
    async def submit(**more: Any) -> str:
        async with server.post("/prompt", json={"prompt": PROMPT, **more}) as response:
            assert response.status == 200, await response.text()
            job_id: str = (await response.json())["prompt_id"]
            return job_id

    return submit


@pytest.fixture
def finished(server: Server, submit: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
    async def finished(**more: Any) -> str:
        """Submit a job and wait until it is in the history."""
        job_id = await submit(**more)
        for _ in range(500):
            async with server.get(f"/history/{job_id}") as response:
                if await response.json():
                    return job_id
            await asyncio.sleep(0.005)
        raise AssertionError(f"{job_id} did not end")

    return finished
