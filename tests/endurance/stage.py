"""A running server and two clients of it, who listen while things are done to its worker."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.endurance.world import NastyServer

LOOK_EVERY_S = 0.02
ENDS = {"execution_success": "succeeded", "execution_error": "failed", "execution_interrupted": "cancelled"}
FREQUENT = ("progress", "progress_state", "execution_cached")


@dataclass
class Heard:
    """What a client heard of a job, each with its time, and why it failed. It has begun with the first message of the
    kind ``first``."""

    first: str
    messages: list[tuple[str, float]] = field(default_factory=list)
    error: str = ""
    began: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, kind: str, data: Mapping[str, Any]) -> None:
        if kind == "executing" and data["node"] is None:
            return
        self.messages.append((kind, time.monotonic()))
        if kind == self.first:
            self.began.set()
        if kind == "execution_error":
            self.error = f"{data['exception_type']}: {data['exception_message']}"
        if kind in ENDS:
            self.ended.set()

    @property
    def ends(self) -> list[str]:
        """As what it ended: once, if all is well."""
        return [ENDS[kind] for kind, _ in self.messages if kind in ENDS]

    @property
    def ended_at(self) -> float:
        return max(when for kind, when in self.messages if kind in ENDS)

    def shown(self) -> str:
        """The kinds of messages in their order, each once as long as it repeats itself."""
        told = [kind for kind, _ in self.messages if kind not in FREQUENT]
        return ", ".join(kind for index, kind in enumerate(told) if not index or told[index - 1] != kind)


class Refused(Exception):
    """The server's complaint about a request."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        super().__init__(f"{status}: {error['message']}: {error['details']}")
        self.status = status


class Stage:
    """``workers`` are the process ids of all that there were, with the time when each was first seen."""

    def __init__(self, server: NastyServer, session: aiohttp.ClientSession, stack: AsyncExitStack) -> None:
        self.server, self.stack = server, stack
        self.workers: list[tuple[int, float]] = []
        self._session = session
        self._jobs: dict[str, Heard] = {}

    async def listen(self, client_id: str) -> None:
        """Hear what a client of this name is told, from now on."""
        socket = await self._session.ws_connect(f"{self.server.url}/ws?clientId={client_id}", max_msg_size=0)

        async def hear() -> None:
            async for message in socket:
                if message.type == aiohttp.WSMsgType.TEXT:
                    told = message.json()
                    if heard := self._jobs.get(told["data"].get("prompt_id", "")):
                        heard.add(told["type"], told["data"])

        self.keep(hear())

    def watch(self) -> None:
        """Note each worker that comes."""

        async def look() -> None:
            while True:
                worker = await asyncio.to_thread(lambda: self.server.worker)
                if worker and worker.pid not in [pid for pid, _ in self.workers]:
                    self.workers.append((worker.pid, time.monotonic()))
                await asyncio.sleep(LOOK_EVERY_S)

        self.keep(look())

    def keep(self, doing: Coroutine[Any, Any, None]) -> None:
        """Do something beside, as long as this lasts."""
        self.stack.callback(asyncio.create_task(doing).cancel)

    async def queue(self, prompt: Mapping[str, Any], client_id: str) -> tuple[str, Heard]:
        """Queue a job; return its id, and what is heard of it from then on. Raises Refused."""
        job_id = str(uuid.uuid4())
        heard = self._jobs[job_id] = Heard("progress" if len(prompt) > 1 else "execution_start")
        body = {"prompt": prompt, "client_id": client_id, "prompt_id": job_id}
        async with self._session.post(f"{self.server.url}/prompt", json=body) as answer:
            if not answer.ok:
                raise Refused(answer.status, (await answer.json())["error"])
        return job_id, heard

    async def job(self, job_id: str) -> dict[str, Any]:
        """As ``/v1`` shows it."""
        view: dict[str, Any] = await self.get(f"/v1/jobs/{job_id}")
        return view

    async def get(self, path: str) -> Any:
        async with self._session.get(self.server.url + path) as answer:
            assert answer.ok, await answer.text()
            return await answer.json()

    async def cancel(self, job_id: str) -> None:
        async with self._session.delete(f"{self.server.url}/v1/jobs/{job_id}") as answer:
            assert answer.ok, await answer.text()
