"""Remembering results within a budget."""

import sys
from typing import Any

from engine.cache import Cache, MemoryCache, NoCache
from engine.node import Result


def result(*values: Any) -> Result:
    return Result((list(values),))


def sized(budget: int) -> MemoryCache:
    """A cache whose values say how big they are, on top of what the entry itself takes."""
    return MemoryCache(budget, lambda value: int(str(value)))


OVERHEAD = sys.getsizeof(result(0))


async def test_what_was_put_is_found() -> None:
    cache: Cache = MemoryCache(1000)
    kept = result("a", "b")
    await cache.put(b"key", kept)
    assert await cache.get(b"key") is kept
    assert await cache.has(b"key")
    assert await cache.get(b"other") is None
    assert not await cache.has(b"other")


async def test_the_least_recently_used_goes_first() -> None:
    cache = sized(2 * (100 + OVERHEAD))
    await cache.put(b"1", result(100))
    await cache.put(b"2", result(100))
    await cache.get(b"1")
    await cache.put(b"3", result(100))
    assert [await cache.has(key) for key in (b"1", b"2", b"3")] == [True, False, True]


async def test_asking_whether_is_no_use() -> None:
    cache = sized(2 * (100 + OVERHEAD))
    await cache.put(b"1", result(100))
    await cache.put(b"2", result(100))
    await cache.has(b"1")
    await cache.put(b"3", result(100))
    assert not await cache.has(b"1")


async def test_a_big_entry_displaces_several() -> None:
    cache = sized(1000 + OVERHEAD)
    for key in (b"1", b"2", b"3"):
        await cache.put(key, result(200))
    await cache.put(b"big", result(1000))
    assert [await cache.has(key) for key in (b"1", b"2", b"3", b"big")] == [False, False, False, True]
    assert cache.used_bytes == 1000 + OVERHEAD


async def test_an_entry_bigger_than_the_budget_is_not_kept_and_displaces_nothing() -> None:
    cache = sized(1000)
    await cache.put(b"small", result(100))
    await cache.put(b"big", result(2000))
    assert await cache.has(b"small")
    assert not await cache.has(b"big")


async def test_an_entry_put_again_is_counted_once() -> None:
    cache = sized(1000)
    await cache.put(b"key", result(300))
    await cache.put(b"key", result(200))
    assert cache.used_bytes == 200 + OVERHEAD


async def test_a_cleared_cache_is_empty() -> None:
    cache = sized(1000)
    await cache.put(b"key", result(300))
    await cache.clear()
    assert await cache.get(b"key") is None
    assert cache.used_bytes == 0


async def test_no_cache_remembers_nothing() -> None:
    cache: Cache = NoCache()
    await cache.put(b"key", result("a"))
    await cache.clear()
    assert await cache.get(b"key") is None
    assert not await cache.has(b"key")
