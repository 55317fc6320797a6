"""One ledger of what is in memory, weights, remembered results and running work; and what of it can go."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from engine.cache import Cache
from engine.machine import machine
from engine.memory import Memory, Weights, Working

T = TypeVar("T")

MB = 1_000_000


class Models(Protocol):
    """The weights of networks in memory. Safe from any thread."""

    @property
    def budget_bytes(self) -> int: ...

    def weights(self) -> Sequence[Weights]:
        """The least recently used first."""
        ...

    def drop_all(self, but: Collection[object] = ()) -> Sequence[object]:
        """Let go of all weights but those of some networks; return the networks whose weights went."""
        ...


class Ledger:
    """What this process keeps in memory, and how to let go of it.

    ``give_back`` returns to the system what was freed but is still held by allocators. The methods that free and tell
    are the event loop's; a node in a thread uses ``now``.
    """

    def __init__(
        self, cache: Cache, models: Models | None = None, give_back: Callable[[], object] = lambda: None
    ) -> None:
        self._cache, self._models, self._give_back = cache, models, give_back
        self._working: list[Callable[[], Working]] = []
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def working(self, work: Callable[[], Working]) -> Iterator[None]:
        """Note what a running node holds, until it ends; ``work`` is asked from any thread for what that is then."""
        with self._lock:
            self._working.append(work)
        try:
            yield
        finally:
            with self._lock:
                self._working.remove(work)

    async def memory(self) -> Memory:
        """All figures now."""
        budget, weights = (self._models.budget_bytes, self._models.weights()) if self._models else (0, ())
        now = await asyncio.to_thread(machine)
        return Memory(now, budget, tuple(weights), tuple(await self._cache.usage()), self._works())

    async def forget(self) -> str | None:
        """Let go of the remembered results in memory; say what went, None if nothing did."""
        held = await self._cache.usage(["memory"])
        count, size = sum(each.entries or 0 for each in held), sum(each.size_bytes for each in held)
        if not count:
            return None
        await self._cache.clear()
        self._collect()
        return f"{count} remembered results ({size / MB:.1f} MB) were let go"

    async def unload(self, but: Collection[object] = ()) -> str | None:
        """Let go of the weights of all networks but some, and give memory back to the system; say so."""
        before = self._models.weights() if self._models else ()
        gone = self._models.drop_all(but) if self._models else ()
        self._collect()
        if not gone:
            return "memory that lay unused was given back to the system"
        left = set(self._models.weights() if self._models else ())
        named = [f"{each.part} of {each.file} ({each.size_bytes / MB:.1f} MB)" for each in before if each not in left]
        return f"models were unloaded: {', '.join(named)}"

    def told(self) -> str:
        """One line on what is in memory, for who has to find out why there is not enough."""
        now, weights = machine(), self._models.weights() if self._models else ()
        named = ", ".join(f"{each.part} of {each.file} {each.size_bytes / MB:.1f} MB" for each in weights)
        running = sum(each.size_bytes for each in self._works())
        return (
            f"This process had {now.resident_bytes / MB:.0f} MB of {now.limit_bytes / MB:.0f} MB that it may have; "
            f"weights in memory: {named or 'none'}; held by what runs: {running / MB:.1f} MB."
        )

    def begin(self) -> None:
        """Jobs run on the event loop that calls this."""
        self._loop = asyncio.get_running_loop()

    def now(self, call: Coroutine[Any, Any, T]) -> T:
        """Have ``forget`` or ``unload`` done, from a node's thread, and wait for it."""
        if self._loop is None:
            raise RuntimeError("no job runs: begin() was not called")
        return asyncio.run_coroutine_threadsafe(call, self._loop).result()

    def _works(self) -> tuple[Working, ...]:
        with self._lock:
            return tuple(work() for work in self._working)

    def _collect(self) -> None:
        # Milliseconds on the event loop: a thread for it could not be started when memory is short.
        gc.collect()
        self._give_back()
