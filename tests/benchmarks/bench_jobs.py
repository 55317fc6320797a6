"""Many jobs at once on one device: by turns against one after the other, joined, and what joining gains."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from PIL import Image, ImageChops

from engine.events import Event, NodeFinished, NodeProgress, RunFinished
from engine.jobs import Job
from engine.lanes import Lanes, Owner, call_in
from engine.pool_local import LocalPool
from nodes.computing import without_gradients
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.lazy import Residency
from nodes.diffusion.model import Model
from nodes.diffusion.sampling import sample_latent
from nodes.diffusion.stepper import Stepper
from tests.benchmarks.conftest import Report
from web.cli import build_parser
from web.cli.documents import SHIPPED
from web.cli.pools import remembering_pool
from web.cli.wiring import BUNDLED, build_folders

pytestmark = pytest.mark.benchmark

ROUNDS = 3
THINGS = ("cat", "dog", "rocket", "red apple", "green tree", "blue car", "yellow sun", "house")
PLACES = ("on a blue background", "on a green background")
STEPS = (50, 4, 20, 8, 30, 12, 6, 25, 10, 40, 5, 16, 20, 4, 35, 15)
SAMPLERS = ("ddim", "euler_ancestral", "dpmpp_2m", "heun")
SHARED = ("--jobs", "16", "--batch")
WAYS = {
    "one after the other": ("--jobs", "1"),
    "--jobs 16": (*SHARED, "off"),
    "--jobs 16 --batch auto": (*SHARED, "auto"),
    "--jobs 16 --batch 4": (*SHARED, "4"),
}


class Drawn(NamedTuple):
    """What a way took, from when all jobs were there, and the pictures."""

    latencies: list[float]
    pictures: list[Image.Image]


def workflows() -> list[dict[str, Any]]:
    """Sixteen with other words, seeds, steps, samplers and guidance each."""
    plain = json.loads((SHIPPED / "text_to_image.json").read_text())
    made = []
    for number, steps in enumerate(STEPS):
        document = json.loads(json.dumps(plain))
        document["2"]["inputs"]["text"] = f"a {THINGS[number % 8]} {PLACES[number // 8]}"
        sampler = SAMPLERS[number % len(SAMPLERS)]
        document["5"]["inputs"] |= {"seed": number, "steps": steps, "cfg": 3 + number / 4, "sampler_name": sampler}
        made.append(document)
    return made


def pool_for(data: Path, *flags: str) -> LocalPool:
    """As the server has it; nothing is remembered, so that each round draws anew."""
    args = build_parser().parse_args(["serve", "--data", str(data), "--cache-none", *flags])
    return remembering_pool(args, build_folders(data))


async def draw_all(data: Path, *flags: str) -> Drawn:
    """As the queue does: so many at once as the pool takes, in order."""
    pool = pool_for(data, *flags)
    await pool.registry()
    slots, began = asyncio.Semaphore(pool.size), time.perf_counter()

    async def draw(document: Mapping[str, Any]) -> tuple[float, Image.Image]:
        async with slots:
            events = [event async for event in pool.run(Job(document, ("7",)))]
        assert isinstance(events[-1], RunFinished)
        return time.perf_counter() - began, picture(data, events)

    drawn = await asyncio.gather(*(draw(document) for document in workflows()))
    await pool.close()
    return Drawn([seconds for seconds, _ in drawn], [each for _, each in drawn])


def picture(data: Path, events: Sequence[Event]) -> Image.Image:
    (saved,) = [event.ui["images"][0] for event in events if isinstance(event, NodeFinished) and event.ui]
    with Image.open(data / "output" / saved["subfolder"] / saved["filename"]) as opened:
        return opened.convert("RGB")


def largest_difference(some: Sequence[Image.Image], others: Sequence[Image.Image]) -> int:
    """Of any pixel, of 255."""
    pairs = zip(some, others, strict=True)
    return max(most for a, b in pairs for _, most in ImageChops.difference(a, b).getextrema())


def test_sixteen_jobs(report: Report, tmp_path: Path) -> None:
    """With words, seeds, samplers, guidance and 4 to 50 steps of their own; the ways take turns."""
    rounds: dict[str, list[Drawn]] = {name: [] for name in WAYS}
    asyncio.run(draw_all(tmp_path, *WAYS["--jobs 16 --batch auto"]))  # what joining gains is known from then on
    for _ in range(ROUNDS):
        for name, flags in WAYS.items():
            rounds[name].append(asyncio.run(draw_all(tmp_path, *flags)))
    alone = rounds["one after the other"][0].pictures
    for name, drawn in rounds.items():
        best = min((each.latencies for each in drawn), key=max)
        differs = max(largest_difference(each.pictures, alone) for each in drawn)
        assert "batch" in name or not differs
        assert differs <= 1
        report(
            "jobs",
            f"16 pictures, {sum(STEPS)} steps, {name}",
            f"{max(best):.1f} s in all, {sum(best) / len(best):.1f} s on average; "
            + ("the same pixels" if not differs else f"pixels differ by {differs} of 255 at most"),
        )


def test_a_short_job_beside_a_long_one(report: Report, tmp_path: Path) -> None:
    """4 steps, asked for when the first of 50 is done."""
    both = [min(pair) for pair in zip(*(asyncio.run(short_and_long(tmp_path)) for _ in range(ROUNDS)), strict=True)]
    report("jobs", "4 steps beside 50 steps, --jobs 2", f"{both[0]:.2f} s, beside {both[1]:.2f} s")


async def short_and_long(data: Path) -> tuple[float, float]:
    pool = pool_for(data, "--jobs", "2")
    await pool.registry()
    plain, begun = workflows()[0], asyncio.Event()

    async def draw(steps: int) -> float:
        document = {**plain, "5": {**plain["5"], "inputs": {**plain["5"]["inputs"], "steps": steps}}}
        before = time.perf_counter()
        async for event in pool.run(Job(document, ("7",))):
            if isinstance(event, NodeProgress):
                begun.set()
        return time.perf_counter() - before

    long = asyncio.create_task(draw(50))
    await begun.wait()
    short = await draw(4)
    assert not long.done()
    seconds = short, await long
    await pool.close()
    return seconds


def test_what_turns_cost(report: Report) -> None:
    """A sampling alone: each step through the lanes of a server, against a plain loop in one thread."""
    model, contexts = bundled()

    async def compare() -> tuple[float, float]:
        lanes = Lanes({"gpu": 1, "sampling": 1}, without_gradients).of(Owner())
        stepper = Stepper(partial(call_in, "gpu"))
        by_turns = model.through(stepper.sampling(model).network)
        plain, turns = [], []
        for _ in range(2 * ROUNDS):
            plain.append(await lanes.run("gpu", 0, lambda: sampling_seconds(model, contexts)))
            turns.append(await lanes.run("sampling", 0, lambda: sampling_seconds(by_turns, contexts)))
        lanes.close()
        return min(plain), min(turns)

    plain, turns = asyncio.run(compare())
    report(
        "jobs", "a step alone, by turns on the device", f"{turns * 1e3:.2f} ms, as a plain loop {plain * 1e3:.2f} ms"
    )


def bundled() -> tuple[Model, list[torch.Tensor]]:
    loaded = Loader(Residency()).checkpoint(BUNDLED / "wireloom-mini.safetensors")
    assert loaded.clip
    return loaded.model, [loaded.clip.encode(words)[0] for words in ("a red apple", "")]


def sampling_seconds(model: Model, contexts: Sequence[torch.Tensor], steps: int = 20) -> float:
    """For one step."""
    positive, negative = ([[context, {}]] for context in contexts)
    latent = {"samples": torch.zeros(1, 4, 16, 16)}
    how: dict[str, Any] = {"seed": 1, "steps": steps, "cfg": 4.0, "sampler_name": "euler", "scheduler": "normal"}
    before = time.perf_counter()
    sample_latent(model, latent, positive, negative, **how)
    return (time.perf_counter() - before) / steps


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("pixels", [128, 256])
def test_gains(report: Report, pixels: int, dtype: torch.dtype) -> None:
    """Milliseconds for one latent, by how many are in a call; in a thread, as the server does it."""
    model = Loader(Residency(), dtype).checkpoint(BUNDLED / "wireloom-mini.safetensors").model
    sizes = (1, 2, 4, 8, 16)
    with ThreadPoolExecutor(1, initializer=without_gradients) as device:
        rounds = [
            [device.submit(each_ms, model, count, pixels // 8).result() for count in sizes] for _ in range(ROUNDS)
        ]
    told = ", ".join(
        f"{count}: {min(times):.1f}" for count, times in zip(sizes, zip(*rounds, strict=True), strict=True)
    )
    report("gains", f"ms for a latent by latents in a call, {pixels}x{pixels}, {str(dtype)[6:]}", told)


def each_ms(model: Model, count: int, side: int) -> float:
    x, context = torch.randn(count, 4, side, side), torch.randn(count, 77, model.unet.get().config.context_dim)
    before = time.perf_counter()
    model.network(Inputs(x, torch.full((count,), 500.0), context))
    return (time.perf_counter() - before) / count * 1e3
