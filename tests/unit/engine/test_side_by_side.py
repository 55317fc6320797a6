"""Branches side by side: however threads interleave, what comes out is the same."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import pytest

from engine.cache import MemoryCache, NoCache
from engine.declare import node
from engine.jobs import Job
from engine.lanes import Lanes
from engine.plan import plan
from engine.run import Run
from engine.workflow import read_api
from tests.support.toys import api, registry

NODES, OUTPUTS = 60, 6


@node("Slowly", lane="cpu")
def slowly(a: int, b: int) -> int:
    """Takes its time, another each time; what it gives depends on the order of its inputs."""
    time.sleep(random.random() * 0.002)
    return (a * 31 + b * 17 + 1) % 1_000_003


def drawn(seed: int) -> dict[str, Any]:
    """A random graph: each node links to two of the last dozen before it."""
    source = random.Random(seed)
    nodes: dict[str, Any] = {"n0": ("Number", {"value": 3}), "n1": ("Number", {"value": 5})}
    for i in range(2, NODES):
        links = [[f"n{source.randrange(max(0, i - 12), i)}", 0] for _ in range(2)]
        nodes[f"n{i}"] = ("Slowly", dict(zip("ab", links, strict=True)))
    ends = {f"o{i}": ("Show", {"value": [f"n{NODES - 1 - i}", 0], "style": "plain"}) for i in range(OUTPUTS)}
    return api(**nodes, **ends)


async def shown(document: dict[str, Any], width: int, cache: Any) -> dict[str, Any]:
    definitions = registry(slowly.definition)
    checked = plan(read_api(document), definitions)
    lanes = Lanes({"cpu": width, "gpu": 1, "hook": 1})
    made = Run(Job(checked.prompt, checked.targets), checked.graph, definitions, cache, lanes, lambda event: None)
    try:
        return {node_id: result.ui for node_id, result in (await made.execute(checked.targets)).items()}
    finally:
        lanes.close()


@pytest.mark.parametrize("seed", range(4))
async def test_results_do_not_depend_on_how_many_threads_there_are(seed: int) -> None:
    document = drawn(seed)
    alone = await shown(document, 1, MemoryCache(10**7))
    for width, cache in ((2, MemoryCache(10**7)), (8, MemoryCache(10**7)), (8, NoCache()), (8, MemoryCache(2000))):
        assert await shown(document, width, cache) == alone


async def test_independent_branches_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=10)

    @node("Meet", lane="cpu")
    def meet(value: int) -> int:
        meeting.wait()  # fails unless the other is there too
        return value

    document = api(
        a=("Meet", {"value": 1}),
        b=("Meet", {"value": 2}),
        s=("Add", {"a": ["a", 0], "b": ["b", 0]}),
        o=("Show", {"value": ["s", 0], "style": "plain"}),
    )
    definitions = registry(meet.definition)
    checked = plan(read_api(document), definitions)
    lanes = Lanes({"cpu": 2, "hook": 1})
    job = Job(checked.prompt, checked.targets)
    made = Run(job, checked.graph, definitions, NoCache(), lanes, lambda event: None)
    try:
        results = await made.execute(checked.targets)
    finally:
        lanes.close()
    assert results["o"].ui == {"text": ["3"]}
