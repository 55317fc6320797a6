"""A small workflow with a PlotXY, of nodes that count their calls."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal

import torch
from pydantic import Field

from engine.cache import Cache, MemoryCache
from engine.declare import NodeFunction, node
from engine.jobs import Job
from engine.marks import Lazy, Socket, Widget
from engine.node import Output, Result
from engine.plan import plan
from engine.problems import Problem, unfit
from engine.run import Run
from engine.workflow import read_api
from nodes import flow, inside_plot
from nodes.types import Image
from tests.support.toys import Ran, new_lanes, registry
from tests.support.toys import api as workflow

CALLS: Counter[str] = Counter()
Thing = Annotated[Any, Socket("MODEL")]


@node("Load", lane="inline")
def load(name: Literal["old", "new"] = "old") -> Thing:
    CALLS["Load"] += 1
    return {"old": 1, "new": 2}[name]


@node("Say", lane="inline", title="Words")
def say(model: Thing, text: Annotated[str, Widget(multiline=True)]) -> Annotated[Any, Socket("CONDITIONING")]:
    CALLS["Say"] += 1
    return f"{model} {text}"


@node("Paint", lane="inline")
def paint(
    model: Thing,
    words: Annotated[Any, Socket("CONDITIONING")],
    cfg: Annotated[float, Field(ge=0, le=100)] = 4.0,
    steps: Annotated[int, Field(ge=1, le=1000)] = 20,
    sampler: Literal["euler", "ddim"] = "euler",
    invert: bool = False,
    width: Annotated[int, Field(ge=8, multiple_of=8)] = 8,
) -> Image:
    CALLS["Paint"] += 1
    LOG.append((words, cfg, steps, sampler, invert))
    return torch.full((1, 8, width, 3), (cfg + steps) % 10 / 10)


@paint.check()
def no_thirteen(given: Any, services: Any) -> list[Problem]:
    return [unfit("steps", "13 is unlucky")] if given["steps"] == 13 else []


@node("Tint", lane="inline")
def tint(image: Image, by: float = 0.0) -> Image:
    CALLS["Tint"] += 1
    return image + by


@node("Mix", lane="inline")
def mix(one: Image, other: Image) -> Image:
    return one * 2 + other


@node("Pick", lane="inline")
def pick(first: bool, a: Lazy[Image], b: Lazy[Image]) -> Image:
    chosen = a if first else b
    assert chosen is not None
    return chosen


@pick.needs
def which(lists: Any) -> set[str]:
    return {"a" if lists["first"][0] else "b"}


@node("Pictures", lane="inline", is_output=True)
def pictures(image: Image) -> Output:
    CALLS["Pictures"] += 1
    return Output()


@node("Text", lane="inline")
def written(text: str) -> str:
    return text


@node("Numbers", lane="inline")
def numbers(count: int) -> list[int]:
    return list(range(1, count + 1))


@node("Batch", lane="inline")
def batch(images: list[Image]) -> Image:
    return torch.cat(images)


LOG: list[tuple[Any, ...]] = []
NODES = [
    *(value.definition for module in (flow, inside_plot) for value in vars(module).values()
      if isinstance(value, NodeFunction)),
    *(each.definition for each in (load, say, paint, tint, mix, pick, pictures, written, numbers, batch)),
]  # fmt: skip


def plotted(**plot: Any) -> dict[str, Any]:
    document = workflow(
        load=("Load", {"name": "old"}),
        say=("Say", {"model": ["load", 0], "text": "a dog, sitting"}),
        paint=(
            "Paint",
            {
                "model": ["load", 0],
                "words": ["say", 0],
                "cfg": 4.0,
                "steps": 20,
                "sampler": "euler",
                "invert": False,
                "width": 8,
            },
        ),
        tint=("Tint", {"image": ["paint", 0], "by": 0.0}),
        plot=("PlotXY", {"image": ["tint", 0], **plot}),
        show=("Pictures", {"image": ["plot", 0]}),
    )
    document["paint"]["_meta"] = {"title": "Draw"}
    return document


class Swept(Ran):
    """A run with a plot: what each cell gave."""

    def cells(self, node_id: str = "plot") -> list[float]:
        return [round(float(image.mean()), 4) for image in self.results[node_id].lists[1]]


async def ran(document: dict[str, Any], cache: Cache | None = None, targets: tuple[str, ...] = ("show",)) -> Swept:
    CALLS.clear()
    LOG.clear()
    events: list[Any] = []
    types = registry(*NODES)
    checked = plan(read_api(document), types)
    lanes = new_lanes()
    job = Job(prompt=checked.prompt, targets=checked.targets)
    try:
        made = Run(job, checked.graph, types, cache or MemoryCache(10**8), lanes, events.append)
        results: dict[str, Result] = await made.execute([*targets, "plot"])
    finally:
        lanes.close()
    return Swept(events, results)


async def ran_targets(document: dict[str, Any], *targets: str) -> dict[str, Result]:
    LOG.clear()
    types = registry(*NODES)
    checked = plan(read_api(document), types)
    lanes = new_lanes()
    try:
        job = Job(prompt=checked.prompt, targets=targets)
        return await Run(job, checked.graph, types, MemoryCache(10**8), lanes, lambda event: None).execute(targets)
    finally:
        lanes.close()
