"""Our nodes beside ComfyUI's: what of their declarations is equal, and what ``docs/compatibility.md`` says of the rest.

``core_nodes.json`` holds the facts that ComfyUI 0.3.64's ``/object_info`` tells of its nodes for Stable Diffusion.
``python -m tests.support.core_nodes`` prints how things are.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import nodes
from engine.folders import Folders
from engine.registry import Registry
from engine.services import Services
from web.object_info import describe

ROOT = Path(__file__).parents[2]
REFERENCE: Mapping[str, Any] = json.loads((ROOT / "tests/unit/nodes/core_nodes.json").read_text())
DOCUMENT = ROOT / "docs/compatibility.md"

SAME_NAMES = ("category", "python_module", "output_node")
FLAGS = ("experimental", "deprecated")
EMPTY = {"STRING": "", "BOOLEAN": False}
"""Defaults that say no more than none: it is what a widget of the type begins with."""


class Place(NamedTuple):
    """Where two declarations of a node differ: an input's name, or a word such as ``category``."""

    node: str
    where: str


@dataclass(frozen=True)
class Said:
    """What the document says: reasons, by place and by node."""

    different: Mapping[Place, str]
    absent: Mapping[str, str]
    out_of_scope: frozenset[str]


def served(data: Path) -> dict[str, dict[str, Any]]:
    """The built-in nodes as ``/object_info`` shows them; ``data`` is a folder without models."""
    registry = Registry(Services(Folders(data)))
    nodes.register(registry)
    return {info.name: describe(info) for info in registry.describe()}


def differences(ours: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Where a node as served differs from the reference: place -> (ours, theirs)."""
    found = dict(_names(ours, wanted))
    for section in ("required", "optional"):
        own, specs = ours["input"].get(section, {}), wanted["inputs"].get(section, [])
        names = [spec["name"] for spec in specs]
        if list(own) != names:
            found[f"{section} inputs"] = list(own), names
        found |= {
            spec["name"]: (own[spec["name"]], spec)
            for spec in specs
            if spec["name"] in own and not same_input(own[spec["name"]], spec)
        }
    return found


def _names(ours: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """What is not about inputs."""
    pairs = {name: (ours[name], wanted[name]) for name in SAME_NAMES}
    pairs |= {flag: (ours.get(flag, False), wanted.get(flag, False)) for flag in FLAGS}
    pairs["display_name"] = ours["display_name"], wanted["display_name"] or ours["name"]
    outputs = list(zip(ours["output"], ours["output_name"], ours["output_is_list"], strict=True))
    pairs["outputs"] = outputs, [(o["type"], o["name"], o["is_list"]) for o in wanted["outputs"]]
    hidden = {name: kind for name, kind in wanted["inputs"].get("hidden", {}).items() if kind != "UNIQUE_ID"}
    own_hidden = {name: kind for name, kind in ours["input"].get("hidden", {}).items() if kind != "UNIQUE_ID"}
    pairs["hidden inputs"] = own_hidden, hidden
    return ((where, pair) for where, pair in pairs.items() if pair[0] != pair[1])


def same_input(config: list[Any], spec: Mapping[str, Any]) -> bool:
    """Whether ``[type, options]`` declares what the reference does: type or choices, default, limits, options."""
    kind, options = config[0], {key: value for key, value in config[1].items() if key != "tooltip"}
    wanted = dict(spec.get("options", {}))
    if spec["type"] != "COMBO":
        same_kind = kind == spec["type"]
    elif values := spec.get("values"):
        same_kind = kind == list(dict.fromkeys(values))  # one list of ComfyUI's names a method twice
    else:
        same_kind = isinstance(kind, list)  # files, or what the editor asks a route for
    for either in (options, wanted):
        if isinstance(kind, str) and kind in EMPTY and either.get("default") == EMPTY[kind]:
            del either["default"]
    return same_kind and options == wanted


def said() -> Said:
    """The tables of the document. Raises ValueError for a row without a reason, or a name that is there twice."""
    parts = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.M))
    different: dict[Place, str] = {}
    for name, where, reason in _rows(parts["Different on purpose"], 3):
        for node in _quoted(name):
            _add(different, [Place(node, place) for place in _quoted(where)], reason)
    absent: dict[str, str] = {}
    for names, reason in _rows(parts["Not there yet"], 2):
        _add(absent, _quoted(names), reason)
    return Said(different, absent, frozenset(_quoted(parts["Out of scope"])))


def _rows(text: str, width: int) -> Iterator[list[str]]:
    """The cells of a table's rows, without its head."""
    lines = [line.strip() for line in text.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) != width or not all(cells):
            raise ValueError(f"{DOCUMENT.name}: a row has {width} cells that say something, unlike {line}")
        yield cells


def _quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def _add(table: dict[Any, str], keys: list[Any], reason: str) -> None:
    for key in keys:
        if key in table:
            raise ValueError(f"{DOCUMENT.name}: {key} is there twice")
        table[key] = reason


def text() -> str:
    """The nodes that are equal, those that differ on purpose, and those that are absent, with the reasons."""
    told = said()
    with tempfile.TemporaryDirectory() as data:
        ours = served(Path(data))
    there = {name: differences(ours[name], REFERENCE[name]) for name in REFERENCE if name in ours}
    equal = [name for name, found in there.items() if not found]
    different = [Place(name, where) for name, found in there.items() for where in found]
    absent = [name for name in REFERENCE if name not in ours]
    unexplained = "NO REASON in docs/compatibility.md"
    stale = [name for name in told.absent if name in ours]
    stale += [f"{p.node}, {p.where}" for p in told.different if p not in different]
    return "\n".join(
        [
            f"Equal: {len(equal)}",
            *(f"  {name}" for name in equal),
            f"\nDifferent on purpose: {len(there) - len(equal)}",
            *(f"  {p.node}, {p.where}: {told.different.get(p, unexplained)}" for p in different),
            f"\nAbsent: {len(absent)}",
            *(f"  {name}: {told.absent.get(name, unexplained)}" for name in absent),
            *(["\nTo strike out of docs/compatibility.md:", *(f"  {each}" for each in stale)] if stale else []),
            f"\n{len(equal)} of {len(REFERENCE)} equal, {len(there) - len(equal)} different, {len(absent)} absent;"
            f" {len(ours.keys() - REFERENCE.keys())} nodes of our own\n",
        ]
    )


if __name__ == "__main__":
    sys.stdout.write(text())
