"""What a trivial node costs the engine: a fresh chain of 1,000, and of 10,000."""

import asyncio
import time
from typing import Any

import pytest

from engine.cache import MemoryCache
from tests.support.toys import api, run

pytestmark = pytest.mark.benchmark

ROUNDS = 5


def chain(count: int, start: int) -> dict[str, Any]:
    """``count`` nodes, each fed by the one before."""
    nodes = {"n0": ("Number", {"value": start})}
    nodes |= {f"n{i}": ("Add", {"a": [f"n{i - 1}", 0], "b": 1}) for i in range(1, count - 1)}
    return api(**nodes, o=("Show", {"value": [f"n{count - 2}", 0], "style": "plain"}))


async def microseconds_a_node(count: int) -> float:
    """The best of some rounds, from the document to the last event, nothing remembered."""
    best = float("inf")
    for start in range(ROUNDS):
        document = chain(count, start)
        before = time.perf_counter()
        await run(document, cache=MemoryCache(10**9))
        best = min(best, time.perf_counter() - before)
    return best / count * 1e6


def test_engine(report: Any) -> None:
    for count in (1_000, 10_000):
        cost = asyncio.run(microseconds_a_node(count))
        report("engine", f"chain of {count:,} trivial nodes, fresh", f"{cost:.0f} us a node")
