"""PlotXY: two inputs of the workflow swept, the pictures on one sheet.

It is given the link to its picture, not the picture, and expands into one copy for each cell of the nodes that depend
on what is swept. All other nodes are shared, so they run once; a copy with the values of an earlier run is remembered.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from typing import Annotated, Any, NamedTuple

from engine.context import Context
from engine.declare import node
from engine.exposed import Place
from engine.graph import Graph, Link, Node
from engine.lanes import INLINE
from engine.marks import RawLink, Socket, Widget
from engine.node import Expand
from engine.problems import Problem, unfit
from engine.registry import Registry
from engine.services import Services
from engine.sweeps import NoSuchInput, Upstream, copies, refused
from nodes.flow import closes
from nodes.imaging import plots
from nodes.sweep_values import Value, expected, values
from nodes.types import Anything, Image, Sweep

MOST_CELLS = 400

inside = partial(node, category="inside", module="wireloom")
inner = partial(inside, flags={"dev_only": True})

Picture = Annotated[Any, Socket("IMAGE"), RawLink()]
Pictures = Annotated[Any, Socket("*"), RawLink()]
Input = Annotated[str, Widget(node_input=True, placeholder="NODE.INPUT, such as KSampler.cfg")]
Listed = Annotated[
    str, Widget(multiline=True, placeholder="2, 4, 8 or 1..10 step 3 or 2:8:4\ntexts: one a line, or dog -> cat")
]


class Axis(NamedTuple):
    """An input that is swept. ``address`` is what it was called, ``node`` the node's part of that."""

    place: Place
    address: str
    node: str
    values: list[Value]

    def names(self, full: bool) -> tuple[str, ...]:
        """What stands at the cells: the input and its value; ``full`` with the node, where two inputs have one name."""
        name = f"{self.node}.{self.place.input}" if full else self.place.input
        return tuple(f"{name} {value.label}" for value in self.values)


class Plotted(NamedTuple):
    image: Image
    cells: list[Image]
    sweep: Sweep


@inside("PlotXY", title="Plot X/Y", lane=INLINE)
def plot_xy(
    ctx: Context,
    image: Picture,
    x_input: Input,
    x_values: Listed,
    y_input: Input | None = None,
    y_values: Listed | None = None,
    title: str | None = None,
) -> Plotted | Expand:
    """The picture for each pair of values of two inputs, as a labelled grid. What does not depend on them runs once."""
    upstream = Upstream(ctx.graph, image.node, ctx.registry, ctx.job.prompt)
    axes = axes_of(ctx, upstream, {"x": (x_input, x_values), "y": (y_input or "", y_values or "")})
    columns, rows = axes["x"], axes.get("y")
    grid = list(product(rows.values if rows else [None], columns.values))
    if len(grid) > MOST_CELLS:
        size = f"{len(columns.values)} x {len(grid) // len(columns.values)}"
        raise ValueError(f"{size} values make {len(grid)} cells; at most {MOST_CELLS} can be plotted")
    body = upstream.below([axis.place.node for axis in axes.values()], closes)
    nodes: list[Node] = []
    ends: list[Link] = []
    prefixes = [f"{ctx.node_id}.{ctx.call}.{i}." for i in range(len(grid))]
    for i, (down, across) in enumerate(grid):
        given = {columns.place: across.value}
        if rows and down:
            given[rows.place] = down.value
        cell = copies(ctx.graph, body, given, ctx.node_id, prefixes[i])
        nodes += cell.nodes
        ends.append(cell.value(image))
    shown = sheet_nodes(ctx, ends, columns, rows, title or "")
    table = table_node(ctx, ends, list(axes.values()), prefixes)
    return Expand((*nodes, *shown, table), (Link(shown[-1].id, 0), ends, Link(table.id, 0)))


@plot_xy.check()
def plausible(given: Mapping[str, Any], services: Services) -> Sequence[Problem]:
    """Before anything runs: both halves of an axis must be there."""
    problems = []
    for axis in ("x", "y"):
        place, listed = (given.get(name, "") for name in (f"{axis}_input", f"{axis}_values"))
        if place is None or listed is None:
            continue  # it comes by a link
        if not place.strip() and (axis == "x" or listed.strip()):
            problems.append(unfit(f"{axis}_input", "expected NODE.INPUT, such as KSampler.cfg; it is empty"))
        if place.strip() and not listed.strip():
            problems.append(unfit(f"{axis}_values", f"expected values for {place}; it is empty"))
    return problems


@plot_xy.wiring
def swept(node: Node, graph: Graph, registry: Registry, prompt: Mapping[str, Any]) -> Any:
    """Which inputs are meant: names are no part of a key, and after a change of titles they mean others."""
    image, names = node.inputs["image"], [node.inputs.get(name, "") for name in ("x_input", "y_input")]
    if not isinstance(image, Link) or not all(isinstance(name, str) for name in names):
        return float("nan")
    upstream = Upstream(graph, image.node, registry, prompt)
    try:
        return upstream.standing([upstream.find(name) for name in names if name.strip()])
    except NoSuchInput as error:
        return str(error)


@inner("PlotXYCell", title="Plot X/Y (one cell)", lane="cpu")
def plot_cell(images: list[Image]) -> Image:
    """What one cell shows: its picture, or all of them beside one another."""
    return plots.one_picture(images)


@inner("PlotXYCells", title="Plot X/Y (running)", lane=INLINE)
def plot_cells(ctx: Context, **cells: Pictures) -> list[Image] | Expand:
    """All cells, counted as they come."""
    return Expand((), (list(cells.values()),), counts=True)


@inner("PlotXYSheet", title="Plot X/Y (sheet)", lane="cpu")
def plot_sheet(cells: list[Image], columns: list[Anything], rows: list[Anything], title: list[str]) -> Image:
    """The cells row by row, with the names of ``columns`` and ``rows``."""
    return plots.grid(cells, columns[0], rows[0], title[0])


@inner("PlotXYTable", title="Plot X/Y (table)", lane=INLINE)
def plot_table(axes: list[Anything], prefixes: list[Anything], **cells: list[Image]) -> Sweep:
    """What was swept, and how many pictures or batches each cell gave."""
    counts = [len(cells[f"cell_{i}"]) for i in range(len(cells))]
    told = [{"nodes": prefix, "pictures": count} for prefix, count in zip(prefixes[0], counts, strict=True)]
    return {"axes": axes[0], "cells": told}


def axes_of(ctx: Context, upstream: Upstream, given: Mapping[str, tuple[str, str]]) -> dict[str, Axis]:
    """The axes by name. Raises ValueError that names the axis, the node, its input and the value."""
    axes: dict[str, Axis] = {}
    for name, (address, listed) in given.items():
        if name == "y" and not address.strip():
            continue
        try:
            place = upstream.find(address)
        except NoSuchInput as error:
            raise ValueError(f"{name}_input: {error}") from None
        where = f"input {place.input} of node {upstream.label(place.node)}"
        if any(axis.place == place for axis in axes.values()):
            raise ValueError(f"x and y both sweep {where}; choose two inputs")
        try:
            axes[name] = axis_of(ctx, upstream, place, address, listed)
        except ValueError as error:
            raise ValueError(f"{name}_values, for {where}: {error}") from None
    return axes


def axis_of(ctx: Context, upstream: Upstream, place: Place, address: str, listed: str) -> Axis:
    """One axis, its values checked as if they stood in the workflow. Raises ValueError."""
    spec = upstream.spec(place)
    found = values(listed, spec, ctx.graph[place.node].inputs.get(place.input))
    for value in found:
        if problem := refused(ctx.graph, ctx.registry, place, value.value):
            raise ValueError(f"{value.label!r} is refused: {problem}; expected {expected(spec, ctx.registry)}")
    return Axis(place, address.strip(), address.strip().rpartition(".")[0], found)


def sheet_nodes(ctx: Context, ends: Sequence[Link], columns: Axis, rows: Axis | None, title: str) -> list[Node]:
    """The nodes that lay out what the cells give; the last one gives the sheet."""
    prefix = f"{ctx.node_id}.{ctx.call}."
    cells = [Node(f"{prefix}cell.{i}", "PlotXYCell", {"images": end}, ctx.node_id) for i, end in enumerate(ends)]
    links = {f"cell_{i}": Link(cell.id, 0) for i, cell in enumerate(cells)}
    all_cells = Node(f"{prefix}cells", "PlotXYCells", links, ctx.node_id)
    full = rows is not None and rows.place.input == columns.place.input
    names = {"columns": columns.names(full), "rows": rows.names(full) if rows else ("",), "title": title}
    sheet = Node(f"{prefix}sheet", "PlotXYSheet", {"cells": Link(all_cells.id, 0), **names}, ctx.node_id)
    return [*cells, all_cells, sheet]


def table_node(ctx: Context, ends: Sequence[Link], axes: Sequence[Axis], prefixes: Sequence[str]) -> Node:
    """The node that gives the sweep as plain data. An input keeps the name it was given: ids are no part of a key, and
    after a change of the workflow what is remembered would name others."""
    told = [
        {"input": axis.address, "labels": [v.label for v in axis.values], "values": [v.value for v in axis.values]}
        for axis in axes
    ]
    links = {f"cell_{i}": end for i, end in enumerate(ends)}
    constants = {"axes": told, "prefixes": list(prefixes)}
    return Node(f"{ctx.node_id}.{ctx.call}.table", "PlotXYTable", {**constants, **links}, ctx.node_id)
