"""Remembered results by key. Equal key, equal result, so an entry is never wrong, only absent."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

from engine.keys import Key
from engine.memory import Remembered
from engine.node import Result

Tier: TypeAlias = Literal["memory", "disk"]
"""Where a result is remembered."""
TIERS: tuple[Tier, ...] = ("memory", "disk")


class Cache(Protocol):
    """Remembers results. May forget any of them at any time; a broken entry is a miss, never an error."""

    def has(self, key: Key) -> Tier | None:
        """Where ``get`` would find it; cheap, and it does not count as a use."""
        ...

    async def get(self, key: Key) -> Result | None: ...

    async def put(self, key: Key, result: Result, seconds: float = 0.0) -> None:
        """Remember a result that took so long to compute: dear ones are kept longer."""
        ...

    def begin(self, keys: Collection[Key]) -> None:
        """A job begins that has nodes with these keys. Policies that count jobs do so here."""
        ...

    async def usage(self, tiers: Collection[Tier] = TIERS) -> Sequence[Remembered]:
        """What the tiers keep now; without a look at the disk if only the memory is asked for."""
        ...

    async def clear(self) -> None:
        """Let go of the memory."""
        ...

    async def close(self) -> None:
        """Finish what is being written; nothing more is remembered."""
        ...


class Codec(Protocol):
    """What a cache asks about values that the engine does not understand."""

    def size(self, value: object) -> int:
        """Bytes of memory that go free when ``value`` does, which may be a list or a tuple of several."""
        ...

    def digest(self, value: object) -> bytes | None:
        """A hash of the content, equal for equal values; None if it has none to speak of, such as a model."""
        ...

    def dump(self, value: object) -> bytes | None:
        """The value as bytes; None if it cannot be stored, such as a model."""
        ...

    def load(self, data: bytes) -> object:
        """The inverse of ``dump``. Raises ValueError for bytes that are none of its own."""
        ...


class NoCache:
    """Remembers nothing."""

    async def get(self, key: Key) -> Result | None:
        return None

    async def put(self, key: Key, result: Result, seconds: float = 0.0) -> None:
        pass

    def has(self, key: Key) -> Tier | None:
        return None

    def begin(self, keys: Collection[Key]) -> None:
        pass

    async def usage(self, tiers: Collection[Tier] = TIERS) -> Sequence[Remembered]:
        return ()

    async def clear(self) -> None:
        pass

    async def close(self) -> None:
        pass


ENTRY_BYTES = 512
"""What an entry takes besides its values."""
LEAST_S = 1e-4
"""No result is had again for less: a node costs something even if its function does not."""
SPARE_RANKS = 1000
"""Ranks of entries put again may lie about before they are cleared away."""
SCALARS = frozenset({int, float, bool, type(None)})


def plain_size(value: object) -> int:
    """Bytes of texts, numbers, and containers of them; other objects count without what they refer to."""
    if isinstance(value, Mapping):
        return sys.getsizeof(value) + sum(plain_size(item) for item in value.values())
    if isinstance(value, list | tuple):
        return sys.getsizeof(value) + sum(plain_size(item) for item in value)
    return sys.getsizeof(value)


class MemoryCache:
    """At most ``budget_bytes`` of results; the cheapest to have again for their bytes go first. For one event loop.

    Greedy-Dual-Size-Frequency (Cherkasova 1998, HPL-98-69R1): an entry's priority is ``clock + uses * seconds /
    bytes``, where the clock is the priority of what went last, so that what is used no more ages. ``size`` gives a
    value's bytes; the default knows only Python objects, so pass a codec's for tensors.
    """

    def __init__(self, budget_bytes: int, size: Callable[[object], int] = plain_size) -> None:
        self.budget_bytes = budget_bytes
        self.used_bytes = 0
        self._size = size
        self._entries: dict[Key, _Entry] = {}
        self._heap: list[tuple[float, int, Key, _Entry]] = []  # as each entry was ranked when it was last looked at
        self._clock = 0.0
        self._uses = 0

    async def get(self, key: Key) -> Result | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._rank(entry)
        return entry.result

    async def put(self, key: Key, result: Result, seconds: float = 0.0) -> None:
        """Remember a result, unless it alone is bigger than the budget."""
        if old := self._entries.pop(key, None):
            self.used_bytes -= old.size
        size = self._bytes_of(result)
        if size > self.budget_bytes:
            return
        self.used_bytes += size
        if self.used_bytes > self.budget_bytes:
            self._make_room()
        entry = self._entries[key] = _Entry(result, size, max(seconds, LEAST_S) / size)
        self._rank(entry)
        heapq.heappush(self._heap, (entry.priority, entry.used, key, entry))
        if len(self._heap) > 2 * len(self._entries) + SPARE_RANKS:
            self._heap = [(each.priority, each.used, key, each) for key, each in self._entries.items()]
            heapq.heapify(self._heap)

    def has(self, key: Key) -> Tier | None:
        return "memory" if key in self._entries else None

    def begin(self, keys: Collection[Key]) -> None:
        pass

    async def usage(self, tiers: Collection[Tier] = TIERS) -> Sequence[Remembered]:
        if "memory" not in tiers:
            return ()
        return [Remembered("memory", self.used_bytes, len(self._entries), self.budget_bytes)]

    async def clear(self) -> None:
        self._entries.clear()
        self._heap.clear()
        self.used_bytes = 0

    async def close(self) -> None:
        pass

    def _bytes_of(self, result: Result) -> int:
        """An entry is never free: a million empty results take memory too."""
        size = ENTRY_BYTES
        for values in result.lists:
            size += 8 * len(values)
            if not SCALARS.issuperset(map(type, values)):
                return ENTRY_BYTES + self._size((*result.lists, result.ui))
        return size if result.ui is None else size + self._size(result.ui)

    def _rank(self, entry: _Entry) -> None:
        self._uses += 1
        entry.hits += 1
        entry.used = self._uses
        entry.priority = self._clock + entry.hits * entry.rate

    def _make_room(self) -> None:
        """Drop entries until the bytes in use fit. O(log n) each: ranks only rise, so an old one is a lower bound."""
        while self.used_bytes > self.budget_bytes:
            priority, used, key, entry = heapq.heappop(self._heap)
            if self._entries.get(key) is not entry:
                continue  # put again since
            if entry.used != used:
                heapq.heappush(self._heap, (entry.priority, entry.used, key, entry))
                continue
            del self._entries[key]
            self.used_bytes -= entry.size
            self._clock = priority


class _Entry:
    """A result; ``rate`` is the seconds that a byte of it spares. Of equal priorities the least recently used goes."""

    __slots__ = ("hits", "priority", "rate", "result", "size", "used")

    def __init__(self, result: Result, size: int, rate: float) -> None:
        self.result, self.size, self.rate = result, size, rate
        self.hits = self.used = 0
        self.priority = 0.0
