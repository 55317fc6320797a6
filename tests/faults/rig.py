"""``wireloom serve`` with a client, and ways to kill its processes."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import numpy as np
import psutil
from PIL import Image

from tests.faults.trials import Drawing, Trial
from tests.support.server import Server

CLIENT = "faults"
ENDS_WITHIN_S = 300.0
WORKER_ENDS_WITHIN_S = 20.0
WENT_ON = re.compile(r"seed (\d+), goes on after step (\d+) of")
ENDED = ("execution_success", "execution_error", "execution_interrupted")


class Rig:
    """A server on a data folder of its own, and what its websocket has told: ``async with Rig(folder) as rig``."""

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True)
        self.data, self.server = data, Server(data)
        self.heard: list[tuple[float, str, str]] = []
        self._stirred = asyncio.Condition()
        self._http = aiohttp.ClientSession()
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._hang_up()
        await self._http.close()
        if self.server.process and self.server.process.poll() is None:
            await asyncio.to_thread(self.server.stop)

    async def start(self) -> None:
        """Start the server, and listen."""
        await asyncio.to_thread(self.server.start)
        socket = await self._http.ws_connect(f"{self.server.url}/ws?clientId={CLIENT}")
        self._listening = asyncio.create_task(self._listen(socket))

    async def post(self, drawing: Drawing, prefix: str) -> str:
        """Queue a job; its id."""
        body = {"prompt": drawing.workflow(prefix), "client_id": CLIENT}
        async with self._http.post(f"{self.server.url}/prompt", json=body) as answer:
            return str((await answer.json())["prompt_id"])

    async def history(self) -> dict[str, Any]:
        async with self._http.get(f"{self.server.url}/history") as answer:
            history: dict[str, Any] = await answer.json()
            return history

    async def remaining(self) -> int:
        """How many jobs are queued or run."""
        async with self._http.get(f"{self.server.url}/prompt") as answer:
            return int((await answer.json())["exec_info"]["queue_remaining"])

    async def forget(self) -> None:
        """Have nothing remembered, so that the next trial's jobs all run."""
        async with self._http.post(f"{self.server.url}/free", json={"free_memory": True}) as answer:
            answer.raise_for_status()

    async def until(self, came: Callable[[], bool], within_s: float = ENDS_WITHIN_S) -> None:
        """Wait for what messages tell. Raises TimeoutError."""
        async with asyncio.timeout(within_s), self._stirred:
            await self._stirred.wait_for(came)

    def count(self, kind: str, job_id: str) -> int:
        """How many messages of a kind were heard of a job."""
        return sum(1 for _, what, whose in self.heard if (what, whose) == (kind, job_id))

    def first(self, kinds: tuple[str, ...], job_id: str, since: float = 0.0) -> float | None:
        """When such a message was heard first."""
        return next((at for at, what, whose in self.heard if at >= since and what in kinds and whose == job_id), None)

    async def kill(self, trial: Trial) -> float:
        """Kill one of the two processes; the other one does what it does then. When that was."""
        server = psutil.Process(self.server.process.pid) if self.server.process else None
        assert server
        workers = server.children()
        if trial.kind == "worker":
            assert len(workers) == 1, f"the server has {len(workers)} workers"
            at = time.monotonic()
            workers[0].kill()
            return at
        at = time.monotonic()
        await asyncio.to_thread(self.server.stop, signal.SIGKILL)
        await self._hang_up()
        _, alive = await asyncio.to_thread(psutil.wait_procs, workers, WORKER_ENDS_WITHIN_S)
        if alive:
            raise RuntimeError(f"the worker {alive[0].pid} lives on after its server was killed")
        await self.start()
        return at

    def log(self) -> str:
        return (self.data / "server.log").read_text()

    def pictures(self, prefix: str) -> list[Path]:
        """The files in the output folder whose names begin so, with what is not whole."""
        folder = (self.data / "output" / prefix).parent
        return [path for path in folder.glob("*") if path.name.startswith((f"{Path(prefix).name}_", "."))]

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    continue
                told = json.loads(message.data)
                async with self._stirred:
                    self.heard.append((time.monotonic(), told["type"], str(told["data"].get("prompt_id", ""))))
                    self._stirred.notify_all()
        finally:
            await socket.close()

    async def _hang_up(self) -> None:
        if self._listening:
            self._listening.cancel()
            await asyncio.wait([self._listening])


def pixels(path: Path) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(path))
