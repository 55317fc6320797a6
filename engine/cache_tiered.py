"""Memory before disk."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from engine.cache import TIERS, Cache, Tier
from engine.cache_disk import DiskCache
from engine.keys import Key
from engine.memory import Remembered
from engine.node import Result


class Tiered:
    """Results in memory, and on disk those that are worth it. What is found on disk comes into memory.

    A hit in memory is no use of the file, so that it costs no look at the disk.
    ``clear`` lets go of the memory only: the disk is for the next start as well, and has a budget of its own.
    """

    def __init__(self, memory: Cache, disk: DiskCache) -> None:
        self._memory, self._disk = memory, disk

    async def get(self, key: Key) -> Result | None:
        if result := await self._memory.get(key):
            return result
        if found := await self._disk.fetch(key):
            await self._memory.put(key, *found)
            return found[0]
        return None

    async def put(self, key: Key, result: Result, seconds: float = 0.0) -> None:
        await self._memory.put(key, result, seconds)
        await self._disk.put(key, result, seconds)

    def has(self, key: Key) -> Tier | None:
        return self._memory.has(key) or self._disk.has(key)

    def begin(self, keys: Collection[Key]) -> None:
        self._memory.begin(keys)
        self._disk.begin(keys)

    async def usage(self, tiers: Collection[Tier] = TIERS) -> Sequence[Remembered]:
        return [*await self._memory.usage(tiers), *await self._disk.usage(tiers)]

    async def clear(self) -> None:
        await self._memory.clear()

    async def close(self) -> None:
        await self._memory.close()
        await self._disk.close()
