"""A worker process as the one that started it sees it: asked over a channel, watched, and ended."""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from engine import told
from engine.channel import Channel
from engine.deaths import cause_of, count_kills
from engine.events import Event
from engine.jobs import Job
from engine.log_relay import log_again

log = logging.getLogger(__name__)
printed = logging.getLogger("worker")
"""What nodes print goes here, line by line."""

PING_EVERY_S = 1.0
STARTS_WITHIN_S = 60.0
"""Until it speaks for the first time: Python starts, and the worker before it may have to end."""
LAST_WORDS_S = 1.0
TAIL_LINES = 30
STOPS = "the server stops"
LINE_CHARACTERS = 8192

Ending: TypeAlias = Exception | None
Events: TypeAlias = "asyncio.Queue[Event | Ending]"


class WorkerGone(Exception):
    """The worker ended before it answered. ``culprit`` is the job for which it had to be ended, if that is known."""

    def __init__(self, cause: str, culprit: str | None = None) -> None:
        super().__init__(cause)
        self.cause, self.culprit = cause, culprit


class WorkerProcess:
    """One child process, from ``start`` to ``ended``. For one event loop."""

    def __init__(self, process: asyncio.subprocess.Process, channel: Channel, silence_s: float) -> None:
        self._process, self._channel, self._silence_s = process, channel, silence_s
        self.pid = process.pid
        self._is_up = asyncio.Event()
        self.never = ""
        """Why jobs can never run in it, once it has said so."""
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._heard: dict[int, Events] = {}
        self._quiet_s, self._has_spoken = 0.0, False
        self._reason: WorkerGone | None = None
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._kills = count_kills()
        self._listening = asyncio.create_task(self._listen(), name=f"listen to worker {self.pid}")
        self._watching = asyncio.create_task(self._ping(), name=f"ping worker {self.pid}")
        self._reading = [
            asyncio.create_task(self._read_lines(stream, tail), name=f"output of worker {self.pid}")
            for stream, tail in ((process.stdout, None), (process.stderr, self._tail))
            if stream
        ]
        self._ending = asyncio.create_task(self._end(), name=f"end of worker {self.pid}")

    @classmethod
    async def start(cls, command: Sequence[str], hello: Any, silence_s: float) -> WorkerProcess:
        """Run ``command`` with the number of its end of the channel behind it, and say ``hello``. Raises OSError."""
        ours, theirs = socket.socketpair()
        pipe, none = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    *(*command, str(theirs.fileno())),
                    pass_fds=(theirs.fileno(),),
                    stdin=none,
                    stdout=pipe,
                    stderr=pipe,
                    process_group=0,  # so that Ctrl-C in a terminal reaches the server alone, which tells the worker
                )
            except BaseException:
                ours.close()
                raise
        worker = cls(process, await Channel.over(ours), silence_s)
        worker._channel.send(hello)
        return worker

    async def ask(self, method: str, parameters: Mapping[str, Any]) -> Any:
        """What a method of the worker's pool answers, as JSON values. Raises its EngineError, WorkerGone."""
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            self._channel.send(["ask", number, method, parameters])
            return await answer
        finally:
            self._asked.pop(number, None)

    def run(self, job: Job) -> tuple[int, Events]:
        """Begin with a job: a number to ``leave`` it by, and its events, with None or an error as the end."""
        number = next(self._numbers)
        events = self._heard[number] = asyncio.Queue()
        self._channel.send(["ask", number, "run", {"job": job}])
        return number, events

    async def leave(self, number: int, within_s: float, job_id: str) -> None:
        """Have a job ended whose events nobody hears; kill the worker if that takes too long."""
        events = self._heard.get(number)
        if events is None:
            return
        self._channel.send(["leave", number])
        try:
            async with asyncio.timeout(within_s):
                while isinstance(await events.get(), Event):
                    pass
        except TimeoutError:
            self.kill(f"job {job_id} did not stop within {within_s:g} s", job_id)

    def tell(self, method: str, parameters: Mapping[str, Any]) -> None:
        """Ask for something whose answer does not matter."""
        self._channel.send(["ask", next(self._numbers), method, parameters])

    def kill(self, cause: str, culprit: str | None = None) -> None:
        """End it at once. The first cause counts."""
        self._reason = self._reason or WorkerGone(cause, culprit)
        with suppress(ProcessLookupError):
            self._process.kill()

    async def comes_up(self) -> bool:
        """Wait until it has loaded the node types, or never will, or has ended before that; whether it has."""
        coming = asyncio.create_task(self._is_up.wait(), name=f"start of worker {self.pid}")
        await asyncio.wait([self._ending, coming], return_when=asyncio.FIRST_COMPLETED)
        coming.cancel()
        return self._is_up.is_set() and not self.never

    async def ended(self) -> WorkerGone:
        """Wait until the process has ended and all it said was heard; return how it ended."""
        return await asyncio.shield(self._ending)

    def fail_all(self, gone: WorkerGone) -> None:
        """Tell who still waits for an answer that there will be none."""
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(gone)
        for events in self._heard.values():
            events.put_nowait(gone)
        self._heard.clear()

    async def close(self, within_s: float) -> None:
        """Let it write what it remembers, and end it."""
        self.tell("close", {})
        try:
            async with asyncio.timeout(within_s):
                await self._process.wait()
        except TimeoutError:
            if within_s:
                log.warning("the worker did not stop within %g s and is killed", within_s)
        self.kill(STOPS)
        await self.ended()

    async def _end(self) -> WorkerGone:
        status = await self._process.wait()
        self._watching.cancel()
        _, unheard = await asyncio.wait([self._listening, *self._reading], timeout=LAST_WORDS_S)
        for task in unheard:  # processes that it started may hold its pipes open
            task.cancel()
        await asyncio.wait([self._watching, self._listening, *self._reading])
        self._channel.close()
        return self._reason or WorkerGone(cause_of(status, self._tail, killed_by_system=count_kills() > self._kills))

    async def _listen(self) -> None:
        try:
            async for message in self._channel.messages():
                self._quiet_s, self._has_spoken = 0.0, True
                self._hear(message)
        except Exception as error:
            log.exception("worker %d said something that cannot be understood", self.pid)
            self.kill(f"it said something that cannot be understood: {error}")

    def _hear(self, message: Any) -> None:
        match message:
            case ["event", number, event]:
                if events := self._heard.get(number):
                    events.put_nowait(told.read_event(event))
            case ["answer", number, value]:
                self._settle(number, value, None)
            case ["error", number, error]:
                self._settle(number, None, told.read_error(error))
            case ["log", record]:
                log_again(record)
            case ["up"]:
                self._is_up.set()
            case ["never", why]:
                self.never = why
                self._is_up.set()
            case ["pong"]:
                pass
            case _:
                raise ValueError(f"{message!r:.200}")

    def _settle(self, number: int, value: Any, error: Ending) -> None:
        if events := self._heard.pop(number, None):
            events.put_nowait(error)
        answer = self._asked.get(number)
        if answer is None or answer.done():
            return
        if error:
            answer.set_exception(error)
        else:
            answer.set_result(value)

    async def _ping(self) -> None:
        """Count the pings without an answer, not the time: it may be this process that was stopped for a while."""
        every_s = min(PING_EVERY_S, self._silence_s / 4)
        while self._quiet_s < (self._silence_s if self._has_spoken else max(self._silence_s, STARTS_WITHIN_S)):
            self._channel.send(["ping"])
            await asyncio.sleep(every_s)
            self._quiet_s += every_s
        self.kill(f"it did not answer for {self._quiet_s:g} seconds: it was stopped, or hangs in native code")

    async def _read_lines(self, stream: asyncio.StreamReader, tail: deque[str] | None) -> None:
        rest = ""
        while chunk := await stream.read(1 << 16):
            *lines, rest = (rest + chunk.decode(errors="replace")).split("\n")
            self._print(lines, tail)
            if len(rest) > LINE_CHARACTERS:
                self._print([rest], tail)
                rest = ""
        self._print([rest], tail)

    def _print(self, lines: Iterable[str], tail: deque[str] | None) -> None:
        for line in lines:
            shown = line.rstrip("\r").rpartition("\r")[2].rstrip()  # of a progress bar, what it shows at last
            if not shown:
                continue
            printed.info("%s", shown)
            if tail is not None:
                tail.append(shown)
