"""A sampling that goes on after any of its steps ends in the same bytes; how often it is stored is bounded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from nodes.diffusion import resuming
from nodes.diffusion.noise import GaussianNoise
from nodes.diffusion.resuming import Bookmark, Reached
from nodes.diffusion.samplers import SAMPLERS, State
from nodes.diffusion.sampling import StepReport, sample_along, sample_latent
from tests.unit.nodes.test_sampling import CONDITIONING, EMPTY, FakeModel

STEPS = 6
ROOT = Path(__file__).parents[3]
MASK = torch.zeros(1, 1, 32, 32)
MASK[..., 16:] = 1
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "inpainting": ({"samples": torch.randn(2, 4, 4, 4), "noise_mask": MASK}, {"denoise_fraction": 0.8}),
    "batch_index": ({"batch_index": [3, 1]}, {}),
    "leftover": ({}, {"start_at_step": 1, "end_at_step": 5, "leftover_noise": True}),
    "no_noise": ({"samples": torch.randn(2, 4, 4, 4)}, {"add_noise": False, "start_at_step": 2}),
}


class Memory:
    """A store that keeps everything; ``found`` is what the next attempt finds."""

    def __init__(self, found: bytes | None = None) -> None:
        self.found, self.stored = found, list[bytes]()

    def load(self) -> bytes | None:
        return self.found

    def store(self, data: bytes) -> None:
        self.stored.append(data)


@pytest.fixture
def each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Store after every step, whatever it costs."""
    monkeypatch.setattr(resuming, "EVERY_S", 0.0)
    monkeypatch.setattr(resuming, "SHARE", 1e9)


def sampled(store: Memory, latent: dict[str, Any] = EMPTY, **changes: Any) -> Tensor:
    settings: dict[str, Any] = {"seed": 7, "steps": STEPS, "cfg": 1.5, "sampler_name": "euler", "scheduler": "normal"}
    out = sample_latent(FakeModel(), latent, CONDITIONING, CONDITIONING, **{**settings, **changes}, store=store)
    samples: Tensor = out["samples"]
    return samples


@pytest.mark.usefixtures("each_step")
@pytest.mark.parametrize("name", [name for name in SAMPLERS if not name.endswith("_gpu")])  # the same on the CPU
@pytest.mark.parametrize("case", CASES)
def test_it_goes_on_after_any_step_to_the_same_bytes(name: str, case: str) -> None:
    latent, settings = {**EMPTY, **CASES[case][0]}, {**CASES[case][1], "sampler_name": name}
    memory, all_reports = Memory(), list[StepReport]()
    undisturbed = sampled(memory, latent, **settings, on_step=all_reports.append)
    assert len(memory.stored) >= 2
    for k, found in enumerate(memory.stored):
        reports: list[StepReport] = []
        again = Memory(found)
        assert torch.equal(sampled(again, latent, **settings, on_step=reports.append), undisturbed)
        assert [report.step for report in reports] == [report.step for report in all_reports[k + 1 :]]
        assert again.stored == memory.stored[k + 1 :]


@pytest.mark.slow
def test_another_process_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    """Every sampler, on the bundled model, after each step."""
    command = [sys.executable, "-m", "tests.support.resumed", tmp_path]
    told = [subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT).stdout for _ in range(2)]
    assert json.loads(told[0]) == dict.fromkeys(SAMPLERS, 0)
    assert json.loads(told[1]) == dict.fromkeys(SAMPLERS, 1)


@pytest.mark.usefixtures("each_step")
def test_with_nothing_left_to_do_the_last_estimate_is_still_known() -> None:
    sigmas = torch.tensor([4.0, 3.0, 2.0])

    def half(x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
        return x / 2

    def run(memory: Memory, denoise: Callable[..., Tensor]) -> tuple[Tensor, Tensor]:
        result = sample_along(FakeModel(), EMPTY, denoise, SAMPLERS["euler"], sigmas, seed=0, store=memory)
        return result.latent["samples"], result.denoised["samples"]

    def never(x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
        raise AssertionError("it had all its steps")

    memory = Memory()
    latent, denoised = run(memory, half)
    again, estimate = run(Memory(memory.stored[-1]), never)
    assert torch.equal(again, latent)
    assert torch.equal(estimate, denoised)


@pytest.mark.usefixtures("each_step")
def test_what_a_sampler_with_other_options_stored_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    sigmas, memory, sampler = torch.linspace(8, 0, 5), Memory(), SAMPLERS["euler_ancestral"]

    def half(x: Tensor, sigma: Tensor, uncond: bool = False) -> Tensor:
        return x / 2

    def run(eta: float, store: Memory) -> Tensor:
        result = sample_along(FakeModel(), EMPTY, half, sampler.having(eta=eta), sigmas, seed=0, store=store)
        samples: Tensor = result.latent["samples"]
        return samples

    run(1.0, memory)
    assert torch.equal(run(0.5, Memory(memory.stored[1])), run(0.5, Memory()))
    assert "starts over" in caplog.text


OTHERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "sampler": ({}, {"sampler_name": "heun"}),
    "noise": ({"sampler_name": "dpmpp_sde"}, {"sampler_name": "dpmpp_sde_gpu"}),
    "seed": ({}, {"seed": 8}),
    "sigmas": ({}, {"scheduler": "karras"}),
    "steps": ({}, {"steps": 3}),
    "shape": ({}, {"latent": {"samples": torch.zeros(1, 4, 4, 4)}}),
}


@pytest.mark.usefixtures("each_step")
@pytest.mark.parametrize("what", OTHERS)
def test_what_another_sampling_stored_is_not_used(what: str, caplog: pytest.LogCaptureFixture) -> None:
    before, now = OTHERS[what]
    memory = Memory()
    sampled(memory, **before)
    assert torch.equal(sampled(Memory(memory.stored[3]), **now), sampled(Memory(), **now))
    assert "starts over" in caplog.text


def broken(data: bytes, how: str) -> bytes:
    tensors, header = load(data), json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    match how:
        case "cut":
            return data[:-10]
        case "empty":
            return b""
        case "no header":
            return save(tensors)
        case "noise":
            tensors["noise"] = tensors["noise"][:100].clone()
        case "past":
            tensors["past 0"] = torch.zeros(2, 4, 4, 5)
        case "numbers":
            tensors["past 0"] = torch.zeros(3, dtype=torch.int64)
        case "dtype":
            tensors["x"] = tensors["x"].double()
        case "lost":
            del tensors["denoised"]
        case "beyond":
            header = {resuming.HEADER: json.dumps({**json.loads(header[resuming.HEADER]), "i": STEPS + 1})}
    return save(tensors, header)


@pytest.mark.usefixtures("each_step")
@pytest.mark.parametrize("how", ["cut", "empty", "no header", "noise", "past", "numbers", "dtype", "lost", "beyond"])
def test_what_cannot_be_read_is_not_used(how: str, caplog: pytest.LogCaptureFixture) -> None:
    memory = Memory()
    undisturbed = sampled(memory, sampler_name="sa_solver")
    assert torch.equal(sampled(Memory(broken(memory.stored[3], how)), sampler_name="sa_solver"), undisturbed)
    assert "starts over" in caplog.text


class Clock:
    """Time that passes when it is told to, and ``cost_s`` each time something is stored."""

    def __init__(self, cost_s: float) -> None:
        self.now, self.cost_s, self.stores = 0.0, cost_s, 0

    def __call__(self) -> float:
        return self.now

    def load(self) -> bytes | None:
        return None

    def store(self, data: bytes) -> None:
        self.now += self.cost_s
        self.stores += 1


@pytest.mark.parametrize("step_s", [0.001, 0.03, 2.0])
@pytest.mark.parametrize("cost_s", [0.0, 0.0004, 0.02, 0.5])
def test_storing_costs_no_more_than_its_share(step_s: float, cost_s: float) -> None:
    clock, sigmas = Clock(cost_s), torch.linspace(10, 0, 1001)
    bookmark = Bookmark(clock, SAMPLERS["euler"], sigmas, 0, clock)
    x = torch.zeros(1, 4, 2, 2)
    noise = GaussianNoise(x, sigmas, 0)
    for i in range(1000):
        clock.now += step_s
        bookmark.reach(Reached(State(x, i + 1), x), noise)
    assert clock.stores * cost_s <= resuming.SHARE * clock.now + cost_s  # what the first costs nobody knows before
    assert clock.stores <= clock.now / resuming.EVERY_S
    if step_s >= 0.03 and cost_s <= 0.0004:  # cheap beside the steps: not seldom either
        assert clock.stores >= clock.now / max(2 * resuming.EVERY_S, 2 * step_s)
