"""The contract, for every cache there is."""

from pathlib import Path

from engine.cache import Cache, MemoryCache, NoCache, Tier
from engine.cache_disk import DiskCache
from engine.cache_policies import ClassicCache, LruCache
from engine.cache_tiered import Tiered
from tests.unit.contracts.cache_contract import CacheContract, PlainCodec, key, result

MIB = 1024 * 1024


class TestMemoryCache(CacheContract):
    def make(self, folder: Path) -> Cache:
        return MemoryCache(MIB)


class TestLruCache(CacheContract):
    def make(self, folder: Path) -> Cache:
        return LruCache(100)


class TestClassicCache(CacheContract):
    def make(self, folder: Path) -> Cache:
        return ClassicCache()


class TestDiskCache(CacheContract):
    tiers: frozenset[Tier] = frozenset({"disk"})

    def make(self, folder: Path) -> Cache:
        return DiskCache(folder, MIB, PlainCodec(), b"salt")

    async def settle(self, cache: Cache) -> None:
        assert isinstance(cache, DiskCache)
        await cache.flush()


class TestTiered(CacheContract):
    tiers: frozenset[Tier] = frozenset({"memory", "disk"})
    outlives_clear = True

    def make(self, folder: Path) -> Cache:
        self.disk = DiskCache(folder, MIB, PlainCodec())
        return Tiered(MemoryCache(MIB), self.disk)

    async def settle(self, cache: Cache) -> None:
        await self.disk.flush()


class TestTieredWithoutRoomInMemory(TestTiered):
    """Everything is found on disk."""

    def make(self, folder: Path) -> Cache:
        self.disk = DiskCache(folder, MIB, PlainCodec())
        return Tiered(MemoryCache(0), self.disk)


async def test_no_cache_remembers_nothing() -> None:
    cache: Cache = NoCache()
    cache.begin([key(1)])
    await cache.put(key(1), result(1), 100.0)
    assert cache.has(key(1)) is None
    assert await cache.get(key(1)) is None
    assert list(await cache.usage()) == []
    await cache.clear()
    await cache.close()
