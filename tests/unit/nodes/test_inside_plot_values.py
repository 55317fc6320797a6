"""What PlotXY is told to sweep: names of inputs, lists of values, and what is wrong with them."""

from typing import Any

import pytest

from engine.errors import InvalidWorkflow, NodeFailed
from tests.support.plots import CALLS, LOG, plotted, ran


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
