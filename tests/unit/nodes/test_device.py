"""Where networks compute and in which numbers; devices that are not here are stood in for."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from nodes import computing
from nodes.diffusion import device as devices
from nodes.diffusion.device import CPU, SHARE, Numbers, device_named, numbers_named, rules, weights_bytes

GB = 1 << 30
FULL, HALF, BRAIN = torch.float32, torch.float16, torch.bfloat16


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two graphics cards of 12 GB, which know bfloat16."""
    api = torch.accelerator
    monkeypatch.setattr(api, "current_accelerator", lambda check_available=False: torch.device("cuda"))
    monkeypatch.setattr(api, "device_count", lambda: 2)
    monkeypatch.setattr(api, "get_memory_info", lambda device: (10 * GB, 12 * GB))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: True)


@pytest.fixture
def no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: None)


@pytest.mark.usefixtures("no_card")
def test_without_an_accelerator_all_is_on_the_cpu_in_32_bits() -> None:
    assert device_named() == device_named("cpu") == CPU
    assert numbers_named("auto", CPU) == Numbers(FULL, FULL, FULL)
    assert weights_bytes(CPU) is None
    loader = computing.loader(GB)
    assert (loader.device, loader.dtype, loader.residency.budget_bytes) == (CPU, FULL, GB)


@pytest.mark.usefixtures("card")
def test_an_accelerator_is_taken_where_there_is_one() -> None:
    loader = computing.loader(GB)
    assert loader.device.type == "cuda"
    assert (loader.dtype, loader.text_dtype, loader.vae_dtype) == (HALF, HALF, BRAIN)
    assert loader.residency.budget_bytes == int(12 * GB * SHARE)
    assert device_named("cuda:1").index == 1
    assert device_named("cpu") == CPU
    assert computing.loader(3, own_budget=True).residency.budget_bytes == 3


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cuda:2", "there is no device 'cuda:2' here: torch finds 2 of its kind"),
        ("xpu", "there is no device 'xpu' here: torch finds cuda and the CPU"),
        ("gpu", "'gpu' names no device; expected auto, cpu, cuda"),
    ],
)
def test_a_device_that_is_not_there_is_named(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        device_named(name)


@pytest.mark.usefixtures("no_card")
def test_a_card_where_there_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="there is no device 'cuda' here: torch finds the CPU alone"):
        device_named("cuda")


@pytest.mark.parametrize(
    ("kind", "bfloat16", "vae"),
    [("cuda", True, BRAIN), ("cuda", False, FULL), ("xpu", True, BRAIN), ("mps", False, FULL), ("mps", True, FULL)],
)
def test_a_vae_never_computes_in_float16(kind: str, bfloat16: bool, vae: torch.dtype) -> None:
    assert rules(kind, bfloat16) == Numbers(HALF, HALF, vae)


def test_numbers_that_were_asked_for_are_for_all() -> None:
    assert numbers_named("bfloat16", CPU) == Numbers(BRAIN, BRAIN, BRAIN)


def test_bfloat16_is_asked_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)
    assert not devices.knows_bfloat16(torch.device("cuda"))
    assert devices.knows_bfloat16(torch.device("xpu"))
    assert not devices.knows_bfloat16(torch.device("mps"))


def test_only_what_gives_the_same_bits_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    asked: list[bool] = []
    monkeypatch.setattr(torch, "use_deterministic_algorithms", asked.append)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    partial(computing.compute_deterministically)()
    assert asked == [True]
    assert torch.backends.cudnn.benchmark is False
