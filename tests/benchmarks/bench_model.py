"""Pictures: the bundled model whole, and one step of a full-size Stable Diffusion 1.5 with random weights."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from engine.checkpoints import Checkpoints
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.lazy import Residency
from nodes.diffusion.resuming import Bookmark
from nodes.diffusion.sampling import sample_latent
from tests.benchmarks.conftest import Report

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).parents[2]
BUNDLED = ROOT / "nodes" / "bundled" / "wireloom-mini.safetensors"
STEPS = 20
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def picture(loader: Loader) -> tuple[float, float]:
    """Seconds in all, and of the sampling alone, for one 128x128 picture."""
    began = time.perf_counter()
    loaded = loader.checkpoint(BUNDLED)
    assert loaded.clip
    assert loaded.vae
    positive, negative = ([[loaded.clip.encode(words)[0], {}]] for words in ("a red apple", ""))
    sampling = time.perf_counter()
    latent = {"samples": torch.zeros(1, 4, 16, 16)}
    options: dict[str, Any] = {"seed": 1, "steps": STEPS, "cfg": 4.0, "sampler_name": "ddim", "scheduler": "normal"}
    latent = sample_latent(loaded.model, latent, positive, negative, **options)
    sampled = time.perf_counter() - sampling
    loaded.vae.decode(latent["samples"])
    return time.perf_counter() - began, sampled


def test_bundled_cold(report: Report, tmp_path: Path) -> None:
    """From nothing: a new process, imports and all, as ``wireloom run`` does it."""
    command = [
        sys.executable,
        "-m",
        "web.cli",
        "run",
        "--json",
        "--data",
        str(tmp_path),
        "--out",
        str(tmp_path / "out"),
    ]
    before = time.perf_counter()
    # A process begins with the peak of the one that it was forked from: here a small one.
    done = subprocess.run([sys.executable, "-c", MEASURED, *command], check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - before
    told, _, peak = done.stdout.rpartition("peak ")
    assert json.loads(told)["status"] == "succeeded"
    report("bundled", f"wireloom run, 128x128, {STEPS} steps, cold process", f"{seconds:.2f} s")
    report("bundled", "peak memory of that process", f"{int(peak) / 2**20:.2f} GiB")


def test_bundled_warm(report: Report) -> None:
    loader = Loader(Residency())
    picture(loader)
    times = [picture(loader) for _ in range(5)]
    whole, sampling = min(t for t, _ in times), min(s for _, s in times)
    report("bundled", f"one picture, 128x128, {STEPS} steps, warm process", f"{whole:.2f} s")
    report("bundled", "sampling, warm", f"{STEPS / sampling:.1f} it/s")


def test_checkpoints(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What storing costs is counted: the difference between runs with and without it drowns in their own."""
    loaded = Loader(Residency()).checkpoint(BUNDLED)
    assert loaded.clip
    words, none = ([[loaded.clip.encode(text)[0], {}]] for text in ("a red apple", ""))
    store = Checkpoints(tmp_path).of_call("job", "5", 0, b"")
    spent: list[float] = []
    reach = Bookmark.reach

    def timed(bookmark: Bookmark, *reached: Any) -> None:
        before = time.perf_counter()
        reach(bookmark, *reached)
        spent.append(time.perf_counter() - before)

    monkeypatch.setattr(Bookmark, "reach", timed)
    options: dict[str, Any] = {"seed": 1, "steps": 30, "cfg": 4.0, "sampler_name": "lms", "scheduler": "normal"}
    began, rounds = time.perf_counter(), 8
    for _ in range(rounds):
        store.drop()
        sample_latent(loaded.model, {"samples": torch.zeros(1, 4, 16, 16)}, words, none, **options, store=store)
    share = sum(spent) / (time.perf_counter() - began)
    report("bundled", "storing where a sampling is, of its time, 128x128, 30 steps", f"{share:.1%}")


def test_full_size(report: Report, tmp_path: Path) -> None:
    """512x512: loading, and a step (cond and uncond in one batch) in fp32 and bf16."""
    path = tmp_path / "sd15.safetensors"
    subprocess.run([sys.executable, str(ROOT / "tests" / "fixtures" / "make_sd15.py"), str(path)], check=True)
    Loader(Residency()).checkpoint(path)  # imports, and the file into the page cache
    before = time.perf_counter()
    Loader(Residency()).checkpoint(path)
    report("SD 1.5", "load, warm (weights mapped)", f"{time.perf_counter() - before:.2f} s")
    with torch.no_grad():
        for dtype in (torch.float32, torch.bfloat16):
            model = Loader(Residency(), dtype).checkpoint(path).model
            before = time.perf_counter()
            model.unet.get()
            report("SD 1.5", f"U-Net's first use, {dtype}", f"{time.perf_counter() - before:.2f} s")
            report("SD 1.5", f"one step at 512x512, {dtype}", f"{step_seconds(model):.2f} s")
            model.unet.drop()
    report("SD 1.5", "memory of the process at the end", f"{psutil.Process().memory_info().rss / 2**30:.2f} GiB")


def step_seconds(model: Any) -> float:
    x, timesteps, context = torch.randn(2, 4, 64, 64), torch.tensor([500.0, 500.0]), torch.randn(2, 77, 768)
    times = []
    for _ in range(3):
        before = time.perf_counter()
        model.network(Inputs(x, timesteps, context))
        times.append(time.perf_counter() - before)
    return min(times)
