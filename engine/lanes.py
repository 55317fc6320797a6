"""Where blocking work goes: threads in named lanes of fixed width, the lowest rank first."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

INLINE = "inline"
"""Not a lane of threads: at once, on the event loop. For work of microseconds, less than waking a thread takes."""

SETTLE_TURNS = 3
"""Loop turns that a freed lane waits, so that the successor of what just ended can queue and keep its branch going."""


class Lane:
    """At most ``width`` calls at once; of those waiting, the lowest rank goes first."""

    def __init__(self, name: str, width: int, initializer: Callable[[], object] | None = None) -> None:
        self._threads = ThreadPoolExecutor(width, thread_name_prefix=name, initializer=initializer)
        self._free = width
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrival = itertools.count()
        self._settling = 0

    async def run(self, rank: int, call: Callable[[], T]) -> T:
        """Run ``call`` in a thread when its turn comes. Cancelled while running, it waits until the thread returns."""
        await self._acquire(rank)
        try:
            return await self._in_thread(call)
        finally:
            self._release()

    def close(self) -> None:
        """Let the threads end once idle."""
        self._threads.shutdown(wait=False)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        # One future and one wake-up of the loop; run_in_executor and shield would take three of each.
        loop, context = asyncio.get_running_loop(), contextvars.copy_context()
        answer: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            try:
                result = context.run(call)
            except BaseException as error:
                loop.call_soon_threadsafe(_fail, answer, error)
            else:
                loop.call_soon_threadsafe(_answer, answer, result)

        thread = self._threads.submit(work)
        try:
            return await answer
        except asyncio.CancelledError:
            # A thread cannot be killed: it stops at its next Context.check(). Wait for
            # that, or the next job would share the device with a ghost.
            await _outlast(asyncio.wrap_future(thread))
            raise

    async def _acquire(self, rank: int) -> None:
        if self._free and not self._waiting and not self._settling:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._arrival), turn))
        if not self._settling:
            self._grant()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release()  # granted and cancelled in the same turn
            raise

    def _release(self) -> None:
        self._free += 1
        if self._waiting:
            self._settling += 1
            self._settle(SETTLE_TURNS)

    def _settle(self, turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(self._settle, turns - 1)
            return
        self._settling -= 1
        self._grant()

    def _grant(self) -> None:
        while self._free and self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():  # cancelled while it waited
                self._free -= 1
                turn.set_result(None)


def _answer(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():  # cancelled meanwhile
        answer.set_result(result)


def _fail(answer: asyncio.Future[T], error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(RuntimeError(repr(error)) if isinstance(error, StopIteration) else error)


async def _outlast(future: asyncio.Future[None]) -> None:
    """Wait until ``future`` is done, however often one is cancelled meanwhile."""
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            continue


class Lanes:
    """Lanes by name. A name without a width gets a lane of one."""

    def __init__(self, widths: Mapping[str, int], initializer: Callable[[], object] | None = None) -> None:
        self._widths, self._initializer = dict(widths), initializer
        self._lanes: dict[str, Lane] = {}

    async def run(self, lane: str, rank: int, call: Callable[[], T]) -> T:
        """Run ``call`` in a thread of ``lane``, see ``Lane.run``; or here and now if that is ``INLINE``."""
        if lane == INLINE:
            return call()
        if lane not in self._lanes:
            self._lanes[lane] = Lane(lane, self._widths.get(lane, 1), self._initializer)
        return await self._lanes[lane].run(rank, call)

    def close(self) -> None:
        """Let all threads end once idle."""
        for lane in self._lanes.values():
            lane.close()
