"""Where blocking work goes: threads in named lanes of fixed width, the lowest rank first."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

T = TypeVar("T")

INLINE = "inline"
"""Not a lane of threads: at once, on the event loop. For work of microseconds, less than waking a thread takes."""

SETTLE_TURNS = 3
"""Loop turns that a freed lane waits, so that the successor of what just ended can queue and keep its branch going."""


def nothing() -> None:
    """For calls whose beginning nobody wants to hear of."""


class Lane:
    """At most ``width`` calls at once; of those waiting, the lowest rank goes first."""

    def __init__(self, name: str, width: int, initializer: Callable[[], object] | None = None) -> None:
        self._name, self._width, self._initializer = name, width, initializer
        self._calls: queue.SimpleQueue[_Call[Any] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._free = width
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrival = itertools.count()
        self._settling = 0

    async def run(self, rank: int, call: Callable[[], T], begin: Callable[[], object] = nothing) -> T:
        """Run ``call`` in a thread when its turn comes, which ``begin`` is told.

        Cancelled while it runs, it waits until the thread returns.
        """
        await self._acquire(rank)
        try:
            begin()
            return await self._in_thread(call)
        finally:
            self._release()

    def close(self) -> None:
        """Let the threads end once idle."""
        for _ in self._threads:
            self._calls.put(None)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        # Leaner than an executor, whose futures and locks take as long as the switch to the thread itself.
        made = _Call(call)
        if len(self._threads) < self._width - self._free:
            name = f"{self._name}_{len(self._threads)}"
            self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
            self._threads[-1].start()
        self._calls.put(made)
        try:
            return await made.answer
        except asyncio.CancelledError:
            # A thread cannot be killed: it stops at its next Context.check(). Wait for
            # that, or the next job would share the device with a ghost.
            await made.returned()
            raise

    def _work(self) -> None:
        if self._initializer:
            self._initializer()
        while call := self._calls.get():
            call.make()
            del call  # its arguments may be large, and the next call may be long in coming

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


class _Call(Generic[T]):
    """A call on its way through a thread. ``make`` is the thread's, everything else the event loop's."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call: Callable[[], T] | None = call
        self._context = contextvars.copy_context()
        self._loop = asyncio.get_running_loop()
        self._has_returned: asyncio.Future[None] | None = None
        self._over = False
        self.answer: asyncio.Future[T] = self._loop.create_future()

    def make(self) -> None:
        call, self._call = self._call, None
        assert call
        try:
            result = self._context.run(call)
        except BaseException as error:
            self._loop.call_soon_threadsafe(self._fail, error)
        else:
            self._loop.call_soon_threadsafe(self._succeed, result)

    async def returned(self) -> None:
        """Wait until the thread is out of the call, however often one is cancelled meanwhile."""
        self._has_returned = self._loop.create_future()
        while not self._over:
            try:
                await asyncio.wait([self._has_returned])
            except asyncio.CancelledError:
                continue

    def _succeed(self, result: T) -> None:
        if not self.answer.done():  # cancelled meanwhile
            self.answer.set_result(result)
        self._end()

    def _fail(self, error: BaseException) -> None:
        if not self.answer.done():
            # A future takes no StopIteration: it would end whoever awaits it in silence.
            wrong = isinstance(error, StopIteration)
            self.answer.set_exception(RuntimeError(repr(error)) if wrong else error)
        self._end()

    def _end(self) -> None:
        self._over = True
        if self._has_returned:
            self._has_returned.set_result(None)


class Lanes:
    """Lanes by name. A name without a width gets a lane of one."""

    def __init__(self, widths: Mapping[str, int], initializer: Callable[[], object] | None = None) -> None:
        self._widths, self._initializer = dict(widths), initializer
        self._lanes: dict[str, Lane] = {}

    async def run(self, lane: str, rank: int, call: Callable[[], T], begin: Callable[[], object] = nothing) -> T:
        """Run ``call`` in a thread of ``lane``, see ``Lane.run``; or here and now if that is ``INLINE``."""
        if lane == INLINE:
            begin()
            return call()
        if lane not in self._lanes:
            self._lanes[lane] = Lane(lane, self._widths.get(lane, 1), self._initializer)
        return await self._lanes[lane].run(rank, call, begin)

    def close(self) -> None:
        """Let all threads end once idle."""
        for lane in self._lanes.values():
            lane.close()
