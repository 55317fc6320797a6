"""PlotXY on the bundled model: what 25 cells share runs once, and each is what a run of its own would give."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import torch

from engine.cache import Cache, MemoryCache
from engine.events import Event, NodeStarted
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
from web.shipped import BLUEPRINTS

SHARED = {"CheckpointLoaderSimple": 1, "CLIPTextEncode": 2, "EmptyLatentImage": 1}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The built-in node types."""
    return NodeTypes(build_folders(tmp_path_factory.mktemp("data"))).load()


def sweep(**changes: Any) -> dict[str, Any]:
    """The shipped workflow, of small pictures in one step."""
    document: dict[str, Any] = json.loads((SHIPPED / "inside" / "plot_xy.json").read_text())
    document["4"]["inputs"] |= {"width": 64, "height": 64}
    document["5"]["inputs"] |= {"steps": 1, "sampler_name": "euler"}
    document["7"]["inputs"] |= {
        "x_input": "KSampler.cfg", "x_values": "1..5", "y_input": "Draw.seed", "y_values": "1..5", **changes,
    }  # fmt: skip
    return document


async def run(
    document: Mapping[str, Any], registry: Registry, target: str, cache: Cache | None = None
) -> tuple[Result, Counter[str]]:
    """What one node gives, and how often each type of node ran."""
    events: list[Event] = []
    checked = plan(read_api(document), registry)
    lanes = new_lanes()
    try:
        job = Job(prompt=checked.prompt, targets=(target,))
        made = Run(job, checked.graph, registry, cache or MemoryCache(10**9), lanes, events.append)
        result = (await made.execute([target]))[target]
    finally:
        lanes.close()
    return result, Counter(event.node.type for event in events if isinstance(event, NodeStarted))


@pytest.mark.slow
async def test_a_sweep_of_5_by_5_loads_encodes_and_makes_its_canvas_once(registry: Registry) -> None:
    cache = MemoryCache(10**9)
    first, counts = await run(sweep(), registry, "7", cache)
    assert counts.items() >= {**SHARED, "KSampler": 25, "VAEDecode": 25, "PlotXYSheet": 1}.items()
    cells = first.lists[1]
    assert len(cells) == 25

    for at, (cfg, seed) in ((0, (1.0, 1)), (7, (3.0, 2)), (24, (5.0, 5))):
        document = sweep()
        document["5"]["inputs"] |= {"cfg": cfg, "seed": seed}
        alone, counts = await run(document, registry, "6")
        assert counts["KSampler"] == 1
        assert torch.equal(cells[at], alone.lists[0][0])

    _, counts = await run(sweep(x_values="1, 2, 3, 4, 7.5"), registry, "7", cache)
    assert counts.items() >= {"KSampler": 5, "VAEDecode": 5, "PlotXYSheet": 1}.items()
    assert not counts.keys() & SHARED.keys()


async def test_samplers_words_and_models_can_be_swept(registry: Registry) -> None:
    cache = MemoryCache(10**9)
    document = sweep(
        x_input="5.sampler_name", x_values="euler, lcm", y_input="Words.text", y_values="dog -> cat\ndog -> hat"
    )
    drawn, counts = await run(document, registry, "7", cache)
    assert counts.items() >= {"CheckpointLoaderSimple": 1, "CLIPTextEncode": 3, "KSampler": 4}.items()
    assert len({cell.numpy().tobytes() for cell in drawn.lists[1]}) == 4
    document = sweep(x_input="Model.ckpt_name", x_values="wireloom-mini.safetensors", y_input="", y_values="")
    _, counts = await run(document, registry, "7", cache)
    assert "CheckpointLoaderSimple" not in counts  # the one model there is has been loaded


async def test_nodes_within_a_subgraph_are_found_by_their_titles(registry: Registry) -> None:
    (file,) = BLUEPRINTS.glob("*.json")
    drawn = json.loads(file.read_text())
    shipped = json.loads((SHIPPED / "ui" / "text_to_image.json").read_text())
    (instance,) = drawn["nodes"]
    loader = next(each for each in shipped["nodes"] if each["type"] == "CheckpointLoaderSimple")
    instance["id"] = 100
    for slot in range(3):
        instance["inputs"][slot]["link"] = slot + 1
    drawn["nodes"].append(loader)
    drawn["links"] = [[slot + 1, loader["id"], slot, 100, slot, "*"] for slot in range(3)]
    document = lower(drawn, registry)
    (decode,) = [node_id for node_id, each in document.items() if each["class_type"] == "VAEDecode"]
    assert ":" in decode
    document["p"] = {
        "class_type": "PlotXY",
        "inputs": {"image": [decode, 0], "x_input": "KSampler.steps", "x_values": "1, 2"},
    }
    document["s"] = {"class_type": "PreviewImage", "inputs": {"images": ["p", 0]}}
    _, counts = await run(document, registry, "p")
    assert counts.items() >= {**SHARED, "KSampler": 2}.items()
