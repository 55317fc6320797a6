"""Remembering results in memory, within a budget."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache import ENTRY_BYTES, LEAST_S, Cache, MemoryCache, plain_size
from engine.cache_policies import ClassicCache, LruCache
from engine.node import Result


@dataclass(frozen=True)
class Blob:
    size: int


def size(value: Any) -> int:
    if isinstance(value, list | tuple):
        return sum(map(size, value))
    return value.size if isinstance(value, Blob) else 0


def blob(size: int) -> Result:
    """A result that takes exactly so much."""
    return Result(([Blob(size - ENTRY_BYTES)],))


def sized(budget: int) -> MemoryCache:
    return MemoryCache(budget, size)


def kept(cache: Cache, keys: bytes) -> bytes:
    """Which of these one-letter keys are there."""
    return bytes(key for key in keys if cache.has(bytes([key])))


class TestMemory:
    async def test_a_result_is_given_back_itself(self) -> None:
        cache, result = sized(10_000), blob(1000)
        await cache.put(b"a", result)
        assert await cache.get(b"a") is result

    async def test_of_equal_worth_the_least_recently_used_goes_first(self) -> None:
        cache = sized(2000)
        await cache.put(b"a", blob(1000), 1.0)
        await cache.put(b"b", blob(1000), 1.0)
        await cache.get(b"a")
        await cache.put(b"c", blob(1000), 1.0)
        assert kept(cache, b"abc") == b"ac"

    async def test_asking_whether_is_no_use(self) -> None:
        cache = sized(2000)
        await cache.put(b"a", blob(1000), 1.0)
        await cache.put(b"b", blob(1000), 1.0)
        cache.has(b"a")
        await cache.put(b"c", blob(1000), 1.0)
        assert kept(cache, b"abc") == b"bc"

    async def test_what_took_long_outlives_what_is_quickly_had_again(self) -> None:
        cache = sized(3000)
        await cache.put(b"s", blob(1000), 20.0)
        for key in b"abcdef":
            await cache.put(bytes([key]), blob(1000), 0.1)
        assert kept(cache, b"sabcdef") == b"sef"

    async def test_what_is_large_goes_before_what_is_small_and_took_as_long(self) -> None:
        cache = sized(10_000)
        await cache.put(b"l", blob(6000), 1.0)
        await cache.put(b"s", blob(1000), 1.0)
        await cache.put(b"n", blob(4000), 1.0)
        assert kept(cache, b"lsn") == b"sn"

    async def test_what_is_used_often_outlives_what_is_not(self) -> None:
        cache = sized(2000)
        await cache.put(b"o", blob(1000), 1.0)
        for _ in range(3):
            await cache.get(b"o")
        for key in b"abc":
            await cache.put(bytes([key]), blob(1000), 1.0)
        assert kept(cache, b"oabc") == b"oc"

    async def test_what_was_dear_once_but_is_used_no_more_goes_in_the_end(self) -> None:
        cache = sized(2000)
        await cache.put(b"o", blob(1000), 5.0)
        for key in range(20):
            await cache.put(bytes([key]), blob(1000), 1.0)
        assert not cache.has(b"o")

    async def test_a_big_entry_displaces_several(self) -> None:
        cache = sized(10_000)
        for key in b"abc":
            await cache.put(bytes([key]), blob(3000), 1.0)
        await cache.put(b"l", blob(10_000), 1.0)
        assert kept(cache, b"abcl") == b"l"
        assert cache.used_bytes == 10_000

    async def test_an_entry_bigger_than_the_budget_is_not_kept_and_displaces_nothing(self) -> None:
        cache = sized(2000)
        await cache.put(b"s", blob(1000))
        await cache.put(b"l", blob(2001))
        assert kept(cache, b"sl") == b"s"

    async def test_an_entry_put_again_is_counted_once(self) -> None:
        cache = sized(2000)
        for _ in range(5000):
            await cache.put(b"a", blob(1500), 1.0)
        assert cache.used_bytes == 1500
        await cache.put(b"a", blob(600), 1.0)
        assert cache.used_bytes == 600

    async def test_no_entry_is_free(self) -> None:
        cache = MemoryCache(100 * ENTRY_BYTES)
        for number in range(1000):
            await cache.put(bytes([number // 256, number % 256]), Result(([],)))
        assert sum(bool(cache.has(bytes([n // 256, n % 256]))) for n in range(1000)) == 100

    async def test_numbers_and_what_is_shown_are_counted(self) -> None:
        cache = MemoryCache(10**6)
        await cache.put(b"a", Result(([1, 2.0, None, True] * 100,)))
        assert cache.used_bytes == ENTRY_BYTES + 8 * 400
        await cache.put(b"b", Result(([],), {"text": ["x" * 5000]}))
        assert 2 * ENTRY_BYTES + 8 * 400 + 5000 < cache.used_bytes < 2 * ENTRY_BYTES + 8 * 400 + 6000

    async def test_a_cleared_cache_takes_nothing(self) -> None:
        cache = sized(2000)
        await cache.put(b"a", blob(1000))
        await cache.clear()
        assert cache.used_bytes == 0

    @given(st.lists(st.tuples(st.booleans(), st.integers(0, 8), st.integers(600, 4000), st.floats(0, 10)), max_size=60))
    async def test_the_budget_holds_and_the_worst_entry_goes_first(
        self, steps: list[tuple[bool, int, int, float]]
    ) -> None:
        """Against the definition, followed step by step in the slowest way."""
        cache, clock = sized(6000), 0.0
        model: dict[int, list[float]] = {}  # key -> priority, last use, rate, hits, size
        for uses, (is_put, number, taken, seconds) in enumerate(steps):
            if is_put:
                await cache.put(bytes([number]), blob(taken), seconds)
                model.pop(number, None)
                while sum(entry[4] for entry in model.values()) + taken > 6000:
                    worst = min(model, key=lambda each: model[each][:2])
                    clock = model.pop(worst)[0]
                rate = max(seconds, LEAST_S) / taken
                model[number] = [clock + rate, uses, rate, 1, taken]
            else:
                found = await cache.get(bytes([number]))
                assert (found is not None) == (number in model)
                if number in model:
                    _, _, rate, hits, size = model[number]
                    model[number] = [clock + (hits + 1) * rate, uses, rate, hits + 1, size]
            assert {n for n in range(9) if cache.has(bytes([n]))} == model.keys()
            assert cache.used_bytes == sum(entry[4] for entry in model.values()) <= 6000


class TestLru:
    async def test_results_of_the_oldest_jobs_go_until_as_many_are_left_as_asked_for(self) -> None:
        cache = LruCache(3)
        for job in (b"ab", b"cd", b"e"):
            cache.begin([bytes([key]) for key in job])
            for key in job:
                await cache.put(bytes([key]), Result(()))
        assert kept(cache, b"abcde") == b"cde"

    async def test_a_job_that_has_a_node_uses_its_result(self) -> None:
        cache = LruCache(2)
        cache.begin([b"a", b"b"])
        for key in (b"a", b"b"):
            await cache.put(key, Result(()))
        cache.begin([b"a", b"c"])
        await cache.put(b"c", Result(()))
        assert kept(cache, b"abc") == b"ac"

    async def test_a_job_with_more_nodes_than_that_keeps_them_until_the_next(self) -> None:
        cache = LruCache(2)
        cache.begin([])
        for key in b"abcd":
            await cache.put(bytes([key]), Result(()))
        assert kept(cache, b"abcd") == b"abcd"
        cache.begin([b"a"])
        assert kept(cache, b"abcd") == b"ad"


class TestClassic:
    async def test_a_job_drops_what_it_does_not_have(self) -> None:
        cache = ClassicCache()
        cache.begin([b"a", b"b", b"c"])
        for key in b"abc":
            await cache.put(bytes([key]), Result(()))
        cache.begin([b"b", b"d"])
        assert kept(cache, b"abcd") == b"b"

    async def test_what_a_run_added_to_its_graph_stays_as_long_as_each_job_uses_it(self) -> None:
        cache = ClassicCache()
        cache.begin([b"a"])
        for key in b"axy":
            await cache.put(bytes([key]), Result(()))
        cache.begin([b"a"])
        await cache.get(b"x")
        assert kept(cache, b"axy") == b"axy"
        cache.begin([b"a"])
        assert kept(cache, b"axy") == b"ax"


@pytest.mark.parametrize("value", ["x" * 10_000, ["x" * 5000, ("y" * 5000,)], {"a": "x" * 10_000}])
def test_texts_are_measured_wherever_they_are(value: object) -> None:
    assert 10_000 <= plain_size(value) < 11_000
