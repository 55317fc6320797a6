"""PlotXY, as people wire it: counts of what ran say what was shared and what was remembered."""

from collections import Counter
from typing import Any

import pytest
import torch

from engine.cache import MemoryCache
from engine.errors import NodeFailed
from engine.events import NodeFinished, NodeProgress, NodeStarted
from nodes import inside_plot
from tests.support.plots import CALLS, LOG, plotted, ran, ran_targets
from tests.support.toys import api as workflow


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


async def test_names_and_values_may_come_by_links() -> None:
    """Which input is meant is not known before the run: then the plot is made anew, out of remembered cells."""
    cache = MemoryCache(10**8)
    document = plotted(x_input=["name", 0], x_values=["listed", 0])
    document["name"] = {"class_type": "Text", "inputs": {"text": "Draw.steps"}}
    document["listed"] = {"class_type": "Text", "inputs": {"text": "1, 2"}}
    assert (await ran(document, cache)).cells() == [0.5, 0.6]
    document["name"]["inputs"]["text"] = "Draw.cfg"
    assert (await ran(document, cache)).cells() == [0.1, 0.2]
    await ran(document, cache)
    assert CALLS["Paint"] == 0


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
