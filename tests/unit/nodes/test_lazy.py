"""Weights come into memory when they are used, and the least recently used go."""

from functools import partial

import torch
from torch import nn

from nodes.diffusion.lazy import Lazy, Residency

BYTES = 10 * 10 * 4 + 10 * 4


def networks(residency: Residency, count: int) -> list[Lazy[nn.Linear]]:
    build = partial(nn.Linear, 10, 10)
    return [Lazy(build, residency, torch.float32, torch.device("cpu")) for _ in range(count)]


def test_weights_are_built_at_first_use_and_once() -> None:
    (network,) = networks(Residency(), 1)
    assert not network.loaded
    assert network.get() is network.get()
    assert not network.get().weight.requires_grad


def test_the_least_recently_used_goes_when_memory_is_short() -> None:
    first, second, third = networks(Residency(budget_bytes=2 * BYTES), 3)
    held = first.get()
    second.get()
    first.get()
    third.get()
    assert [network.loaded for network in (first, second, third)] == [True, False, True]
    second.get()
    assert not first.loaded
    assert held(torch.zeros(1, 10)).shape == (1, 10)  # who holds it goes on


def test_one_network_may_exceed_the_budget_and_all_can_be_let_go() -> None:
    residency = Residency(budget_bytes=1)
    (network,) = networks(residency, 1)
    network.get()
    assert network.loaded
    residency.drop_all()
    assert not network.loaded


def test_the_dtype_is_what_was_asked_for() -> None:
    half = Lazy(partial(nn.Linear, 2, 2), Residency(), torch.bfloat16, torch.device("cpu"))
    assert half.get().weight.dtype == torch.bfloat16
    assert half.cast(torch.zeros(1)).dtype == torch.bfloat16
