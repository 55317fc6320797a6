"""Small nodes and short ways to run them, for the tests of the engine."""

import asyncio
import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from engine.cache import Cache, MemoryCache
from engine.context import Context
from engine.declare import node
from engine.events import Event, NodeStarted
from engine.graph import Link, Node
from engine.jobs import Job
from engine.lanes import Lanes
from engine.marks import Lazy, Socket
from engine.node import Blocked, Expand, NodeDef, Output
from engine.plan import Plan, plan
from engine.registry import Registry
from engine.run import Run
from engine.services import Services
from engine.workflow import read_api

Whole = Annotated[int, Field(ge=0, le=1000)]


@node("Number", lane="cpu")
def number(value: Whole = 0) -> int:
    return value


@node("Add", lane="cpu")
def add(a: int, b: int) -> int:
    return a + b


class Pair(NamedTuple):
    small: int
    large: int


@node("Sort", lane="cpu")
def sort(a: int, b: int) -> Pair:
    return Pair(min(a, b), max(a, b))


@node("Range", lane="cpu")
def count_up(count: Whole) -> list[int]:
    return list(range(count))


@node("Total", lane="cpu")
def total(values: list[int]) -> int:
    return sum(values)


@node("Boom", lane="cpu")
def boom(value: int) -> int:
    raise ValueError(f"boom {value}")


@node("Block", lane="cpu")
def block(value: int, reason: str) -> int | None:
    return Blocked(reason or None)  # type: ignore[return-value]


@node("Choose", lane="cpu")
def choose(first: bool, a: Lazy[int], b: Lazy[int]) -> int:
    return (a if first else b) or 0


@choose.needs
def which(lists: Mapping[str, list[Any]]) -> set[str]:
    return {"a" if first else "b" for first in lists["first"]}


@node("Countdown", lane="cpu")
def countdown(ctx: Context, value: int) -> int:
    """Expands into itself until nothing is left: a loop."""
    if value == 0:
        return 100
    inner = Node(f"{ctx.node_id}.0", "Countdown", {"value": value - 1}, parent=ctx.node_id)
    return Expand((inner,), (Link(inner.id, 0),))  # type: ignore[return-value]


@node("Sleepy", per_node=True)
async def sleepy(value: int) -> int:
    await asyncio.sleep(0.02)
    return value


@node("Patient", lane="gpu")
def patient(ctx: Context, steps: Whole) -> int:
    """Works for a while, and can be interrupted."""
    for i in range(steps):
        time.sleep(0.005)
        ctx.progress(i + 1, steps)
    return steps


@node("Show", lane="cpu", is_output=True, title="Show it")
def show(value: Annotated[Any, Socket("INT,FLOAT")], style: Literal["plain", "loud"] = "plain") -> Output:
    return Output(ui={"text": [str(value) + ("!" if style == "loud" else "")]})


TOYS = (number, add, sort, count_up, total, boom, block, choose, countdown, sleepy, patient, show)


def registry(*more: NodeDef, services: Services | None = None) -> Registry:
    """The toys, and what a test adds."""
    made = Registry(services)
    made.add(*(toy.definition for toy in TOYS), *more)
    return made


def api(**nodes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """``api(n1=("Add", {...}))``: a workflow in API format."""
    return {name: {"class_type": kind, "inputs": inputs} for name, (kind, inputs) in nodes.items()}


def planned(document: dict[str, Any], *more: NodeDef) -> Plan:
    return plan(read_api(document), registry(*more))


class Ran:
    """A finished run: its results, events and what ran in which order."""

    def __init__(self, events: list[Event], results: dict[str, Any]) -> None:
        self.events, self.results = events, results
        self.started = [event.node.id for event in events if isinstance(event, NodeStarted)]

    def shown(self, node_id: str) -> list[str]:
        return list(self.results[node_id].ui["text"])


def new_lanes() -> Lanes:
    return Lanes({"gpu": 1, "cpu": 2, "hook": 1})


async def run(document: dict[str, Any], *more: NodeDef, cache: Cache | None = None) -> Ran:
    """Plan and run a workflow with the toys."""
    events: list[Event] = []
    definitions = registry(*more)
    checked = plan(read_api(document), definitions)
    lanes = new_lanes()
    job = Job(prompt=checked.prompt, targets=checked.targets)
    try:
        made = Run(job, checked.graph, definitions, cache or MemoryCache(10**7), lanes, events.append)
        results = await made.execute(checked.targets)
    finally:
        lanes.close()
    return Ran(events, results)
