"""PlotXY, as people wire it: counts of what ran say what was shared and what was remembered."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal

import pytest
import torch
from pydantic import Field

from engine.cache import Cache, MemoryCache
from engine.declare import NodeFunction, node
from engine.errors import InvalidWorkflow, NodeFailed
from engine.events import NodeFinished, NodeProgress, NodeStarted
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
    *(each.definition for each in (load, say, paint, tint, mix, pick, pictures, numbers, batch)),
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


async def test_a_grid_of_25_runs_what_the_axes_do_not_touch_once() -> None:
    done = await ran(plotted(x_input="Draw.cfg", x_values="1..5", y_input="Draw.steps", y_values="1, 2, 3, 4, 5"))
    assert CALLS == {"Load": 1, "Say": 1, "Paint": 25, "Tint": 25, "Pictures": 1}
    started = Counter(event.node.type for event in done.events if isinstance(event, NodeStarted))
    assert {name: started[name] for name in ("Load", "Say", "Paint", "PlotXYSheet")} == {
        "Load": 1, "Say": 1, "Paint": 25, "PlotXYSheet": 1,
    }  # fmt: skip
    assert [entry[1:3] for entry in LOG] == [(cfg, steps) for steps in range(1, 6) for cfg in range(1, 6)]
    assert done.cells() == [(cfg + steps) % 10 / 10 for steps in range(1, 6) for cfg in range(1, 6)]


async def test_a_cell_is_what_a_single_run_remembers() -> None:
    """The value that stands in the workflow needs no second computation, nor does one of a run before."""
    cache = MemoryCache(10**8)
    document = plotted(x_input="Draw.cfg", x_values="2, 4")
    document["plain"] = {"class_type": "Pictures", "inputs": {"image": ["tint", 0]}}
    await ran(document, cache, ("show", "plain"))
    assert CALLS["Paint"] == 2
    document["paint"]["inputs"]["cfg"] = 2
    await ran(document, cache, ("show", "plain"))
    assert CALLS["Paint"] == 0


async def test_one_changed_value_runs_the_new_cells_only() -> None:
    cache = MemoryCache(10**8)
    await ran(plotted(x_input="Draw.cfg", x_values="1..5", y_input="Draw.steps", y_values="1..5"), cache)
    await ran(plotted(x_input="Draw.cfg", x_values="1, 2, 3, 4, 9", y_input="Draw.steps", y_values="1..5"), cache)
    assert CALLS == {"Paint": 5, "Tint": 5, "Pictures": 1}
    await ran(plotted(x_input="Draw.cfg", x_values="1, 2, 3, 4, 9", y_input="Draw.steps", y_values="1..5"), cache)
    assert CALLS == {}


async def test_progress_counts_the_cells() -> None:
    done = await ran(plotted(x_input="Draw.cfg", x_values="1, 2", y_input="Draw.steps", y_values="3, 4"))
    told = [(e.node.shown_as, e.value, e.total) for e in done.events if isinstance(e, NodeProgress)]
    assert told == [("plot", i, 4) for i in (1, 2, 3, 4)]
    copies = [e.node for e in done.events if isinstance(e, NodeFinished) and e.node.shown_as == "paint"]
    assert len(copies) == 4
    assert {ref.real for ref in copies} == {"plot"}


async def test_a_sheet_names_its_columns_and_rows() -> None:
    small = await ran(plotted(x_input="Draw.cfg", x_values="1, 2"), targets=())
    large = await ran(
        plotted(x_input="Draw.cfg", x_values="1, 2", y_input="Draw.steps", y_values="3, 4", title="Two"), targets=()
    )
    (one,), (two,) = small.results["plot"].lists[0], large.results["plot"].lists[0]
    assert one.shape[0] == two.shape[0] == 1
    assert two.shape[1] > 2 * 96  # pictures of 8 pixels are enlarged
    assert two.shape[2] > one.shape[2]  # for the names of the rows
    left = two[0, :, :60]
    assert float(left.min()) < 0.5  # letters


@pytest.mark.parametrize(
    ("address", "listed", "made"),
    [
        ("load.name", "old, new", ["1 a dog, sitting", "2 a dog, sitting"]),
        ("Load.name", "new", ["2 a dog, sitting"]),
        ("say.text", "a cat\na bird, flying", ["1 a cat", "1 a bird, flying"]),
        ("Words.text", "dog -> cat\ndog -> red bird", ["1 a cat, sitting", "1 a red bird, sitting"]),
        ("Say.text", '""', ["1 "]),
    ],
)
async def test_loaders_and_texts_can_be_swept(address: str, listed: str, made: list[str]) -> None:
    await ran(plotted(x_input=address, x_values=listed))
    assert [entry[0] for entry in LOG] == made


@pytest.mark.parametrize(
    ("name", "place", "listed", "found"),
    [
        ("steps", 2, "1..10 step 3", [1, 4, 7, 10]),
        ("steps", 2, "10 .. 8", [10, 9, 8]),
        ("steps", 2, "2:8:4, 20", [2, 4, 6, 8, 20]),
        ("steps", 2, "1, 2\n3", [1, 2, 3]),
        ("cfg", 1, "0..0.3 step 0.1", [0.0, 0.1, 0.2, 0.3]),
        ("cfg", 1, "1:2:5", [1.0, 1.25, 1.5, 1.75, 2.0]),
        ("sampler", 3, "ddim, euler", ["ddim", "euler"]),
        ("invert", 4, "on, False", [True, False]),
    ],
)
async def test_lists_and_ranges_of_what_an_input_takes(name: str, place: int, listed: str, found: list[Any]) -> None:
    await ran(plotted(x_input=f"paint.{name}", x_values=listed))
    assert [entry[place] for entry in LOG] == found
    assert [type(entry[place]) for entry in LOG] == [type(value) for value in found]


@pytest.mark.parametrize(
    ("plot", "says"),
    [
        ({"x_input": "Drow.cfg", "x_values": "1"}, r"no node that the picture needs is called 'Drow'.*paint \(Draw\)"),
        ({"x_input": "Draw.cgf", "x_values": "1"}, r"node paint \(Draw\) has no input 'cgf'; did you mean 'cfg'"),
        ({"x_input": "cfg", "x_values": "1"}, "expected NODE.INPUT"),
        ({"x_input": "show.image", "x_values": "1"}, r"node show \(Pictures\) has no part in the picture"),
        ({"x_input": "Draw.model", "x_values": "1"}, "takes a MODEL from another node"),
        ({"x_input": "Draw.cfg", "x_values": "1, 200"},
         r"x_values, for input cfg of node paint \(Draw\): '200' is refused.*bigger.*FLOAT at least 0, at most 100"),
        ({"x_input": "Draw.steps", "x_values": "2.5"}, "'2.5' does not fit; expected a whole number"),
        ({"x_input": "Draw.steps", "x_values": "1:2:3"}, "'1.5' does not fit; expected a whole number"),
        ({"x_input": "Draw.steps", "x_values": "13"}, "13 is unlucky"),
        ({"x_input": "Draw.cfg", "x_values": "inf"}, "'inf' is refused.*not a finite number"),
        ({"x_input": "Draw.cfg", "x_values": "1..2 step 0"}, "its step is 0"),
        ({"x_input": "Draw.cfg", "x_values": "1..1000"}, "stands for 1000 values, and at most 100"),
        ({"x_input": "Draw.width", "x_values": "8, 12"}, "'12' is refused: Value 12 is not a multiple of 8"),
        ({"x_input": "Draw.sampler", "x_values": "eular"}, "'eular' is refused.*one of euler, ddim"),
        ({"x_input": "Draw.invert", "x_values": "maybe"}, "'maybe' does not fit; expected true or false"),
        ({"x_input": "Words.text", "x_values": "fox -> cat"}, "exchanges 'fox', which the text does not have"),
        ({"x_input": "Draw.cfg", "x_values": "1", "y_input": "paint.cfg", "y_values": "2"}, "both sweep input cfg"),
        ({"x_input": "Draw.cfg", "x_values": "1:50:50", "y_input": "Draw.steps", "y_values": "21..70"},
         "50 x 50 values make 2500 cells; at most 400"),
    ],
)  # fmt: skip
async def test_what_cannot_be_swept_is_named(plot: dict[str, Any], says: str) -> None:
    with pytest.raises(NodeFailed, match=says):
        await ran(plotted(**plot))
    assert CALLS["Paint"] == 0


@pytest.mark.parametrize(
    ("plot", "name"),
    [
        ({"x_input": "", "x_values": "1"}, "x_input"),
        ({"x_input": "Draw.cfg", "x_values": " "}, "x_values"),
        ({"x_input": "Draw.cfg", "x_values": "1", "y_input": "", "y_values": "2"}, "y_input"),
        ({"x_input": "Draw.cfg", "x_values": "1", "y_input": "Draw.steps"}, "y_values"),
    ],
)
async def test_half_an_axis_is_refused_before_anything_runs(plot: dict[str, Any], name: str) -> None:
    with pytest.raises(InvalidWorkflow) as refused:
        await ran(plotted(**plot))
    (problem,) = refused.value.node_problems["plot"].errors
    assert problem.extra_info["input_name"] == name


def two_painters(x_input: str) -> dict[str, Any]:
    document = plotted(x_input=x_input, x_values="1, 2")
    document["other"] = {"class_type": "Paint", "inputs": dict(document["paint"]["inputs"])}
    document["tint"] = {"class_type": "Mix", "inputs": {"one": ["paint", 0], "other": ["other", 0]}}
    return document


async def test_a_name_that_several_nodes_have_is_refused_and_an_id_decides() -> None:
    document = two_painters("Paint.cfg")
    with pytest.raises(NodeFailed, match=r"could be any of the nodes paint \(Draw\), other \(Paint\)"):
        await ran(document)
    assert (await ran(two_painters("Paint #paint.cfg"))).cells() == [0.6, 0.8]
    assert (await ran(two_painters("other.cfg"))).cells() == [0.9, 1.0]  # 0.8 is of the one that stays


async def test_a_title_that_comes_to_mean_another_node_plots_anew() -> None:
    """Titles are no part of keys, and both nodes are alike; still the sheets are two."""
    cache = MemoryCache(10**8)
    document = two_painters("Swept.cfg")
    document["paint"]["_meta"], document["other"]["_meta"] = {"title": "Swept"}, {"title": "Fixed"}
    first = await ran(document, cache)
    document["paint"]["_meta"], document["other"]["_meta"] = {"title": "Fixed"}, {"title": "Swept"}
    second = await ran(document, cache)
    assert first.cells() != second.cells()
    assert CALLS["Paint"] == 0  # what each cell is made of was there already


async def test_a_linked_input_can_be_swept_and_its_source_is_not_run() -> None:
    document = plotted(x_input="Draw.steps", x_values="1, 2")
    document["number"] = {"class_type": "Boom", "inputs": {"value": 1}}
    document["paint"]["inputs"]["steps"] = ["number", 0]
    assert (await ran(document)).cells() == [0.5, 0.6]


async def test_a_lazy_input_that_no_cell_needs_is_not_run() -> None:
    document = plotted(x_input="paint.cfg", x_values="1, 2")
    document["fails"] = {"class_type": "Paint", "inputs": {**document["paint"]["inputs"], "steps": ["boom", 0]}}
    document["boom"] = {"class_type": "Boom", "inputs": {"value": 1}}
    document["tint"] = {"class_type": "Pick", "inputs": {"first": True, "a": ["paint", 0], "b": ["fails", 0]}}
    await ran(document)
    assert CALLS == {"Load": 1, "Say": 1, "Paint": 2, "Pictures": 1}
    document["plot"]["inputs"] |= {"x_input": "Pick.first", "x_values": "true, false"}
    with pytest.raises(NodeFailed, match="boom"):
        await ran(document)


async def test_what_is_swept_may_lie_within_a_loop() -> None:
    document = plotted(x_input="Tint.by", x_values="0, 0.2")
    document |= workflow(
        numbers=("Numbers", {"count": 3}),
        each=("ForEach", {"items": ["numbers", 0]}),
        end=("ForEachEnd", {"loop": ["each", 0], "result": ["tint", 0]}),
        batch=("Batch", {"images": ["end", 0]}),
    )
    document["paint"]["inputs"] |= {"cfg": 1.0, "steps": ["each", 1]}
    document["plot"]["inputs"]["image"] = ["batch", 0]
    done = await ran(document)
    assert done.cells() == [0.3, 0.5]  # of 0.2, 0.3 and 0.4
    assert CALLS == {"Load": 1, "Say": 1, "Paint": 3, "Tint": 6, "Pictures": 1}


async def test_a_plot_may_lie_within_a_loop() -> None:
    document = plotted(x_input="Draw.cfg", x_values="1, 2")
    document |= workflow(
        numbers=("Numbers", {"count": 3}),
        each=("ForEach", {"items": ["numbers", 0]}),
        end=("ForEachEnd", {"loop": ["each", 0], "result": ["plot", 0]}),
        all=("Pictures", {"image": ["end", 0]}),
    )
    document["paint"]["inputs"]["steps"] = ["each", 1]
    CALLS.clear()
    done = await ran_targets(document, "end")
    assert len(done["end"].lists[0]) == 3
    assert sorted(entry[1:3] for entry in LOG) == [(cfg, steps) for cfg in (1.0, 2.0) for steps in (1, 2, 3)]


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


async def test_a_plot_of_a_plot_sweeps_four_inputs() -> None:
    document = plotted(x_input="Draw.cfg", x_values="1, 2", y_input="Draw.steps", y_values="3, 4")
    document["outer"] = {
        "class_type": "PlotXY",
        "inputs": {
            "image": ["plot", 0], "x_input": "Tint.by", "x_values": "0, 0.1",
            "y_input": "plot.title", "y_values": "a\nb",
        },
    }  # fmt: skip
    document["show"]["inputs"]["image"] = ["outer", 0]
    done = await ran_targets(document, "outer")
    assert len(done["outer"].lists[1]) == 4
    assert len(LOG) == 4


async def test_a_batch_is_shown_in_its_cell() -> None:
    document = plotted(x_input="Draw.cfg", x_values="1, 2")
    document["batch"] = {"class_type": "Batch", "inputs": {"images": ["tint", 0]}}
    document["twice"] = {"class_type": "Tint", "inputs": {"image": ["batch", 0], "by": 0.0}}
    document["plot"]["inputs"]["image"] = ["twice", 0]
    assert (await ran(document)).cells() == [0.1, 0.2]
    assert inside_plot.plot_cell([torch.zeros(3, 8, 8, 3), torch.ones(1, 4, 8, 4)]).shape == (1, 20, 20, 3)
    with pytest.raises(ValueError, match="no picture"):
        inside_plot.plot_cell([])
