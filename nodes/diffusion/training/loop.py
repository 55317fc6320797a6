"""The loop in which weights are moved, step by step: resumable after any step, to the same numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from nodes.diffusion.training.averaging import Average
from nodes.diffusion.training.muon import Muon


class Draw:
    """The random numbers of one batch: the same for the same seed, step and part, whatever was drawn before."""

    def __init__(self, seed: int, step: int, part: int) -> None:
        number = Random(f"{seed} {step} {part}").getrandbits(63)
        self.rng, self.noise = Random(number), torch.Generator().manual_seed(number)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal, float32, on the CPU."""
        return torch.randn(shape, generator=self.noise)

    def uniform(self, *shape: int) -> Tensor:
        """In [0, 1), float32, on the CPU."""
        return torch.rand(shape, generator=self.noise)


class Group(NamedTuple):
    """Weights that move alike, ``factor`` times as fast as the pace says; ``matrices`` by Muon, others by AdamW."""

    weights: Sequence[nn.Parameter]
    factor: float = 1.0
    matrices: bool = False


class Task(Protocol):
    """What is learned."""

    def groups(self) -> Sequence[Group]:
        """What moves, always in the same order."""
        ...

    def loss(self, draw: Draw, count: int, step: int) -> Tensor:
        """The mean loss of ``count`` examples, a scalar to go back from. Called from several threads."""
        ...


@dataclass(frozen=True)
class Pace:
    """How weights move: by AdamW, Loshchilov & Hutter 2019 (arXiv:1711.05101), or by Muon, with a warm-up and a cosine
    decline. ``betas`` are AdamW's.
    """

    steps: int
    batch: int = 16
    rate: float = 4e-4
    warmup: int = 100
    decay_from: float = 0.3  # of the steps; the rate is whole until then
    floor: float = 0.02  # of the rate, at the end
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 1e-3
    clip: float = 1.0
    average: float = 0.999

    def rate_at(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        done = min(max((step / self.steps - self.decay_from) / max(1 - self.decay_from, 1e-9), 0.0), 1.0)
        decline = self.floor + (1 - self.floor) * (1 + math.cos(math.pi * done)) / 2
        return self.rate * decline * min(1.0, (step + 1) / max(self.warmup, 1))


class Training:
    """A task on its way. ``threads`` compute parts of each batch side by side, each on one core."""

    def __init__(self, task: Task, pace: Pace, seed: int = 0, threads: int = 1) -> None:
        self.task, self.pace, self.seed = task, pace, seed
        self.step, self.losses = 0, list[float]()
        groups = task.groups()
        self.weights: list[Tensor] = [weight for group in groups for weight in group.weights]
        self._optimizers = optimizers(groups, pace)
        self.average = Average(self.weights, pace.average)
        self._parts = threads
        self._threads = ThreadPoolExecutor(threads, "gradients", initializer=one_core)

    def advance(self) -> float:
        """One step; its loss. Raises FloatingPointError if that is no number: nothing has moved then."""
        shares = split(self.pace.batch, self._parts)
        jobs = [self._threads.submit(self._gradients, part, count) for part, count in enumerate(shares)]
        results = [job.result() for job in jobs]
        loss = sum(value * count for (value, _), count in zip(results, shares, strict=True)) / self.pace.batch
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss of step {self.step + 1} is {loss}: try a lower learning rate")
        self._move([gradients for _, gradients in results], [count / self.pace.batch for count in shares])
        self.step += 1
        self.average.follow(self.weights, self.step)
        self.losses.append(loss)
        return loss

    def close(self) -> None:
        """Let go of the threads; there are no further steps."""
        self._threads.shutdown()

    def state(self) -> dict[str, Any]:
        """All that the next step depends on."""
        return {
            "step": self.step,
            "losses": torch.tensor(self.losses, dtype=torch.float64),
            "weights": [each.detach() for each in self.weights],
            "average": self.average.weights,
            "optimizers": [each.state_dict() for each in self._optimizers],
        }

    @torch.no_grad()
    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a ``state``. Raises ValueError if it belongs to other weights, or to others' moments."""
        if len(state.get("optimizers", ())) != len(self._optimizers):
            raise ValueError("the state is of another optimizer")
        for own, stored in zip(self.weights, state["weights"], strict=True):
            if own.shape != stored.shape:
                raise ValueError(f"the state has weights of {tuple(stored.shape)}, not {tuple(own.shape)}")
            own.copy_(stored)
        for own, stored in zip(self.average.weights, state["average"], strict=True):
            own.copy_(stored)
        for optimizer, moments in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(moments)
        self.step, self.losses = state["step"], state["losses"].tolist()

    def _gradients(self, part: int, count: int) -> tuple[float, Sequence[Tensor | None]]:
        with torch.enable_grad():
            loss = self.task.loss(Draw(self.seed, self.step, part), count, self.step)
            return loss.item(), torch.autograd.grad(loss, self.weights, allow_unused=True)

    @torch.no_grad()
    def _move(self, parts: Sequence[Sequence[Tensor | None]], shares: Sequence[float]) -> None:
        for n, weight in enumerate(self.weights):
            weight.grad = None
            for gradients, share in zip(parts, shares, strict=True):
                found = gradients[n]
                if found is None:
                    continue
                weight.grad = found.mul_(share) if weight.grad is None else weight.grad.add_(found, alpha=share)
        nn.utils.clip_grad_norm_(self.weights, self.pace.clip)
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.pace.rate_at(self.step) * group["factor"]
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)


def optimizers(groups: Sequence[Group], pace: Pace) -> list[torch.optim.Optimizer]:
    """One for each kind of group there is."""

    def those(matrices: bool) -> list[dict[str, Any]]:
        return [{"params": list(g.weights), "factor": g.factor} for g in groups if g.matrices is matrices]

    made: list[torch.optim.Optimizer] = []
    if single := those(matrices=False):  # fused: one pass over the weights, a quarter of the time on a CPU
        made.append(torch.optim.AdamW(single, pace.rate, betas=pace.betas, weight_decay=pace.weight_decay, fused=True))
    if matrices := those(matrices=True):
        made.append(Muon(matrices, pace.rate, weight_decay=pace.weight_decay))
    return made


def one_core() -> None:
    """For a thread of its own: others compute beside it."""
    torch.set_num_threads(1)


def split(count: int, parts: int) -> list[int]:
    """A batch in parts as equal as can be; none is empty."""
    parts = min(count, parts)
    return [count // parts + (n < count % parts) for n in range(parts)]
