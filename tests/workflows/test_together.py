"""Jobs that share a device draw what each draws alone: to the bit, or within rounding where their steps are joined."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from engine.events import NodeFinished, RunFinished
from engine.jobs import Job
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.latent import SD15
from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.model import Model
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.sampling import sample_latent
from nodes.diffusion.stepper import Stepper
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet
from web.cli import build_parser
from web.cli.documents import SHIPPED
from web.cli.pools import remembering_pool
from web.cli.wiring import BUNDLED, build_folders

ROUNDING = 1e-5
"""Of the largest number: float32 rounds at 6e-8, and sums in another order over some steps add that up."""
WAYS: Sequence[dict[str, Any]] = (
    {"sampler_name": "dpmpp_2m", "steps": 5, "cfg": 4.0, "seed": 1},
    {"sampler_name": "euler_ancestral", "steps": 4, "cfg": 7.0, "seed": 2},
    {"sampler_name": "heun", "steps": 3, "cfg": 1.0, "seed": 3},
    {"sampler_name": "dpmpp_2m_sde", "steps": 6, "cfg": 5.5, "seed": 4},
)


def tiny() -> tuple[Model, list[Tensor]]:
    """A random U-Net, and contexts for it."""
    config = UNetConfig((Level(32, 1, 1), Level(64, 1, 1)), 1, model_channels=32, context_dim=16, groups=8)

    def build() -> UNet:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return UNet(config)

    network = Lazy(build, Residency(), torch.float32, torch.device("cpu"))
    made = torch.Generator().manual_seed(1)
    return Model(network, Prediction.eps(), SD15, kind="tiny"), [
        torch.randn(1, 7, 16, generator=made) for _ in range(len(WAYS) + 1)
    ]


def bundled() -> tuple[Model, list[Tensor]]:
    """The model that is always there, and the words for it."""
    loaded = Loader(Residency()).checkpoint(BUNDLED / "wireloom-mini.safetensors")
    assert loaded.clip
    words = ("a cat", "a rocket on a blue background", "a red apple", "a green tree", "")
    return loaded.model, [loaded.clip.encode(each)[0] for each in words]


def drawn(model: Model, contexts: Sequence[Tensor], which: int) -> Tensor:
    latent = {"samples": torch.zeros(1, 4, 16, 16)}
    positive, negative = [[contexts[which], {}]], [[contexts[-1], {}]]
    samples: Tensor = sample_latent(model, latent, positive, negative, scheduler="karras", **WAYS[which])["samples"]
    return samples


def together(model: Model, contexts: Sequence[Tensor], batch: int) -> tuple[list[Tensor], Counter[int]]:
    """All ways at once on one device."""
    everybody = threading.Barrier(len(WAYS))
    with ThreadPoolExecutor(1) as device, ThreadPoolExecutor(len(WAYS)) as threads:
        stepper = Stepper(device.submit, batch)

        def draw(which: int) -> Tensor:
            shared = model.through(stepper.sampling(model).network)
            everybody.wait(20)
            return drawn(shared, contexts, which)

        drawing: list[Future[Tensor]] = [threads.submit(draw, which) for which in range(len(WAYS))]
        return [each.result(120) for each in drawing], stepper.calls


@pytest.fixture
def one_core() -> Iterator[None]:
    """Whose threads wait for nobody: on a busy machine, those of two cores wait for each other most of the time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize("made", [tiny, bundled])
def test_samplings_at_once_give_the_bits_that_each_gives_alone(made: Any) -> None:
    model, contexts = made()
    shared, calls = together(model, contexts, batch=1)
    assert calls.keys() == {1}
    for which, one in enumerate(shared):
        assert torch.equal(one, drawn(model, contexts, which))


@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize("made", [tiny, bundled])
def test_joined_samplings_differ_by_rounding(made: Any) -> None:
    model, contexts = made()
    shared, calls = together(model, contexts, batch=8)
    assert max(calls) > 1
    for which, one in enumerate(shared):
        alone = drawn(model, contexts, which)
        assert (one - alone).abs().max() <= ROUNDING * alone.abs().max()


def workflow(words: str, **how: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SHIPPED / "text_to_image.json").read_text())
    document["2"]["inputs"]["text"] = words
    document["5"]["inputs"] |= how
    return document


async def pictures(tmp_path: Path, workflows: Sequence[dict[str, Any]], *flags: str) -> list[Image.Image]:
    """Run all at once, as the server does, and open what each saved."""
    args = build_parser().parse_args(["serve", "--data", str(tmp_path), "--cache-none", *flags])
    folders = build_folders(tmp_path)
    pool = remembering_pool(args, folders)

    async def one(document: dict[str, Any]) -> Image.Image:
        events = [event async for event in pool.run(Job(document, ("7",)))]
        assert isinstance(events[-1], RunFinished)
        (saved,) = [event.ui["images"][0] for event in events if isinstance(event, NodeFinished) and event.ui]
        with Image.open(tmp_path / "output" / saved["subfolder"] / saved["filename"]) as picture:
            return picture.convert("RGB")

    try:
        return await asyncio.gather(*(one(document) for document in workflows))
    finally:
        await pool.close()
        folders.close()


@pytest.mark.slow
async def test_jobs_at_once_draw_the_pictures_that_each_draws_alone(tmp_path: Path) -> None:
    words = ("a cat", "a red apple", "a green tree")
    documents = [
        workflow(word, steps=way["steps"], seed=way["seed"], cfg=way["cfg"], sampler_name=way["sampler_name"])
        for word, way in zip(words, WAYS, strict=False)
    ]
    at_once = await pictures(tmp_path / "at once", documents, "--jobs", "3")
    for document, one in zip(documents, at_once, strict=True):
        (alone,) = await pictures(tmp_path / "alone", [document])
        assert one.tobytes() == alone.tobytes()
