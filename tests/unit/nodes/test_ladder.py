"""When memory runs out: what goes first, how a sampling goes on, what is told."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.diffusion.inputs import Inputs
from nodes.diffusion.ladder import Frugal, Ladder, Way, halves
from nodes.diffusion.sampling import sample_latent
from tests.support.fakes import FakeModel

CONDITIONING = [[torch.full((1, 2, 3), 0.1), {}]]


def is_short(error: BaseException) -> bool:
    return isinstance(error, MemoryError)


class Told:
    """A ladder over free rungs, and what it told."""

    def __init__(self, *free: Callable[[], str | None]) -> None:
        self.said: list[tuple[str, bool]] = []
        self.ladder = Ladder(free, lambda text, differs: self.said.append((text, differs)), is_short)


class Scarce:
    """Memory for what takes no more than ``has``; freeing adds to it."""

    def __init__(self, has: int) -> None:
        self.has, self.calls = has, 0

    def take(self, size: int) -> int:
        self.calls += 1
        if size > self.has:
            raise MemoryError(size)
        return size

    def freeing(self, size: int, text: str | None) -> Callable[[], str | None]:
        def free() -> str | None:
            self.has += size
            return text

        return free


def ways(memory: Scarce, *sizes: int) -> list[Way[int]]:
    return [Way(lambda size=size: memory.take(size), f"with {size}") for size in sizes]  # type: ignore[misc]


def test_while_memory_suffices_nothing_is_freed_or_told() -> None:
    memory = Scarce(10)
    told = Told(memory.freeing(5, "never"))
    assert told.ladder.descend(ways(memory, 10, 5)) == 10
    assert (told.said, memory.has) == ([], 10)


def test_what_can_be_freed_goes_first_rung_by_rung() -> None:
    memory = Scarce(4)
    told = Told(memory.freeing(3, "results"), memory.freeing(0, None), memory.freeing(3, "models"))
    assert told.ladder.descend(ways(memory, 10, 2)) == 10
    assert told.said == [("results", False), ("models", False)]
    assert memory.calls == 3  # a rung that frees nothing is no reason to try again


def test_then_it_is_done_in_a_way_that_needs_less_and_may_differ() -> None:
    memory = Scarce(4)
    told = Told(memory.freeing(1, "results"))
    assert told.ladder.descend(ways(memory, 10, 8, 5, 1)) == 5
    assert told.said == [("results", False), ("with 8", True), ("with 5", True)]


def test_at_the_end_the_error_is_the_last_ways() -> None:
    told = Told()
    with pytest.raises(MemoryError, match=r"^7$"):
        told.ladder.descend(ways(Scarce(1), 10, 7))


def test_an_error_of_another_kind_is_raised_at_once() -> None:
    told = Told(lambda: "freed")

    def broken() -> int:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        told.ladder.descend([Way(broken), Way(lambda: 1, "other")])
    assert told.said == []


def test_a_rung_is_told_once_however_often_it_is_taken() -> None:
    memory = Scarce(4)
    told = Told(memory.freeing(0, "results"))
    for _ in range(3):
        assert told.ladder.descend(ways(memory, 10, 2)) == 2
    assert told.said == [("results", False), ("with 2", True)]


def test_what_the_failed_call_had_made_is_gone_before_the_next_begins() -> None:
    alive: list[bool] = []
    held: list[weakref.ref[Tensor]] = []

    def large() -> int:
        made = torch.zeros(3)
        held.append(weakref.ref(made))
        raise MemoryError

    def small() -> int:
        alive.append(held[0]() is not None)
        return 1

    assert Told().ladder.descend([Way(large), Way(small, "small")]) == 1
    assert alive == [False]


def test_halves_end_at_one() -> None:
    assert halves(5) == [5, 3, 2, 1]
    assert halves(1) == [1]


@dataclass
class Narrow(FakeModel):
    """A model that has memory for ``most`` latents at a time, from its call number ``after`` on."""

    most: int = 1000
    after: int = 0
    sizes: list[int] = field(default_factory=list)
    via: Callable[[Inputs], Tensor] | None = None

    def carefully(self, ladder: Ladder) -> Narrow:
        return replace(self, via=Frugal(self.network, ladder))

    def network(self, inputs: Inputs) -> Tensor:
        if self.via:
            return self.via(inputs)
        assert len(inputs) == len(inputs.timesteps) == len(inputs.context) == len(inputs.lists)
        if len(self.sizes) >= self.after and len(inputs) > self.most:
            raise MemoryError
        self.sizes.append(len(inputs))
        return super().network(inputs) + inputs.context.mean((1, 2)).reshape(-1, 1, 1, 1)


def sample(model: Any, sampler: str = "dpmpp_2m", batch: int = 3) -> Tensor:
    latent = {"samples": torch.zeros(batch, 4, 4, 4)}
    out = sample_latent(
        model,
        latent,
        CONDITIONING,
        [[torch.zeros(1, 2, 3), {}]],
        seed=1,
        steps=6,
        cfg=3.0,
        sampler_name=sampler,
        scheduler="normal",
    )
    samples: Tensor = out["samples"]
    return samples


def test_a_sampling_goes_on_at_the_same_step_in_smaller_batches() -> None:
    narrow, told = Narrow(most=2, after=3), Told(lambda: "results")
    out = sample(narrow.carefully(told.ladder))
    torch.testing.assert_close(out, sample(Narrow()))
    # three steps of cond and uncond at once, then each rest of six latents by two: no step is repeated
    assert narrow.sizes == [6, 6, 6, *[2, 2, 2] * 3]
    assert [text.partition(";")[0] for text, _ in told.said] == [
        "results",
        "the network takes 3 of 6 latents at a time",
        "the network takes 2 of 6 latents at a time",
    ]
    assert [differs for _, differs in told.said] == [False, True, True]


def test_a_sampling_that_only_had_to_free_something_is_bit_equal() -> None:
    narrow = Narrow(most=5, after=2)

    def free() -> str:
        narrow.most = 6
        return "results"

    told = Told(free)
    assert torch.equal(sample(narrow.carefully(told.ladder)), sample(Narrow()))
    assert narrow.sizes == [6] * 6
    assert told.said == [("results", False)]


def test_a_sampling_that_cannot_go_on_fails_with_the_memory_error() -> None:
    with pytest.raises(MemoryError):
        sample(Narrow(most=0).carefully(Told().ladder))
