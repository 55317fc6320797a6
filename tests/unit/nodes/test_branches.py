"""Real picture nodes side by side give the pixels of one after the other."""

from __future__ import annotations

from typing import Annotated, Any

import torch

import nodes
from engine.cache import NoCache
from engine.declare import node
from engine.jobs import Job
from engine.lanes import Lanes
from engine.marks import Socket
from engine.plan import plan
from engine.registry import Registry
from engine.run import Run
from engine.workflow import read_api
from tests.support.toys import api

LARGE = {"width": 160, "height": 120, "upscale_method": "lanczos", "crop": "center"}


async def joined(width: int) -> torch.Tensor:
    seen: list[torch.Tensor] = []

    @node("Seen", lane="inline", is_output=True)
    def look(image: Annotated[Any, Socket("IMAGE")]) -> None:
        seen.append(image)

    definitions = Registry()
    nodes.register(definitions)
    definitions.add(look.definition)
    document = api(
        **{f"c{i}": ("EmptyImage", {"width": 40, "height": 40, "batch_size": 2, "color": 977 * i}) for i in range(4)},
        **{f"l{i}": ("ImageScale", {"image": [f"c{i}", 0], **LARGE}) for i in range(4)},
        **{f"v{i}": ("ImageInvert", {"image": [f"l{i}", 0]}) for i in range(4)},
        p=("ImageBatch", {"image1": ["v0", 0], "image2": ["v1", 0]}),
        q=("ImageBatch", {"image1": ["v2", 0], "image2": ["v3", 0]}),
        r=("ImageBatch", {"image1": ["p", 0], "image2": ["q", 0]}),
        s=("Seen", {"image": ["r", 0]}),
    )
    checked = plan(read_api(document), definitions)
    lanes, job = Lanes({"cpu": width, "gpu": 1, "hook": 1}), Job(checked.prompt, checked.targets)
    try:
        await Run(job, checked.graph, definitions, NoCache(), lanes, lambda e: None).execute(checked.targets)
    finally:
        lanes.close()
    return seen[0]


async def test_branches_give_the_same_pixels_side_by_side() -> None:
    serial = await joined(1)
    assert serial.shape == (8, 120, 160, 3)
    assert len({tuple(picture[0, 0].tolist()) for picture in serial}) == 4
    for _ in range(5):
        assert torch.equal(await joined(4), serial)
