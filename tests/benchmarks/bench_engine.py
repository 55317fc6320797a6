"""What a trivial node costs the engine, in chains and fans of all sizes, and what running side by side gains."""

import asyncio
import gc
import time
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
import torch

from engine.admission import Admission
from engine.cache import MemoryCache
from engine.declare import node
from engine.jobs import Job
from engine.lanes import INLINE, Lanes
from engine.marks import Socket
from engine.plan import plan
from engine.run import Run, no_digest
from engine.workflow import read_api
from tests.benchmarks.conftest import Report
from tests.support.toys import api, new_lanes, registry, run
from web.cli import COLLECT

pytestmark = pytest.mark.benchmark

ROUNDS = 5
LANCZOS = {"upscale_method": "lanczos", "crop": "disabled"}
SMALL = {"width": 64, "height": 64}
ZOOMS = [*({"width": side, "height": side} for side in (600, 450) * 20), SMALL]
SIZES = (10, 100, 1_000, 10_000)


@node("Start", lane=INLINE)
def starting(value: int) -> int:
    return value


@node("Next", lane=INLINE)
def following(a: int) -> int:
    return a + 1


@node("NextInThread", lane="cpu")
def following_in_thread(a: int) -> int:
    return a + 1


@node("Plus", lane=INLINE)
def plus(a: int, b: int) -> int:
    return a + b


@node("End", lane=INLINE, is_output=True)
def end(value: int) -> None:
    return None


NODES = [each.definition for each in (starting, following, following_in_thread, plus, end)]


def chain(kind: str, count: int, start: int) -> dict[str, Any]:
    """``count`` nodes, each fed by the one before."""
    nodes = {"n0": ("Start", {"value": start})}
    nodes |= {f"n{i}": (kind, {"a": [f"n{i - 1}", 0]}) for i in range(1, count - 1)}
    return api(**nodes, o=("End", {"value": [f"n{count - 2}", 0]}))


def chain_from_thread(kind: str, count: int, start: int) -> dict[str, Any]:
    """The same, but first and last run in a thread: all between then has to wait for the first."""
    nodes = chain(kind, count, start)
    return nodes | api(n0=("Number", {"value": start}), o=("Show", {"value": [f"n{count - 2}", 0], "style": "plain"}))


def fan(kind: str, count: int, start: int) -> dict[str, Any]:
    """``count`` nodes: one that feeds half of the others, and an output for each of those."""
    nodes = {"n0": ("Start", {"value": start})}
    # The second input tells them apart: equal nodes would be computed once.
    nodes |= {f"n{i}": (kind, {"a": ["n0", 0], "b": i}) for i in range(1, count // 2)}
    return api(**nodes, **{f"o{i}": ("End", {"value": [f"n{i}", 0]}) for i in range(1, count // 2)})


async def microseconds_a_node(shape: Any, kind: str, count: int) -> float:
    """The best of some rounds, from the document to the last event, nothing remembered."""
    best = float("inf")
    for start in range(ROUNDS):
        document = shape(kind, count, start)
        before = time.perf_counter()
        await run(document, *NODES, cache=MemoryCache(10**9))
        best = min(best, time.perf_counter() - before)
    return best / len(document) * 1e6


@pytest.fixture(autouse=True)
def collect_as_the_program_does() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*COLLECT)
    yield
    gc.set_threshold(*before)


def test_cost_per_node(report: Report) -> None:
    shapes = (
        ("chain, inline", chain, "Next", SIZES),
        ("chain, inline but for its ends", chain_from_thread, "Next", SIZES[2:]),
        ("chain, each in a thread", chain, "NextInThread", SIZES),
        ("fan, inline", fan, "Plus", SIZES),
    )
    for name, shape, kind, sizes in shapes:
        for count in sizes:
            cost = asyncio.run(microseconds_a_node(shape, kind, count))
            report.point(name, count, cost)
            report("engine", f"{name}, {count:,} trivial nodes, fresh", f"{cost:.0f} us a node")


def test_planning_and_keys(report: Report) -> None:
    """Checking a workflow of 10,000 nodes, and the keys of all of them."""
    document, definitions = chain("Next", 10_000, 1), registry(*NODES)
    planning, keys = [], []
    for _ in range(ROUNDS):
        before = time.perf_counter()
        checked = plan(read_api(document), definitions)
        planned = time.perf_counter()
        asyncio.run(keys_of(checked, definitions))
        planning.append(planned - before)
        keys.append(time.perf_counter() - planned)
    whole = min(a + b for a, b in zip(planning, keys, strict=True))
    report("engine", "planning and keys of 10,000 nodes", f"{whole:.2f} s ({min(planning):.2f} + {min(keys):.2f})")


async def keys_of(checked: Any, definitions: Any) -> None:
    job = Job(prompt=checked.prompt, targets=checked.targets)
    admission = Admission(job, checked.graph, definitions, new_lanes(), no_digest)
    await admission.admit(checked.graph.order(checked.targets))
    assert len(admission.keys) == 10_000


def test_side_by_side(report: Report) -> None:
    """Two branches of about 400 ms on the CPU, joined, against one of them; and the pictures of both ways.

    Each on one core, as torch alone would use both for one. The pictures are small on purpose: from about a thousand
    pixels on, both branches wait for the same memory, and on two cores the ratio comes to 1.1 to 1.4 whatever the
    engine does.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    lanes_wide, lanes_narrow = {"cpu": 2, "gpu": 1}, {"cpu": 1, "gpu": 1}
    one, both, serial = [], [], []
    for seed in range(ROUNDS):
        one.append(asyncio.run(branches(lanes_wide, seed, count=1))[0])
        seconds, picture = asyncio.run(branches(lanes_wide, seed, count=2))
        both.append(seconds)
        seconds, same = asyncio.run(branches(lanes_narrow, seed, count=2))
        serial.append(seconds)
        assert (picture == same).all()
    torch.set_num_threads(threads)
    ratio = sorted(b / a for a, b in zip(one, both, strict=True))[ROUNDS // 2]
    times = f"{min(one) * 1e3:.0f} ms, {min(both) * 1e3:.0f} ms, one after the other {min(serial) * 1e3:.0f} ms"
    report("engine", "two one-core branches joined, against one of them", f"{ratio:.2f} times ({times})")


async def branches(widths: dict[str, int], seed: int, count: int) -> tuple[float, Any]:
    """Seconds, and the picture: each branch enlarges a small picture of its own, on one core."""
    from engine.registry import Registry
    from nodes import register

    definitions = Registry()
    register(definitions)
    nodes: dict[str, Any] = {}
    for i in range(count):
        nodes[f"b{i}.0"] = ("EmptyImage", {**SMALL, "batch_size": 1, "color": seed * 77 + i})
        for step, size in enumerate(ZOOMS):
            nodes[f"b{i}.{step + 1}"] = ("ImageScale", {"image": [f"b{i}.{step}", 0], **LANCZOS, **size})
    ends = [[f"b{i}.{len(ZOOMS)}", 0] for i in range(count)]
    joined = ("ImageBatch", {"image1": ends[0], "image2": ends[-1]})
    document = api(**nodes, join=joined, size=("Seen", {"image": ["join", 0]}))
    seen: list[Any] = []

    @node("Seen", lane=INLINE, is_output=True)
    def look(image: Annotated[Any, Socket("IMAGE")]) -> None:
        seen.append(image)

    definitions.add(look.definition)
    checked = plan(read_api(document), definitions)
    lanes = Lanes(widths)
    made = Run(Job(checked.prompt, checked.targets), checked.graph, definitions, MemoryCache(10**9), lanes, [].append)
    before = time.perf_counter()
    await made.execute(checked.targets)
    seconds = time.perf_counter() - before
    lanes.close()
    return seconds, seen[0]
