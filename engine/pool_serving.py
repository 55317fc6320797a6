"""The worker's end: a pool in this process, asked over a channel by ``engine.pool_process`` in another one.

What is said, as lists: ``ask, id, method, parameters`` is answered by ``answer, id, value`` or ``error, id, error``;
of a job that runs, ``event, id, event`` come before. ``leave, id`` ends a job whose events nobody wants any more.
``ping`` is answered by ``pong``. ``up`` says once that the node types are loaded, or could not be; ``never, why``
that no job can ever run here; ``log, record`` brings a line of the log.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

from engine import told
from engine.channel import Channel
from engine.errors import Misconfigured
from engine.events import Event
from engine.jobs import Job
from engine.pool import WorkerPool

log = logging.getLogger(__name__)

ASKED = frozenset({"replacements", "lower", "diff", "recognise", "plan", "explain", "free", "memory", "close"})
"""Methods of the pool that are passed on as they are."""
AGAIN_S = 0.005


class Serving:
    """Serves ``pool`` to whoever is at the other end of ``channel``."""

    def __init__(self, pool: WorkerPool, channel: Channel) -> None:
        self._pool, self._channel = pool, channel
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._running: set[str] = set()

    async def until_closed(self) -> None:
        """Answer until the other end has asked to close, or hung up."""
        warming = asyncio.create_task(self._warm_up(), name="load nodes")
        async for message in self._channel.messages():
            match message:
                case ["ping"]:
                    self._channel.send(["pong"])
                case ["ask", number, "close", _]:
                    await self._answer(number, "close", {})
                    break
                case ["ask", number, method, parameters]:
                    self._start(number, method, parameters)
                case ["leave", number]:
                    if task := self._tasks.get(number):
                        task.cancel()
                case _:
                    raise ValueError(f"the server said {message!r:.200}")
        warming.cancel()
        self._channel.close()

    async def _warm_up(self) -> None:
        """Load the node types now, so that nobody waits for them later."""
        try:
            await self._pool.describe()
        except Misconfigured as error:
            self._channel.send(["never", str(error)])
            return
        except Exception:  # whoever asks next has it tried again, and is told
            log.exception("the node types could not be loaded")
        self._channel.send(["up"])

    def _start(self, number: int, method: str, parameters: dict[str, Any]) -> None:
        task = asyncio.create_task(self._answer(number, method, parameters), name=f"{method} {number}")
        self._tasks[number] = task
        task.add_done_callback(lambda _: self._tasks.pop(number))

    async def _answer(self, number: int, method: str, parameters: dict[str, Any]) -> None:
        try:
            self._channel.send(["answer", number, await self._do(number, method, parameters)])
        except asyncio.CancelledError:
            self._channel.send(["answer", number, None])
        except Exception as error:
            self._channel.send(["error", number, told.of_error(error)])

    async def _do(self, number: int, method: str, parameters: dict[str, Any]) -> Any:
        if method == "run":
            return await self._run(number, told.read(Job, parameters["job"]))
        if method == "cancel":
            return await self._cancel(parameters["job_id"])
        if method == "describe":
            return await self._describe(parameters["known"])
        if method not in ASKED:
            raise ValueError(f"no method {method!r}")
        return await getattr(self._pool, method)(**parameters)

    async def _describe(self, known: str) -> dict[str, Any] | None:
        """All node types with their digest; None if that is the ``known`` one: they are many, and change seldom."""
        types = {"infos": await self._pool.describe(), "replacements": await self._pool.replacements()}
        digest = await asyncio.to_thread(lambda: hashlib.sha256(told.to_json(types).encode()).hexdigest())
        return None if digest == known else {"digest": digest, **types}

    async def _run(self, number: int, job: Job) -> None:
        self._running.add(job.id)
        try:
            async with aclosing(cast("AsyncGenerator[Event]", self._pool.run(job))) as events:
                async for event in events:
                    self._channel.send(["event", number, told.of_event(event)])
                    if self._channel.is_full:
                        await self._channel.drain()
        finally:
            self._running.discard(job.id)

    async def _cancel(self, job_id: str) -> bool:
        """The pool may be about to begin with the job."""
        while job_id in self._running:
            if await self._pool.cancel(job_id):
                return True
            await asyncio.sleep(AGAIN_S)
        return False
