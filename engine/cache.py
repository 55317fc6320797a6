"""Remembered results by key. Equal key, equal result, so an entry is never wrong, only absent."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from engine.keys import Key
from engine.node import Result


class Cache(Protocol):
    """Remembers results. May forget any of them at any time; a broken entry is a miss, never an error."""

    async def get(self, key: Key) -> Result | None: ...

    async def put(self, key: Key, result: Result) -> None: ...

    async def has(self, key: Key) -> bool:
        """Whether ``get`` would find it; cheaper, and it does not count as a use."""
        ...

    async def clear(self) -> None: ...


class Codec(Protocol):
    """What a cache asks about values that the engine does not understand."""

    def size(self, value: object) -> int:
        """Bytes of memory that go free when ``value`` does."""
        ...

    def dump(self, value: object) -> bytes | None:
        """The value as bytes; None if it cannot be stored, such as a model."""
        ...

    def load(self, data: bytes) -> object:
        """The inverse of ``dump``."""
        ...


class NoCache:
    """Remembers nothing."""

    async def get(self, key: Key) -> Result | None:
        return None

    async def put(self, key: Key, result: Result) -> None:
        pass

    async def has(self, key: Key) -> bool:
        return False

    async def clear(self) -> None:
        pass


class MemoryCache:
    """At most ``budget_bytes`` of results; the least recently used go first. For one event loop.

    ``size`` gives a value's bytes; the default knows only Python objects, so pass a codec's for tensors.
    """

    def __init__(self, budget_bytes: int, size: Callable[[object], int] = sys.getsizeof) -> None:
        self.budget_bytes = budget_bytes
        self.used_bytes = 0
        self._size = size
        self._entries: OrderedDict[Key, tuple[Result, int]] = OrderedDict()

    async def get(self, key: Key) -> Result | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    async def put(self, key: Key, result: Result) -> None:
        """Remember a result, unless it alone is bigger than the budget."""
        self._drop(key)
        # An entry is never free: a million empty results take memory too.
        size = sys.getsizeof(result) + sum(self._size(value) for values in result.lists for value in values)
        if size > self.budget_bytes:
            return
        self._entries[key] = result, size
        self.used_bytes += size
        while self.used_bytes > self.budget_bytes:
            self._drop(next(iter(self._entries)))

    async def has(self, key: Key) -> bool:
        return key in self._entries

    async def clear(self) -> None:
        self._entries.clear()
        self.used_bytes = 0

    def _drop(self, key: Key) -> None:
        _, size = self._entries.pop(key, (None, 0))
        self.used_bytes -= size
