"""SaveSweep: the sheet of a sweep and the picture of each cell as files, each with the values that it was made with."""

from collections.abc import Mapping
from itertools import islice
from typing import Annotated, Any

from engine.checks import is_link
from engine.context import Context
from engine.declare import node
from engine.embedding import INFOTEXT
from engine.exposed import Place, title_of
from engine.folders import Folders
from engine.marks import Widget
from engine.node import Output
from engine.placing import Placing
from engine.registry import Registry
from engine.sweeps import NUMBERED
from engine.ui_values import with_values
from engine.workflow import constant
from nodes.saving import ExtraInfo, Prompt, are_files_as_saved, metadata, saved
from nodes.types import Image, Sweep

COMPRESSION = 4


@node("SaveSweep", title="Save Sweep", category="inside", module="wireloom", lane="cpu", is_output=True)
def save_sweep(
    ctx: Context,
    image: list[Image],
    cells: list[Image],
    sweep: list[Sweep],
    filename_prefix: Annotated[list[str], Widget(default="sweep")],
    prompt: Prompt = None,
    extra_pnginfo: ExtraInfo = None,
) -> Output:
    """Save what PlotXY gives: the sheet, and each cell with a workflow that makes it alone; and a table of these."""
    told, prefix = sweep[0], filename_prefix[0]
    if (wanted := sum(cell["pictures"] for cell in told["cells"])) != len(cells):
        raise ValueError(
            f"{len(cells)} pictures, and the sweep has {wanted}: image, cells and sweep are of one Plot X/Y"
        )
    placing = Placing(ctx.service(Folders).directory("output"), ctx.deeds)
    sheet = saved(ctx, image[0], prefix, "output", metadata(ctx, prompt, extra_pnginfo), COMPRESSION, placing)
    images, proof, rows, left = list(shown(sheet)), list(sheet.proof), [], iter(cells)
    for i, cell in enumerate(told["cells"]):
        chunks = metadata(ctx, *of_cell(ctx, told["axes"], i, prompt, extra_pnginfo), wait_s=0)
        files: list[Any] = []
        for batch in islice(left, cell["pictures"]):
            one = saved(ctx, batch, f"{prefix}_cell", "output", chunks, COMPRESSION, placing)
            files += shown(one)
            proof += one.proof
        images += files
        rows.append({"nodes": cell["nodes"], "images": files})
        ctx.progress(i + 1, len(told["cells"]))
    return Output(ui={"images": images, "sweep": [{"axes": told["axes"], "cells": rows}]}, proof=tuple(proof))


save_sweep.intact(are_files_as_saved)


def shown(output: Output) -> list[Any]:
    return (output.ui or {}).get("images", [])


def of_cell(
    ctx: Context, axes: list[Any], i: int, prompt: Prompt, extra: ExtraInfo
) -> tuple[Mapping[str, Any] | None, Any]:
    """The workflow in both formats as it makes cell ``i``, private values left as they are."""
    if not isinstance(prompt, Mapping):
        return None, extra
    columns = len(axes[0]["values"])
    chosen = dict(zip((axis["input"] for axis in axes), (i % columns, i // columns), strict=False))
    private = ctx.embedded.private if ctx.embedded else frozenset[Place]()
    values = {
        place: axis["values"][chosen[axis["input"]]]
        for axis in axes
        if (place := place_of(prompt, axis["input"], ctx.registry)) and place not in private
    }
    made, extra = alone(prompt, ctx.node_id, values), dict(extra) if isinstance(extra, Mapping) else {}
    if "workflow" in extra:
        extra["workflow"] = with_values(extra["workflow"], values, ctx.registry)
    extra.pop(INFOTEXT, None)  # that is of the values that stand in the workflow
    if ctx.embedded and (text := ctx.embedded.infotext(made, ctx.node_id)):
        extra[INFOTEXT] = text
    return made, extra


def place_of(prompt: Mapping[str, Any], address: str, registry: Registry) -> Place | None:
    """What ``NODE.INPUT`` means in a workflow, as PlotXY reads it; None if that could be several."""
    name, _, key = address.rpartition(".")
    numbered = NUMBERED.fullmatch(name)
    for candidate in (numbered[1] if numbered else name, name):
        if candidate in prompt:
            return Place(candidate, key)
    for names in (lambda node: (title_of(node),), lambda node: names_of(node, registry)):
        found = [node_id for node_id, node in prompt.items() if name in names(node)]
        if found:
            return Place(found[0], key) if len(found) == 1 else None
    return None


def names_of(node: Mapping[str, Any], registry: Registry) -> tuple[str, ...]:
    definition = registry.get(str(node.get("class_type")))
    return (definition.name, definition.title) if definition else ()


def alone(prompt: Mapping[str, Any], saver: str, values: Mapping[Place, Any]) -> dict[str, Any]:
    """A workflow without its sweep, the swept picture saved as such: run again, it gives the cell."""
    cells = prompt.get(saver, {}).get("inputs", {}).get("cells")
    plot = cells[0] if is_link(cells) else ""
    swept = prompt.get(plot, {}).get("inputs", {}).get("image")
    if not is_link(swept):
        return dict(prompt)  # it is no Plot X/Y of the workflow's own
    gone = {plot}
    while more := {n for n, each in prompt.items() if n not in gone and gone.intersection(sources(each))}:
        gone |= more
    made = {node_id: each for node_id, each in prompt.items() if node_id not in gone}
    for place, value in values.items():
        if place.node in made:
            made[place.node] = {
                **made[place.node],
                "inputs": {**made[place.node]["inputs"], place.input: constant(value)},
            }
    saves = {"images": swept, "filename_prefix": prompt[saver]["inputs"].get("filename_prefix", "sweep")}
    return {**made, saver: {"class_type": "SaveImage", "inputs": saves}}


def sources(node: Mapping[str, Any]) -> set[str]:
    return {value[0] for value in node.get("inputs", {}).values() if is_link(value)}
