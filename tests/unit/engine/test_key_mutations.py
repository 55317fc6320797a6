"""The mutation table: each kind of change to a workflow, which nodes run again for it, and what explain says."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import pytest

from engine.cache import MemoryCache
from engine.declare import node
from engine.explain import causes_of, explain, trace
from engine.folders import Folders
from engine.identity import Identity
from engine.jobs import Job
from engine.marks import FileIn
from engine.node import NodeDef
from engine.plan import plan
from engine.run import Run
from engine.services import Services
from engine.workflow import read_api
from tests.support.toys import new_lanes, registry


@node("Weights", lane="cpu")
def weights(name: Annotated[str, FileIn("checkpoints")]) -> int:
    return len(name)


@node("Stamped", lane="cpu", per_node=True)
def stamped(value: int) -> int:
    return value


WORKFLOW: dict[str, Any] = {
    "load": {"class_type": "Weights", "inputs": {"name": "a.safetensors"}},
    "x": {"class_type": "Number", "inputs": {"value": 3}},
    "y": {"class_type": "Number", "inputs": {"value": 4}},
    "pair": {"class_type": "Sort", "inputs": {"a": ["x", 0], "b": ["y", 0]}},
    "sum": {"class_type": "Add", "inputs": {"a": ["pair", 0], "b": ["load", 0]}},
    "own": {"class_type": "Stamped", "inputs": {"value": ["y", 0]}},
    "show": {"class_type": "Show", "inputs": {"value": ["sum", 0], "style": "plain"}},
    "show2": {"class_type": "Show", "inputs": {"value": ["own", 0], "style": "plain"}},
}


@dataclass
class World:
    """What runs share: files, results, and the traces of the runs before."""

    folders: Folders
    versions: dict[str, str] = field(default_factory=dict)
    cache: MemoryCache = field(default_factory=lambda: MemoryCache(10**7))
    traces: list[Any] = field(default_factory=list)

    async def run(
        self, document: dict[str, Any]
    ) -> tuple[set[str], dict[str, set[tuple[str, str | None, str | None]]]]:
        """Which nodes ran, and the causes told of each: (kind, input, upstream node)."""
        more: list[NodeDef] = [weights.definition, stamped.definition]
        definitions = registry(services=Services(self.folders))
        for definition in more:
            definitions.add(definition)
        changed = {name: replace(definitions[name], version=version) for name, version in self.versions.items()}
        definitions = _with(definitions, changed)
        checked = plan(read_api(document), definitions)
        lanes = new_lanes()
        job = Job(prompt=checked.prompt, targets=checked.targets)
        made = Run(job, checked.graph, definitions, self.cache, lanes, lambda event: None)
        try:
            await made.execute(checked.targets)
        finally:
            lanes.close()
        now = trace(made)
        accounts = explain(made, now, self.traces)
        self.traces.insert(0, now)
        ran = {node_id for node_id, account in accounts.items() if account.how == "ran"}
        causes = {n: {(c.kind, c.input, c.node) for c in accounts[n].causes} for n in ran}
        return ran, causes


def _with(definitions: Any, changed: dict[str, NodeDef]) -> Any:
    from engine.registry import Registry

    made = Registry(definitions.services)
    made.add(*(changed.get(name, definition) for name, definition in definitions.items()))
    return made


@pytest.fixture
def world(tmp_path: Path) -> World:
    folders = Folders(tmp_path, identity=Identity(tmp_path / "files.sqlite"))
    folders.lay_out()
    for name in ("a.safetensors", "bb.safetensors"):
        (folders.paths("checkpoints")[0] / name).write_bytes(b"old weights")
    return World(folders)


def edit(path: str, value: Any) -> Callable[[dict[str, Any], World], dict[str, Any]]:
    def change(document: dict[str, Any], world: World) -> dict[str, Any]:
        node_id, name = path.split(".")
        document[node_id]["inputs"][name] = value
        return document

    return change


def renumber(document: dict[str, Any], world: World) -> dict[str, Any]:
    new = {old: str(number) for number, old in enumerate(reversed(document), start=10)}

    def moved(value: Any) -> Any:
        return [new[value[0]], value[1]] if isinstance(value, list) else value

    return {
        new[node_id]: {**each, "inputs": {name: moved(value) for name, value in each["inputs"].items()}}
        for node_id, each in document.items()
    }


def retitle(document: dict[str, Any], world: World) -> dict[str, Any]:
    for node_id, each in document.items():
        each["_meta"] = {"title": f"renamed {node_id}"}
    return document


def move(document: dict[str, Any], world: World) -> dict[str, Any]:
    """Where nodes stand: their order in the file, and what editors note beside."""
    return {node_id: {**document[node_id], "pos": [1, 2]} for node_id in reversed(document)}


def replace_file(document: dict[str, Any], world: World) -> dict[str, Any]:
    """Another file of equal name, size and time of change."""
    path = world.folders.paths("checkpoints")[0] / "a.safetensors"
    before = path.stat()
    path.write_bytes(b"new weights")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    return document


def touch_file(document: dict[str, Any], world: World) -> dict[str, Any]:
    """The same content at another time."""
    os.utime(world.folders.paths("checkpoints")[0] / "a.safetensors", (1, 1))
    return document


def new_version(document: dict[str, Any], world: World) -> dict[str, Any]:
    world.versions["Sort"] = "2"
    return document


def reformat(document: dict[str, Any], world: World) -> dict[str, Any]:
    """The same value written otherwise: ComfyUI's rules bring both to the declared type."""
    document["x"]["inputs"]["value"] = 3.0
    return document


SUM = {("upstream", "value", "sum")}

TABLE: dict[str, tuple[Any, dict[str, set[tuple[str, str | None, str | None]]]]] = {
    "nothing": (lambda document, world: document, {}),
    "a literal of an output": (edit("show.style", "loud"), {"show": {("input", "style", None)}}),
    "a literal in the middle": (
        edit("sum.b", 7),
        {"sum": {("input", "b", None)}, "show": SUM},
    ),
    "an upstream literal": (
        edit("x.value", 5),
        {
            "x": {("input", "value", None)},
            "pair": {("upstream", "a", "x")},
            "sum": {("upstream", "a", "pair")},
            "show": SUM,
        },
    ),
    "a literal that two branches share": (
        edit("y.value", 9),
        {
            "y": {("input", "value", None)},
            "pair": {("upstream", "b", "y")},
            "sum": {("upstream", "a", "pair")},
            "own": {("upstream", "value", "y")},
            "show": SUM,
            "show2": {("upstream", "value", "own")},
        },
    ),
    "a literal written otherwise": (reformat, {}),
    "a link to another slot": (edit("sum.a", ["pair", 1]), {"sum": {("link", "a", "pair")}, "show": SUM}),
    "a link to another node": (
        edit("pair.a", ["load", 0]),
        {
            "pair": {("link", "a", "load")},
            "sum": {("upstream", "a", "pair")},
            "show": SUM,
        },
    ),
    "a link in place of a literal": (
        edit("x.value", ["load", 0]),
        {
            "x": {("input", "value", None)},
            "pair": {("upstream", "a", "x")},
            "sum": {("upstream", "a", "pair")},
            "show": SUM,
        },
    ),
    "another model file": (
        edit("load.name", "bb.safetensors"),
        {
            "load": {("input", "name", None)},
            "sum": {("upstream", "b", "load")},
            "show": SUM,
        },
    ),
    "a model file replaced by another of equal name and size": (
        replace_file,
        {
            "load": {("file", "name", None)},
            "sum": {("upstream", "b", "load")},
            "show": SUM,
        },
    ),
    "a model file touched": (touch_file, {}),
    "the version of a node's code": (
        new_version,
        {
            "pair": {("version", None, None)},
            "sum": {("upstream", "a", "pair")},
            "show": SUM,
        },
    ),
    "titles": (retitle, {}),
    "positions": (move, {}),
}


@pytest.mark.parametrize("name", TABLE)
async def test_exactly_what_a_change_touches_runs_again_and_explain_names_the_cause(name: str, world: World) -> None:
    mutate, expected = TABLE[name]
    first, _ = await world.run(copy.deepcopy(WORKFLOW))
    assert first == set(WORKFLOW)

    ran, causes = await world.run(mutate(copy.deepcopy(WORKFLOW), world))

    assert causes == expected
    assert ran == set(expected)


async def test_new_node_ids_keep_every_hit_but_those_of_nodes_whose_id_is_part_of_the_key(world: World) -> None:
    await world.run(copy.deepcopy(WORKFLOW))
    renumbered = renumber(copy.deepcopy(WORKFLOW), world)
    ran, _ = await world.run(renumbered)
    assert {renumbered[node_id]["class_type"] for node_id in ran} == {"Stamped", "Show"}
    assert len(ran) == 2  # the one Show that is below the Stamped


async def test_a_result_that_was_not_kept_is_told_so(world: World) -> None:
    await world.run(copy.deepcopy(WORKFLOW))
    await world.cache.clear()
    ran, causes = await world.run(copy.deepcopy(WORKFLOW))
    assert ran == set(WORKFLOW)
    assert set().union(*causes.values()) == {("forgotten", None, None)}


async def test_before_and_now_are_told(world: World) -> None:
    await world.run(copy.deepcopy(WORKFLOW))
    document = copy.deepcopy(WORKFLOW)
    document["x"]["inputs"]["value"] = 8
    await world.run(document)
    now, before = world.traces[:2]
    (cause,) = causes_of("x", now["x"], before)
    assert (cause.before, cause.now) == (3, 8)
