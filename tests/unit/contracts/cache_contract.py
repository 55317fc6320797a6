"""What every cache does, whatever it is made of."""

import ast
import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.cache import Cache, Tier, plain_size
from engine.node import Result


class PlainCodec:
    """Stores what Python can write down."""

    def size(self, value: object) -> int:
        return plain_size(value)

    def digest(self, value: object) -> bytes | None:
        return self.dump(value)

    def dump(self, value: object) -> bytes | None:
        text = repr(value)
        try:
            return text.encode() if ast.literal_eval(text) == value else None
        except (ValueError, SyntaxError):
            return None

    def load(self, data: bytes) -> object:
        try:
            return ast.literal_eval(data.decode())
        except (SyntaxError, UnicodeDecodeError) as error:
            raise ValueError(f"not written by this codec: {error}") from error


def result(*values: Any, ui: Any = None) -> Result:
    return Result((list(values),), ui)


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


class CacheContract:
    """``make`` builds one that has room for everything here; ``settle`` waits until what was put can be found."""

    tiers: frozenset[Tier] = frozenset({"memory"})
    outlives_clear = False

    def make(self, folder: Path) -> Cache:
        raise NotImplementedError

    async def settle(self, cache: Cache) -> None:
        pass

    @pytest.fixture
    async def cache(self, tmp_path: Path) -> Any:
        made = self.make(tmp_path)
        yield made
        await made.close()

    async def test_what_was_put_is_found(self, cache: Cache) -> None:
        await cache.put(key(1), result("a", 2.5, None), 1.0)
        await self.settle(cache)
        assert cache.has(key(1)) in self.tiers
        assert await cache.get(key(1)) == result("a", 2.5, None)

    async def test_what_was_not_put_is_a_miss(self, cache: Cache) -> None:
        await cache.put(key(1), result(1), 1.0)
        await self.settle(cache)
        assert cache.has(key(2)) is None
        assert await cache.get(key(2)) is None

    async def test_all_parts_of_a_result_are_kept(self, cache: Cache) -> None:
        whole = Result(([], [1, "b"], [[True]]), {"images": [{"filename": "a.png"}]})
        await cache.put(key(1), whole, 1.0)
        await self.settle(cache)
        assert await cache.get(key(1)) == whole

    async def test_what_is_put_again_is_replaced(self, cache: Cache) -> None:
        for value in ("old", "new"):
            await cache.put(key(1), result(value), 1.0)
            await self.settle(cache)
        assert await cache.get(key(1)) == result("new")

    async def test_a_job_keeps_what_it_needs(self, cache: Cache) -> None:
        await cache.put(key(1), result(1), 1.0)
        await self.settle(cache)
        cache.begin([key(1), key(2)])
        assert await cache.get(key(1)) == result(1)

    async def test_clearing_lets_go_of_the_memory(self, cache: Cache) -> None:
        await cache.put(key(1), result(1), 1.0)
        await self.settle(cache)
        await cache.clear()
        cache.begin([key(1)])
        assert cache.has(key(1)) == ("disk" if self.outlives_clear else None)
        assert (await cache.get(key(1)) is not None) == self.outlives_clear

    async def test_its_use_of_each_tier_is_told(self, cache: Cache) -> None:
        await cache.put(key(1), result("a" * 1000), 1.0)
        await self.settle(cache)
        told = {each.tier: each for each in await cache.usage()}
        assert told.keys() == self.tiers
        where = cache.has(key(1))
        assert where
        assert told[where].size_bytes >= 1000
        assert told[where].entries in (1, None)
        await cache.clear()
        assert [each.size_bytes for each in await cache.usage(["memory"])] == [0] * ("memory" in self.tiers)

    async def test_a_cleared_cache_can_be_used_on(self, cache: Cache) -> None:
        await cache.put(key(1), result(1), 1.0)
        await cache.clear()
        await cache.put(key(2), result(2), 1.0)
        await self.settle(cache)
        assert await cache.get(key(2)) == result(2)

    async def test_many_may_use_it_at_once(self, cache: Cache) -> None:
        async def use(number: int) -> Result | None:
            await cache.put(key(number), result(number), 1.0)
            await self.settle(cache)
            return await cache.get(key(number))

        assert await asyncio.gather(*map(use, range(50))) == [result(number) for number in range(50)]

    async def test_it_may_be_closed_twice(self, cache: Cache) -> None:
        await cache.close()
        await cache.close()
