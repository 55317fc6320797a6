"""Caches that count jobs instead of bytes, as ComfyUI's ``--cache-lru`` and ``--cache-classic`` do."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence

from engine.cache import TIERS, Tier, plain_size
from engine.keys import Key
from engine.memory import Remembered
from engine.node import Result


class LruCache:
    """At most ``max_entries`` results of earlier jobs; those whose last job is the longest ago go first.

    Each job is a generation. What the newest job has or made is kept until the next, however much it is.
    """

    def __init__(self, max_entries: int, size: Callable[[object], int] = plain_size) -> None:
        self.max_entries, self._size = max_entries, size
        self._generation = 0
        self._entries: OrderedDict[Key, tuple[Result, int]] = OrderedDict()  # with the last job; last used, last

    async def get(self, key: Key) -> Result | None:
        if entry := self._entries.get(key):
            self._use(key, entry[0])
            return entry[0]
        return None

    async def put(self, key: Key, result: Result, seconds: float = 0.0) -> None:
        self._use(key, result)
        self._trim()

    def has(self, key: Key) -> Tier | None:
        return "memory" if key in self._entries else None

    def begin(self, keys: Collection[Key]) -> None:
        self._generation += 1
        for key in keys:
            if entry := self._entries.get(key):
                self._use(key, entry[0])
        self._trim()

    async def usage(self, tiers: Collection[Tier] = TIERS) -> Sequence[Remembered]:
        return _usage([result for result, _ in self._entries.values()], self._size) if "memory" in tiers else ()

    async def clear(self) -> None:
        self._entries.clear()

    async def close(self) -> None:
        pass

    def _use(self, key: Key, result: Result) -> None:
        self._entries[key] = result, self._generation
        self._entries.move_to_end(key)

    def _trim(self) -> None:
        while len(self._entries) > self.max_entries:
            key, (_, generation) = next(iter(self._entries.items()))
            if generation == self._generation:
                return
            del self._entries[key]


class ClassicCache:
    """What the job before left, as far as the new one has it too: a job drops every other result when it begins.

    Nodes that a run adds to its graph are not known at its beginning: their results stay as long as each job uses them.
    """

    def __init__(self, size: Callable[[object], int] = plain_size) -> None:
        self._size = size
        self._results: dict[Key, Result] = {}
        self._known: frozenset[Key] = frozenset()
        self._used: set[Key] = set()

    async def get(self, key: Key) -> Result | None:
        self._used.add(key)
        return self._results.get(key)

    async def put(self, key: Key, result: Result, seconds: float = 0.0) -> None:
        self._used.add(key)
        self._results[key] = result

    def has(self, key: Key) -> Tier | None:
        return "memory" if key in self._results else None

    def begin(self, keys: Collection[Key]) -> None:
        added = self._used - self._known
        self._known, self._used = frozenset(keys), set()
        self._results = {key: result for key, result in self._results.items() if key in self._known or key in added}

    async def usage(self, tiers: Collection[Tier] = TIERS) -> Sequence[Remembered]:
        return _usage(self._results.values(), self._size) if "memory" in tiers else ()

    async def clear(self) -> None:
        self._results.clear()

    async def close(self) -> None:
        pass


def _usage(results: Collection[Result], size: Callable[[object], int]) -> list[Remembered]:
    return [Remembered("memory", sum(size((*result.lists, result.ui)) for result in results), len(results))]
