"""SaveSweep on the bundled model: the sheet and all cells as files, each cell with the workflow that makes it alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.cache import Cache, MemoryCache
from engine.checkpoints import Checkpoints
from engine.embedding import Embedding
from engine.errors import NodeFailed
from engine.events import Event, NodeStarted
from engine.folders import Folders
from engine.jobs import Job
from engine.lower import lower
from engine.node import Result
from engine.plan import plan
from engine.registry import Registry
from engine.run import Run
from engine.workflow import read_api
from tests.support.toys import new_lanes
from web.cli.documents import SHIPPED
from web.cli.pools import NodeTypes
from web.cli.wiring import build_folders


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folders]:
    folders = build_folders(tmp_path_factory.mktemp("data"))
    yield folders
    folders.close()


@pytest.fixture(scope="module")
def registry(folders: Folders) -> Registry:
    return NodeTypes(folders).load()


def drawn(steps: int = 1) -> dict[str, Any]:
    """The shipped text to image, as an editor has it, of small pictures."""
    document: dict[str, Any] = json.loads((SHIPPED / "ui" / "text_to_image.json").read_text())
    for node in document["nodes"]:
        if node["type"] == "EmptyLatentImage":
            node["widgets_values"][:2] = [64, 64]
        if node["type"] == "KSampler":
            node["widgets_values"][2] = steps
    return document


def swept(document: dict[str, Any], registry: Registry, **changes: Any) -> dict[str, Any]:
    """The same in API format, with a sweep behind its picture."""
    prompt = lower(document, registry)
    (decode,) = [node_id for node_id, each in prompt.items() if each["class_type"] == "VAEDecode"]
    axes = {"x_input": "Draw.cfg", "x_values": "1, 2", "y_input": "Words.text", "y_values": "a red apple\na hat"}
    prompt["plot"] = {"class_type": "PlotXY", "inputs": {"image": [decode, 0], **axes, **changes}}
    links = {"image": ["plot", 0], "cells": ["plot", 1], "sweep": ["plot", 2]}
    prompt["sweep"] = {"class_type": "SaveSweep", "inputs": {**links, "filename_prefix": "compared"}}
    return prompt


async def run(
    prompt: Mapping[str, Any], registry: Registry, target: str, cache: Cache | None = None, **extra: Any
) -> tuple[Result, Counter[str]]:
    events: list[Event] = []
    checked = plan(read_api(prompt), registry, [target])
    lanes = new_lanes()
    try:
        job = Job(prompt=checked.prompt, targets=(target,), extra_data={"extra_pnginfo": extra})
        kept = Checkpoints(registry.services.get(Folders).directory("temp") / "checkpoints")
        made = Run(job, checked.graph, registry, cache or MemoryCache(10**9), lanes, events.append, checkpoints=kept)
        result = (await made.execute([target]))[target]
    finally:
        lanes.close()
    return result, Counter(event.node.type for event in events if isinstance(event, NodeStarted))


def path_of(folders: Folders, shown: Mapping[str, Any]) -> Path:
    return folders.directory(shown["type"]) / shown["subfolder"] / shown["filename"]


async def test_each_cell_is_a_file_that_says_how_it_alone_was_made(folders: Folders, registry: Registry) -> None:
    document = drawn()
    cache = MemoryCache(10**9)
    result, counts = await run(swept(document, registry), registry, "sweep", cache, workflow=document)
    assert counts.items() >= {"CheckpointLoaderSimple": 1, "KSampler": 4, "SaveSweep": 1}.items()
    assert result.ui
    (table,) = result.ui["sweep"]
    assert [axis["input"] for axis in table["axes"]] == ["Draw.cfg", "Words.text"]
    assert [axis["values"] for axis in table["axes"]] == [[1.0, 2.0], ["a red apple", "a hat"]]
    assert [cell["nodes"] for cell in table["cells"]] == [f"plot.0.{i}." for i in range(4)]
    files = [path_of(folders, image) for cell in table["cells"] for image in cell["images"]]
    assert [path.name for path in files] == [f"compared_cell_{i:05}_.png" for i in range(1, 5)]
    assert path_of(folders, result.ui["images"][0]).name == "compared_00001_.png"
    assert len(result.ui["images"]) == 5

    with Image.open(files[2]) as cell:  # in the second row the first
        pixels, texts = np.asarray(cell), dict(cell.info)
    for told in (json.loads(texts["prompt"]), lower(json.loads(texts["workflow"]), registry)):
        inputs = {each["_meta"]["title"]: each["inputs"] for each in told.values() if "_meta" in each}
        assert (inputs["Draw"]["cfg"], inputs["Words"]["text"]) == (1.0, "a hat")
    again, _ = await run(json.loads(texts["prompt"]), registry, "sweep")
    assert again.ui
    with Image.open(path_of(folders, again.ui["images"][0])) as picture:
        assert np.array_equal(np.asarray(picture), pixels)

    _, counts = await run(swept(document, registry), registry, "sweep", cache, workflow=document)
    assert not counts
    files[0].unlink()
    _, counts = await run(swept(document, registry), registry, "sweep", cache, workflow=document)
    assert counts == {"SaveSweep": 1}


async def test_a_private_value_stays_out_of_the_files_of_cells(folders: Folders, registry: Registry) -> None:
    document = drawn()
    words = next(node for node in document["nodes"] if node.get("title") == "Words")
    words["properties"]["wireloom"] = {"private": ["text"]}
    result, _ = await run(swept(document, registry, x_values="3"), registry, "sweep", workflow=document)
    assert result.ui
    with Image.open(path_of(folders, result.ui["images"][-1])) as cell:
        assert all("a hat" not in str(text) for text in cell.info.values())


async def test_a_batch_is_one_cell_and_what_does_not_belong_together_is_refused(registry: Registry) -> None:
    prompt = swept(drawn(), registry, x_input="Empty canvas.batch_size", x_values="1, 3", y_input="", y_values="")
    result, _ = await run(prompt, registry, "sweep")
    assert result.ui
    assert [len(cell["images"]) for cell in result.ui["sweep"][0]["cells"]] == [1, 3]
    prompt["sweep"]["inputs"]["cells"] = ["plot", 0]
    with pytest.raises(NodeFailed, match="1 pictures, and the sweep has 2"):
        await run(prompt, registry, "sweep")


async def test_the_text_for_web_uis_tells_the_values_of_the_cell(folders: Folders) -> None:
    node_types = NodeTypes(folders)
    node_types.provide(Embedding(infotext=True))
    types = node_types.load()
    prompt = swept(drawn(), types, x_values="2, 5", y_input="", y_values="")
    result, _ = await run(prompt, types, "sweep")
    assert result.ui
    told = []
    for image in result.ui["images"][1:]:
        with Image.open(path_of(folders, image)) as cell:
            told.append(str(cell.info["parameters"]))
    assert [("CFG scale: 2," in text, "CFG scale: 5," in text) for text in told] == [(True, False), (False, True)]
