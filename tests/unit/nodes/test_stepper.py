"""Samplings that share a device: whose evaluation comes next, what is joined, and who gets what went wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from torch import Tensor

from nodes.diffusion.gains import TRIES, Gains
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.stepper import Sampling, Stepper

CONTEXT = torch.zeros(1, 2, 3)


@dataclass(eq=False)
class Doubles:
    """A model whose network doubles; it notes how many latents each of its calls had, and their first numbers."""

    identity: Hashable | None = "doubles"
    fails: Callable[[Tensor], bool] = lambda x: False
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    kind: str = "doubles"
    seen: list[list[float]] = field(default_factory=list)

    def network(self, inputs: Inputs) -> Tensor:
        x = inputs.x
        assert not torch.is_grad_enabled()
        self.seen.append(x[:, 0, 0, 0].tolist())
        if self.fails(x):
            raise MemoryError(f"{len(x)} latents are too many")
        return 2 * x


class Device:
    """Turns that wait until they are let through, one after the other in a thread."""

    def __init__(self) -> None:
        self.thread = ThreadPoolExecutor(1)
        self.asked = threading.Semaphore(0)
        self._open = threading.Event()

    def turn(self, serve: Callable[[], None]) -> None:
        self.asked.release()
        self.thread.submit(lambda: (self._open.wait(), serve()))

    def let_through(self, waiting: int) -> None:
        """Once so many have asked."""
        for _ in range(waiting):
            assert self.asked.acquire(timeout=10)
        self._open.set()


@pytest.fixture
def device() -> Iterator[Device]:
    made = Device()
    yield made
    made.thread.shutdown()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as made:
        yield made


def latent(value: float, rows: int = 1, size: int = 4) -> Tensor:
    return torch.full((rows, 4, size, size), float(value))


def ask(threads: ThreadPoolExecutor, sampling: Sampling, x: Tensor) -> Future[Tensor]:
    return threads.submit(sampling.network, inputs(x))


def inputs(x: Tensor) -> Inputs:
    return Inputs(x, torch.zeros(len(x)), CONTEXT.expand(len(x), -1, -1))


def ask_all(
    device: Device, threads: ThreadPoolExecutor, samplings: Sequence[Sampling], xs: Sequence[Tensor]
) -> list[Future[Tensor]]:
    """In this order; they are let through when all wait."""
    asked = []
    for sampling, x in zip(samplings, xs, strict=True):
        asked.append(ask(threads, sampling, x))
        assert device.asked.acquire(timeout=10)
    device.let_through(0)
    return asked


def test_alone_each_is_evaluated_by_itself_in_its_turn(device: Device, threads: ThreadPoolExecutor) -> None:
    stepper, model = Stepper(device.turn), Doubles()
    xs = [latent(value) for value in (1, 2, 3)]
    answers = ask_all(device, threads, [stepper.sampling(model) for _ in xs], xs)
    assert [answer.result(10)[0, 0, 0, 0] for answer in answers] == [2, 4, 6]
    assert model.seen == [[1], [2], [3]]
    assert stepper.calls == {1: 3}


def test_the_urgent_go_first(device: Device, threads: ThreadPoolExecutor) -> None:
    stepper, model = Stepper(device.turn), Doubles()
    urgencies = (0, -1, 0, -2)
    samplings = [stepper.sampling(model, urgency) for urgency in urgencies]
    for answer in ask_all(device, threads, samplings, [latent(value) for value in range(4)]):
        answer.result(10)
    assert model.seen == [[3], [1], [0], [2]]


def test_a_few_evaluations_end_while_many_go_on(device: Device, threads: ThreadPoolExecutor) -> None:
    stepper, model = Stepper(device.turn), Doubles()

    def steps(sampling: Sampling, count: int, value: float) -> None:
        for _ in range(count):
            sampling.network(inputs(latent(value)))

    sampling = [threads.submit(steps, stepper.sampling(model), count, count) for count in (50, 4)]
    device.let_through(2)
    for each in sampling:
        each.result(20)
    order = [value for (value,) in model.seen]
    assert order.count(50) == 50
    assert len(order) - 1 - order[::-1].index(4) < 16


def test_alike_ones_are_joined_up_to_the_limit(device: Device, threads: ThreadPoolExecutor) -> None:
    stepper, model = Stepper(device.turn, batch=3), Doubles()
    xs = [latent(1), latent(2, rows=2), latent(3), latent(4)]
    answers = ask_all(device, threads, [stepper.sampling(model) for _ in xs], xs)
    for answer, x in zip(answers, xs, strict=True):
        assert torch.equal(answer.result(10), 2 * x)
    assert model.seen == [[1, 2, 2, 3], [4]]
    assert stepper.calls == {3: 1, 1: 1}


def test_what_differs_is_not_joined(device: Device, threads: ThreadPoolExecutor) -> None:
    stepper, model, other, shy = Stepper(device.turn, batch=8), Doubles(), Doubles("another"), Doubles(None)
    samplings = [stepper.sampling(each) for each in (model, model, other, shy, shy)]
    samplings.append(stepper.sampling(model, urgency=-1))
    xs = [latent(1), latent(2, size=8), *(latent(value) for value in (3, 4, 5, 6))]
    for answer in ask_all(device, threads, samplings, xs):
        answer.result(10)
    assert stepper.calls == {1: 6}


def test_what_is_too_large_together_is_made_singly_and_not_tried_again(
    device: Device, threads: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    stepper, model = Stepper(device.turn, batch=4), Doubles(fails=lambda x: len(x) > 2)
    samplings = [stepper.sampling(model) for _ in range(4)]
    first = ask_all(device, threads, samplings, [latent(value) for value in range(4)])
    assert [answer.result(10)[0, 0, 0, 0] for answer in first] == [0, 2, 4, 6]
    assert [len(seen) for seen in model.seen] == [4, 1, 1, 1, 1]
    assert "4 latents are too many" in caplog.text
    second = [ask(threads, sampling, latent(9)) for sampling in samplings]
    for answer in second:
        answer.result(10)
    assert max(len(seen) for seen in model.seen[5:]) <= 2


def test_an_error_is_his_who_asked_for_it(device: Device, threads: ThreadPoolExecutor) -> None:
    stepper, model = Stepper(device.turn, batch=4), Doubles(fails=lambda x: 13 in x)
    xs = [latent(value) for value in (1, 13, 3)]
    one, unlucky, three = ask_all(device, threads, [stepper.sampling(model) for _ in xs], xs)
    assert torch.equal(one.result(10), latent(2))
    assert torch.equal(three.result(10), latent(6))
    with pytest.raises(MemoryError, match="1 latents"):
        unlucky.result(10)


class Gone(BaseException):
    pass


def test_who_is_cancelled_leaves_at_once_and_is_not_evaluated(device: Device, threads: ThreadPoolExecutor) -> None:
    stepper, model, cancelled = Stepper(device.turn), Doubles(), threading.Event()

    def check() -> None:
        if cancelled.is_set():
            raise Gone

    going, staying = stepper.sampling(model, check=check), stepper.sampling(model)
    gone, stayed = ask(threads, going, latent(1)), ask(threads, staying, latent(2))
    for _ in range(2):
        assert device.asked.acquire(timeout=10)
    cancelled.set()
    with pytest.raises(Gone):
        gone.result(10)  # while the device is busy still
    device.let_through(0)
    assert torch.equal(stayed.result(10), latent(4))
    assert model.seen == [[2]]


def test_a_turn_waits_for_the_others_of_a_batch(threads: ThreadPoolExecutor) -> None:
    """Who was answered together asks together again, though never in the same instant."""
    device = ThreadPoolExecutor(1)
    stepper, model = Stepper(device.submit, batch=8), Doubles()
    slowly = threading.Event()

    def network(asked: Inputs) -> Tensor:
        slowly.wait(0.2)  # the patience of what comes after is a part of this
        return Doubles.network(model, asked)

    model.network = network  # type: ignore[method-assign]
    samplings = [stepper.sampling(model) for _ in range(4)]

    def steps(sampling: Sampling) -> None:
        for _ in range(6):
            sampling.network(inputs(latent(1)))

    for each in [threads.submit(steps, sampling) for sampling in samplings]:
        each.result(30)
    device.shutdown()
    assert stepper.calls[4] >= 3
    assert sum(count * calls for count, calls in stepper.calls.items()) == 24


def test_gains_choose_the_size_at_which_a_latent_takes_least() -> None:
    gains, seconds = Gains(), {2: 2.0, 4: 3.0, 8: 5.0, 16: 10.5}
    sizes = []
    while len(sizes) < 4 * TRIES:
        count = gains.best("net", 2, waiting=16)
        sizes.append(count)
        gains.note("net", 2 * count, seconds[2 * count])
    assert sizes == [size for size in (1, 2, 4, 8) for _ in range(TRIES)]
    assert gains.best("net", 2, waiting=8) == 4  # eight are slower, sixteen were never tried
    assert gains.best("net", 2, waiting=3) == 2
    assert gains.best("net", 2, waiting=1) == 1


def test_no_gain_no_joining() -> None:
    gains = Gains()
    for latents in (2, 4, 8, 16):
        for _ in range(TRIES):
            gains.note("net", latents, latents * (0.99 if latents > 2 else 1.0))
    assert gains.best("net", 2, waiting=8) == 1


def test_gains_are_kept_for_each_machine(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "gains.json"
    for machine, seconds in (("slow", 3.0), ("quick", 1.0)):
        gains = Gains(file, machine)
        for _ in range(TRIES):
            gains.note("net", 2, seconds)
    assert Gains(file, "slow").table() == {"net": {2: 1.5}}
    assert Gains(file, "quick").table() == {"net": {2: 0.5}}
    assert Gains(file, "other").table() == {}
    file.write_text("{")
    assert Gains(file, "slow").table() == {}


def test_with_gains_what_is_found_faster_is_joined(device: Device, threads: ThreadPoolExecutor) -> None:
    gains = Gains()
    stepper, model = Stepper(device.turn, gains=gains), Doubles()
    for latents, seconds in ((1, 1.0), (2, 1.5), (4, 2.0)):
        for _ in range(TRIES):
            gains.note("doubles 4x4x4 2x3 float32 cpu", latents, seconds)
    xs = [latent(value) for value in range(4)]
    for answer in ask_all(device, threads, [stepper.sampling(model) for _ in xs], xs):
        answer.result(10)
    assert stepper.calls == {4: 1}
