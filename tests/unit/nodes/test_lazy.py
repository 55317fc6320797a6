"""Weights come into memory when they are used, and the least recently used go."""

import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psutil
import pytest
import torch
from torch import nn

from nodes.diffusion.lazy import Lazy, Residency, size_as

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


def test_others_have_gone_before_the_weights_are_read() -> None:
    residency, there = Residency(budget_bytes=BYTES), []
    (old,) = networks(residency, 1)

    def build() -> nn.Linear:
        there.append(old.loaded)
        return nn.Linear(10, 10)

    new = Lazy(build, residency, torch.float32, torch.device("cpu"), size=BYTES)
    old.get()
    new.get()
    assert there == [False]
    assert list(residency.resident()) == [new]


def test_weights_that_cannot_be_read_count_for_nothing() -> None:
    residency = Residency()

    def build() -> nn.Linear:
        raise MemoryError

    with pytest.raises(MemoryError):
        Lazy(build, residency, torch.float32, torch.device("cpu"), size=5).get()
    assert residency.resident() == {}


def test_letting_go_does_not_wait_for_weights_that_are_just_being_read() -> None:
    residency, reading, go_on = Residency(), threading.Event(), threading.Event()

    def build() -> nn.Linear:
        reading.set()
        assert go_on.wait(10)
        return nn.Linear(10, 10)

    slow = Lazy(build, residency, torch.float32, torch.device("cpu"), size=BYTES)
    with ThreadPoolExecutor(1) as pool:
        got = pool.submit(slow.get)
        assert reading.wait(10)
        residency.drop_all()
        go_on.set()
        assert got.result(10)(torch.zeros(1, 10)).shape == (1, 10)
    assert slow.loaded
    assert list(residency.resident()) == [slow]


def test_all_but_some_can_be_let_go_and_come_back() -> None:
    residency = Residency()
    first, second = networks(residency, 2)
    first.get()
    second.get()
    assert residency.drop_all(but=(second,)) == [first]
    assert [first.loaded, second.loaded] == [False, True]
    first.get()
    assert [held.size for held in residency.resident().values()] == [BYTES, BYTES]


def test_a_network_known_by_its_file_is_there_once_as_long_as_anybody_has_it() -> None:
    residency = Residency()

    def make() -> Lazy[nn.Linear]:
        return networks(residency, 1)[0]

    first = residency.shared("a file", make)
    assert residency.shared("a file", make) is first
    assert residency.shared("another", make) is not first
    first.get()
    known = id(first)
    del first
    assert id(residency.shared("a file", make)) == known  # its weights are in memory, so it stays
    residency.drop_all()
    gc.collect()
    assert not residency.shared("a file", make).loaded


def test_the_size_is_known_before_the_weights_are() -> None:
    with torch.device("meta"):
        network = nn.Sequential(nn.Linear(10, 10), nn.BatchNorm1d(10))  # which counts its batches in an int64
    assert size_as(network, torch.bfloat16) == (110 + 40) * 2 + 8


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others give memory back when they like")
def test_weights_that_went_are_no_longer_in_the_process() -> None:
    size = 200_000_000
    residency = Residency()
    build = partial(nn.Linear, 10_000, size // 40_000, bias=False)
    network = Lazy(lambda: build(), residency, torch.float32, torch.device("cpu"))
    before = psutil.Process().memory_info().rss
    network.get()
    assert psutil.Process().memory_info().rss - before > 0.9 * size
    residency.drop_all()
    assert psutil.Process().memory_info().rss - before < 0.2 * size
