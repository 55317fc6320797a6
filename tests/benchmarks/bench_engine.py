"""What a trivial node costs the engine: a fresh chain of 1,000, and of 10,000."""

import asyncio
import gc
import time
from collections.abc import Iterator
from typing import Any

import pytest

from engine.cache import MemoryCache
from engine.declare import node
from engine.lanes import INLINE
from tests.support.toys import api, run
from web.cli import COLLECT

pytestmark = pytest.mark.benchmark

ROUNDS = 5


@node("Next", lane=INLINE)
def following(a: int) -> int:
    return a + 1


@node("NextInThread", lane="cpu")
def following_in_thread(a: int) -> int:
    return a + 1


def chain(kind: str, count: int, start: int) -> dict[str, Any]:
    """``count`` nodes, each fed by the one before."""
    nodes = {"n0": ("Number", {"value": start})}
    nodes |= {f"n{i}": (kind, {"a": [f"n{i - 1}", 0]}) for i in range(1, count - 1)}
    return api(**nodes, o=("Show", {"value": [f"n{count - 2}", 0], "style": "plain"}))


async def microseconds_a_node(kind: str, count: int) -> float:
    """The best of some rounds, from the document to the last event, nothing remembered."""
    best = float("inf")
    for start in range(ROUNDS):
        document = chain(kind, count, start)
        before = time.perf_counter()
        await run(document, following.definition, following_in_thread.definition, cache=MemoryCache(10**9))
        best = min(best, time.perf_counter() - before)
    return best / count * 1e6


@pytest.fixture(autouse=True)
def collect_as_the_program_does() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*COLLECT)
    yield
    gc.set_threshold(*before)


def test_engine(report: Any) -> None:
    for kind, where in (("Next", "inline"), ("NextInThread", "each in a thread")):
        for count in (1_000, 10_000):
            cost = asyncio.run(microseconds_a_node(kind, count))
            report("engine", f"chain of {count:,} trivial nodes, fresh, {where}", f"{cost:.0f} us a node")
