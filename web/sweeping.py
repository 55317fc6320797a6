"""A sweep put behind a workflow's picture: Plot X/Y, and Save Sweep in the place of what saves it. A pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.checks import is_link
from engine.exposed import Place
from web.edits import Prompt, label

MOST_AXES = 2
SAVERS = ("SaveImage", "PreviewImage")
"""The first of which there is one on whose picture the axes have an effect becomes the saver of the sweep."""


class NoSweep(ValueError):
    """A workflow that cannot be swept like this."""


def with_sweep(prompt: Prompt, axes: Sequence[tuple[Place, str]]) -> dict[str, Any]:
    """``axes`` are inputs and the values to sweep each over, the columns first. Raises NoSweep."""
    if len(axes) > MOST_AXES:
        raise NoSweep(f"at most {MOST_AXES} inputs can be swept, not {len(axes)}")
    saver = _saver(prompt, [place.node for place, _ in axes])
    plot = f"{saver}:plot"
    inputs: dict[str, Any] = {"image": prompt[saver]["inputs"]["images"]}
    for axis, (place, values) in zip("xy", axes, strict=False):
        inputs |= {f"{axis}_input": f"{place.node}.{place.input}", f"{axis}_values": values}
    prefix = f"{prompt[saver]['inputs'].get('filename_prefix') or 'wireloom'}_sweep"
    links = {"image": [plot, 0], "cells": [plot, 1], "sweep": [plot, 2]}
    swept = {**prompt[saver], "class_type": "SaveSweep", "inputs": {**links, "filename_prefix": prefix}}
    return {**prompt, plot: {"class_type": "PlotXY", "inputs": inputs}, saver: swept}


def _saver(prompt: Prompt, needed: Sequence[str]) -> str:
    savers = [node_id for kind in SAVERS for node_id, node in prompt.items() if _takes_picture(node, kind)]
    if not savers:
        raise NoSweep("there is no picture to sweep: no Save Image or Preview Image has one")
    for saver in savers:
        if set(needed) <= _above(prompt, saver):
            return saver
    lacking = next(node_id for node_id in needed if node_id not in _above(prompt, savers[0]))
    raise NoSweep(f"node {label(prompt, lacking)} has no part in the picture of node {label(prompt, savers[0])}")


def _takes_picture(node: Mapping[str, Any], kind: str) -> bool:
    return node.get("class_type") == kind and is_link(node.get("inputs", {}).get("images"))


def _above(prompt: Prompt, node_id: str) -> set[str]:
    """All that a node is made from, without itself."""
    found, left = set[str](), [node_id]
    while left:
        inputs = prompt.get(left.pop(), {}).get("inputs", {}).values()
        sources = {value[0] for value in inputs if is_link(value)} - found
        found |= sources
        left += sources
    return found
