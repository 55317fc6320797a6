"""A process that the system gives no more memory at some point: ``python -m tests.support.limited FOLDER`` prints, as
JSON, what became of its jobs."""

from __future__ import annotations

import asyncio
import hashlib
import json
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import torch
from PIL import Image, ImageStat
from torch import nn

from engine.cache import MemoryCache
from engine.declare import node
from engine.events import NodeFinished, NodeNote, RunFailed
from engine.jobs import Job
from engine.lanes import Lanes
from engine.ledger import Ledger
from engine.marks import Socket
from engine.node import Output
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.services import Services
from nodes.codec import size
from nodes.diffusion.lazy import Lazy, Origin, Residency
from nodes.memory import drop_weights, weights
from nodes.types import Mask
from tests.support.toys import api
from web.cli import build_parser
from web.cli.memory import trimmer
from web.cli.pools import remembering_pool
from web.cli.wiring import build_folders

MIB = 2**20
DECODED = 512  # pixels a side
DECODING_BYTES = 150 * MIB  # the whole picture takes about 200
FLOATS = 60 * MIB
NAMED = Origin("network", "large.safetensors")
FILLED_BYTES = 4 * FLOATS


@dataclass
class Ran:
    """What a job came to."""

    notes: list[str] = field(default_factory=list)
    how: dict[str, str] = field(default_factory=dict)
    failed: str = ""
    shown: dict[str, Any] = field(default_factory=dict)


async def ran(pool: LocalPool, document: dict[str, Any]) -> Ran:
    made = Ran()
    async for event in pool.run(Job(prompt=document, targets=())):
        match event:
            case NodeNote():
                made.notes.append(event.text)
            case NodeFinished():
                made.how[event.node.id] = event.how
                made.shown |= event.ui or {}
            case RunFailed():
                made.failed = event.failure.message
    return made


@contextmanager
def at_most(more_bytes: int) -> Iterator[None]:
    """Only so much more than the process has now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (has,) = (int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (has + more_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


async def in_tiles(folder: Path) -> dict[str, Any]:
    """A picture decoded with enough memory and with too little, and again with enough."""
    folders = build_folders(folder)
    folders.lay_out()
    pool = remembering_pool(build_parser().parse_args(["run", "--data", str(folder)]), folders)
    source = Image.linear_gradient("L").resize((DECODED, DECODED)).convert("RGB")
    source.save(folders.directory("input") / "source.png")
    document = api(
        model=("CheckpointLoaderSimple", {"ckpt_name": "wireloom-mini.safetensors"}),
        source=("LoadImage", {"image": "source.png"}),
        latent=("VAEEncode", {"pixels": ["source", 0], "vae": ["model", 2]}),
        picture=("VAEDecode", {"samples": ["latent", 0], "vae": ["model", 2]}),
        save=("SaveImage", {"images": ["picture", 0], "filename_prefix": "x"}),
    )
    encoding = {name: document[name] for name in ("model", "source", "latent")} | {
        "show": {"class_type": "PreviewAny", "inputs": {"source": ["latent", 0]}}
    }
    await ran(pool, encoding)
    with at_most(DECODING_BYTES):
        short = await ran(pool, document)
    enough, again = await ran(pool, document), await ran(pool, document)
    await pool.close()
    pictures = [
        Image.open(folders.directory("output") / each.shown["images"][0]["filename"]) for each in (short, enough)
    ]
    return {
        "short": vars(short),
        "enough": vars(enough),
        "again": vars(again),
        "sha": [hashlib.sha256(picture.tobytes()).hexdigest() for picture in pictures],
        "mean": [ImageStat.Stat(picture.convert("L")).mean[0] for picture in pictures],
    }


async def freeing() -> dict[str, Any]:
    """A node that needs the memory of a remembered result, of another model, and more than there is."""
    residency = Residency()
    network = Lazy(
        partial(nn.Linear, 1, FLOATS, bias=False), residency, torch.float32, torch.device("cpu"), origin=NAMED
    )

    @node("Fill")
    def fill(value: int) -> Mask:
        return torch.full((FLOATS,), float(value))

    @node("Load")
    def load(value: int) -> int:
        network.get()
        return value

    @node("Sum", is_output=True)
    def total(value: Annotated[Any, Socket("MASK,INT")]) -> Output:
        return Output(ui={"text": [str(torch.as_tensor(value).sum().item())]})

    cache, types = MemoryCache(2**30, size), Loaded(residency)
    registry = Registry(Services(ledger := Ledger(cache, types, trimmer()), residency))
    registry.add(fill.definition, load.definition, total.definition)
    pool = LocalPool(lambda: registry, cache, Lanes({"gpu": 1}), types.drop_all, ledger=ledger)

    async def summed(kind: str, value: int) -> dict[str, Any]:
        return vars(await ran(pool, api(f=(kind, {"value": value}), o=("Sum", {"value": ["f", 0]}))))

    told = {"first": await summed("Fill", 1)}
    with at_most(FILLED_BYTES // 2):
        told["results"] = await summed("Fill", 2)
    await pool.free(models=True, cache=True)
    await summed("Load", 1)
    with at_most(FILLED_BYTES // 2):
        told["models"] = {**await summed("Fill", 1), "loaded": network.loaded}
    await pool.free(models=True, cache=True)
    told["back"] = {**await summed("Load", 2), "loaded": network.loaded}
    await pool.free(models=True, cache=True)
    with at_most(FILLED_BYTES // 2):
        told["never"] = await summed("Fill", 3)
    await pool.close()
    return told


class Loaded:
    """A residency as the ledger's models."""

    budget_bytes = 2**30

    def __init__(self, residency: Residency) -> None:
        self._services = Services(residency)
        self.drop_all = partial(drop_weights, self._services)
        self.weights = partial(weights, self._services)


async def main() -> None:
    torch.set_num_threads(1)
    told = {"freeing": await freeing(), "in_tiles": await in_tiles(Path(sys.argv[1]))}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main())
