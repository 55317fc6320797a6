"""What of a workflow lies in the files that nodes save: by the setting, by the job, and without what is private."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import nodes
from engine.cache import MemoryCache
from engine.embedding import Embedded, Embedding
from engine.events import Event, NodeNote, RunFinished
from engine.folders import Folders
from engine.infotext import read_infotext
from engine.jobs import Job
from engine.lock import LOCK
from engine.node import NodeDef
from engine.plan import plan
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.services import Services
from engine.workflow import read_api
from tests.support.toys import new_lanes

SECRET = "the name of a friend"
TEXT = f"""{SECRET}
Steps: 4, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, Seed: 5, Size: 64x64, Model: m, RNG: CPU"""
EDITORS = {
    "nodes": [{"id": 9, "type": "Nobody's", "widgets_values": [SECRET, "euler", 7]}],
    "links": [],
    "version": 0.4,
}


@pytest.fixture(scope="module")
def types() -> dict[str, NodeDef]:
    """What the workflow below is made of."""
    registry = Registry()
    nodes.register(registry)
    return {name: registry[name] for name in ("EmptyImage", "SaveImage", "StringConcatenate")}


def workflow(private: list[str] | None = None) -> dict[str, Any]:
    """A picture, saved under words that are put together."""
    own = {} if private is None else {"wireloom": {"private": private}}
    joined = {"string_a": SECRET, "string_b": "b", "delimiter": ""}
    return {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}},
        "2": {"class_type": "StringConcatenate", "inputs": joined, "_meta": own},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": ["2", 0]}},
    }


class Stage:
    """Runs workflows in one folder, remembering what ran."""

    def __init__(self, types: dict[str, NodeDef], folder: Path) -> None:
        self._types, self._folder, self._cache = types, folder, MemoryCache(2**20)

    async def saved(
        self, document: dict[str, Any], setting: Embedding | None = None, **extra: Any
    ) -> tuple[dict[str, str], list[Event]]:
        """The texts of the newest picture, and the run's events."""
        services = [Folders(self._folder), *([setting] if setting else [])]
        registry = Registry(Services(*services))
        registry.add(*self._types.values())
        checked = plan(read_api(document), registry)
        assert not checked.rejected, checked.rejected
        pool = LocalPool(lambda: registry, self._cache, new_lanes())
        extra = {"extra_pnginfo": {"workflow": EDITORS}, **extra}
        events = [event async for event in pool.run(Job(checked.prompt, checked.targets, extra_data=extra))]
        await pool.close()
        assert isinstance(events[-1], RunFinished), events[-1]
        newest = max((self._folder / "output").rglob("*.png"), key=lambda path: path.name)
        with Image.open(newest) as picture:
            picture.load()
            return {str(key): value for key, value in picture.info.items()}, events


@pytest.fixture
def stage(types: dict[str, NodeDef], tmp_path: Path) -> Stage:
    return Stage(types, tmp_path)


@pytest.mark.parametrize(
    ("setting", "asked", "keys"),
    [
        (None, None, ["prompt", "workflow"]),
        ("full", "full", ["prompt", "workflow"]),
        ("recipe", None, ["prompt"]),
        ("none", None, []),
        ("full", "recipe", ["prompt"]),
        ("full", "none", []),
        ("recipe", "full", ["prompt"]),
        ("none", "recipe", []),
        ("full", "everything", ["prompt", "workflow"]),
        ("full", ["none"], ["prompt", "workflow"]),
    ],
)
async def test_a_file_holds_what_the_setting_and_the_job_allow(
    stage: Stage, setting: Any, asked: Any, keys: list[str]
) -> None:
    extra = {} if asked is None else {"embed": asked}
    texts, _ = await stage.saved(workflow(), None if setting is None else Embedding(setting), **extra)
    assert list(texts) == ([*keys, LOCK] if keys else [])
    if "prompt" in texts:
        assert json.loads(texts["prompt"]) == workflow()


async def test_what_is_remembered_of_another_setting_is_not_taken(stage: Stage) -> None:
    full, _ = await stage.saved(workflow())
    nothing, _ = await stage.saved(workflow(), Embedding("none"))
    private, _ = await stage.saved(workflow(["string_a"]))
    assert (list(full), list(nothing), list(private)) == (
        ["prompt", "workflow", LOCK],
        [],
        ["prompt", "workflow", LOCK],
    )
    assert SECRET not in json.dumps(private)


async def test_private_values_are_left_out_everywhere_and_that_is_told(stage: Stage) -> None:
    texts, events = await stage.saved(workflow(["string_a"]))
    prompt = json.loads(texts["prompt"])
    assert prompt["2"]["inputs"] == {"string_a": "", "string_b": "b", "delimiter": ""}
    assert prompt["2"]["_meta"] == {"wireloom": {"private": ["string_a"]}}
    assert json.loads(texts["workflow"])["nodes"][0]["widgets_values"] == [None, "euler", 7]
    notes = [event.text for event in events if isinstance(event, NodeNote)]
    assert notes == ["left out of the file, being private: 2.string_a"]


async def test_what_feeds_a_private_input_is_private(stage: Stage) -> None:
    document = workflow()
    document["3"]["_meta"] = {"wireloom": {"private": ["filename_prefix"]}}
    texts, events = await stage.saved(document)
    assert json.loads(texts["prompt"])["2"]["inputs"] == {"string_a": "", "string_b": "", "delimiter": ""}
    assert SECRET not in "".join(texts.values())
    assert [event.text for event in events if isinstance(event, NodeNote)] == [
        "left out of the file, being private: 2.delimiter, 2.string_a, 2.string_b"
    ]


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ([8, 8, 1, 255], [8, 8, 1, None]),
        ({"width": 8, "color": 255}, {"width": 8, "color": None}),
    ],
)
async def test_a_node_of_the_editors_workflow_marks_its_own_values(stage: Stage, values: Any, kept: Any) -> None:
    own = {"properties": {"wireloom": {"private": ["color"]}}, "widgets_values": values}
    inner = {"id": 1, "type": "EmptyImage", **own, "widgets_values_named": {"width": 8, "color": 255}}
    editors = {"nodes": [], "definitions": {"subgraphs": [{"nodes": [inner]}]}}
    document = workflow()
    document["1"]["inputs"]["color"] = 255
    document["1"]["_meta"] = {"wireloom": {"private": ["color"]}}
    texts, _ = await stage.saved(document, extra_pnginfo={"workflow": editors})
    (node,) = json.loads(texts["workflow"])["definitions"]["subgraphs"][0]["nodes"]
    assert (node["widgets_values"], node["widgets_values_named"]) == (kept, {"width": 8})
    assert json.loads(texts["prompt"])["1"]["inputs"]["color"] == 0


@pytest.mark.parametrize(("more", "kept"), [({}, [None, 5]), ({"proxyWidgets": [["1", "a"], ["1", "b"]]}, None)])
async def test_an_instance_of_a_subgraph_marks_the_values_that_it_shows(stage: Stage, more: Any, kept: Any) -> None:
    inputs = [{"name": "picture"}, *({"name": name, "widget": {"name": name}} for name in ("width", "color"))]
    properties = {"wireloom": {"private": ["width"]}, **more}
    shown = {"id": 5, "type": "a-subgraph", "inputs": inputs, "widgets_values": [8, 5], "properties": properties}
    document = workflow()
    document["1"]["_meta"] = {"wireloom": {"private": ["width"]}}
    texts, _ = await stage.saved(document, extra_pnginfo={"workflow": {"nodes": [shown]}})
    assert json.loads(texts["workflow"])["nodes"][0]["widgets_values"] == kept


@pytest.mark.parametrize("own", [{"private": "string_a"}, {"private": [1, None]}, {"private": {}}, [], "x", None])
async def test_marks_of_another_shape_are_none(stage: Stage, own: Any) -> None:
    document = workflow()
    document["2"]["_meta"] = {"wireloom": own}
    texts, _ = await stage.saved(document)
    assert json.loads(texts["prompt"]) == document


def test_infotext_has_no_private_words() -> None:
    document = read_infotext(TEXT).prompt
    registry = Registry(Services(Embedding(infotext=True)))
    job = Job(document, ())
    assert Embedded(job, registry).hidden("EXTRA_PNGINFO", "7") == {"parameters": TEXT}
    document["2"]["_meta"]["wireloom"] = {"private": ["text"]}
    told = Embedded(Job(document, ()), registry).hidden("EXTRA_PNGINFO", "7")
    assert told is None or SECRET not in told["parameters"]


async def test_other_workflows_are_saved_without_infotext(stage: Stage) -> None:
    texts, _ = await stage.saved(workflow(), Embedding(infotext=True))
    assert list(texts) == ["prompt", "workflow", LOCK]


async def test_what_a_private_value_is_swept_over_stays_out_too(stage: Stage) -> None:
    document = workflow(["string_a"])
    own = {"private": ["string_a"], "axes": {"string_a": f"{SECRET} -> another", "string_b": "c, d"}}
    document["2"]["_meta"]["wireloom"] = own
    node = {"id": 2, "type": "StringConcatenate", "widgets_values": [SECRET, "b", ""], "properties": {"wireloom": own}}
    editors = {"nodes": [node], "links": [], "version": 0.4}
    texts, _ = await stage.saved(document, extra_pnginfo={"workflow": editors})
    assert all(SECRET not in text for text in texts.values())
    kept = {**own, "axes": {"string_b": "c, d"}}
    assert json.loads(texts["prompt"])["2"]["_meta"]["wireloom"] == kept
    assert json.loads(texts["workflow"])["nodes"][0]["properties"]["wireloom"] == kept
