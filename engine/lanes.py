"""Where blocking work goes: threads in named lanes of fixed width. Jobs take turns, each by its nodes' ranks."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import copy
import heapq
import itertools
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from engine.handing_over import Call

T = TypeVar("T")

INLINE = "inline"
"""Not a lane of threads: at once, on the event loop. For work of microseconds, less than waking a thread takes."""

SETTLE_TURNS = 3
"""Loop turns that a freed lane waits, so that the successor of what just ended can queue and keep its branch going."""


def nothing() -> None:
    """For calls whose beginning nobody wants to hear of."""


class Owner:
    """For whom calls are made: one job, or one of those who have none. The lower its ``urgency``, the sooner."""

    __slots__ = ("served", "urgency")

    def __init__(self, urgency: float = 0) -> None:
        self.urgency = urgency
        self.served: dict[str, int] = {}  # by lane, when it was there last: the turns are counted


class Lane:
    """At most ``width`` calls at once, of one owner at most ``each``.

    Of the owners that wait, the most urgent goes first, among equals the one that was served longest ago; of an
    owner's calls, that of the lowest rank.
    """

    def __init__(
        self, name: str, width: int, initializer: Callable[[], object] | None = None, each: int | None = None
    ) -> None:
        self._name, self._width, self._initializer = name, width, initializer
        self._each = each or width
        self._calls: queue.SimpleQueue[Call[Any] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._free = width
        self._waiting: dict[Owner, list[tuple[int, int, asyncio.Future[None]]]] = {}
        self._running: dict[Owner, int] = {}
        self._arrival, self._turns = itertools.count(), itertools.count()
        self._settling = 0

    async def run(self, owner: Owner, rank: int, call: Callable[[], T], begin: Callable[[], object] = nothing) -> T:
        """Run ``call`` in a thread when its turn comes, which ``begin`` is told.

        Cancelled while it runs, it waits until the thread returns.
        """
        await self._acquire(owner, rank)
        try:
            begin()
            return await self._in_thread(call)
        finally:
            self._release(owner)

    def close(self) -> None:
        """Let the threads end once idle."""
        for _ in self._threads:
            self._calls.put(None)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        made = Call(call)
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

    async def _acquire(self, owner: Owner, rank: int) -> None:
        if self._free and not self._waiting and not self._settling and self._running.get(owner, 0) < self._each:
            self._take(owner)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Who is new comes after those that wait already: else ever new ones would keep them from their turns.
        owner.served.setdefault(self._name, next(self._turns))
        heapq.heappush(self._waiting.setdefault(owner, []), (rank, next(self._arrival), turn))
        if not self._settling:
            self._grant()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release(owner)  # granted and cancelled in the same turn
            raise

    def _take(self, owner: Owner) -> None:
        self._free -= 1
        self._running[owner] = self._running.get(owner, 0) + 1
        owner.served[self._name] = next(self._turns)

    def _release(self, owner: Owner) -> None:
        self._free += 1
        owner.served[self._name] = next(self._turns)
        self._running[owner] -= 1
        if not self._running[owner]:
            del self._running[owner]
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
        while self._free and (owner := self._next()):
            calls = self._waiting[owner]
            _, _, turn = heapq.heappop(calls)
            if not calls:
                del self._waiting[owner]
            if not turn.done():  # cancelled while it waited
                self._take(owner)
                turn.set_result(None)

    def _next(self) -> Owner | None:
        """Whose turn it is."""
        able = [owner for owner in self._waiting if self._running.get(owner, 0) < self._each]
        if len(able) < 2:
            return able[0] if able else None
        return min(able, key=lambda owner: (owner.urgency, owner.served[self._name]))


class Lanes:
    """Lanes by name, as one owner sees them. A name without a width gets a lane of one.

    ``each`` says how many calls of one owner a lane takes at once, where that is less than its width.
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        initializer: Callable[[], object] | None = None,
        each: Mapping[str, int] | None = None,
    ) -> None:
        self._widths, self._initializer, self._each = dict(widths), initializer, dict(each or {})
        self._lanes: dict[str, Lane] = {}
        self._owner = Owner()

    def of(self, owner: Owner) -> Lanes:
        """The same lanes, for the calls of somebody else."""
        seen = copy.copy(self)
        seen._owner = owner
        return seen

    async def run(self, lane: str, rank: int, call: Callable[[], T], begin: Callable[[], object] = nothing) -> T:
        """Run ``call`` in a thread of ``lane``, see ``Lane.run``; or here and now if that is ``INLINE``."""
        if lane == INLINE:
            begin()
            return call()
        if lane not in self._lanes:
            width = self._widths.get(lane, 1)
            self._lanes[lane] = Lane(lane, width, self._initializer, self._each.get(lane))
        place = _place.set(_Place(self, rank, asyncio.get_running_loop()))
        try:
            return await self._lanes[lane].run(self._owner, rank, call, begin)
        finally:
            _place.reset(place)

    def close(self) -> None:
        """Let all threads end once idle."""
        for lane in self._lanes.values():
            lane.close()


class _Place(NamedTuple):
    """Where a call runs."""

    lanes: Lanes
    rank: int
    loop: asyncio.AbstractEventLoop


_place: contextvars.ContextVar[_Place] = contextvars.ContextVar("place")


def call_in(lane: str, call: Callable[[], T]) -> concurrent.futures.Future[T]:
    """From a thread of one lane, have ``call`` run in another, for the same owner and of the same rank.

    Raises LookupError in a thread that is none of a lane.
    """
    lanes, rank, loop = _place.get()
    return asyncio.run_coroutine_threadsafe(lanes.run(lane, rank, call), loop)
