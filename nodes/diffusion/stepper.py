"""Samplings that share a device: their network evaluations take turns, or go through the network together.

Each sampling runs in a thread of its own and asks for one evaluation after the other. A request brings a turn on the
device with it, and a turn serves whose time has come, whoever brought it: the most urgent, of those the one that waits
longest, and, where joining is wanted, others of the same network and shape in the same call.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeAlias
from weakref import WeakSet

import torch
from torch import Tensor

from nodes.diffusion.gains import Gains
from nodes.diffusion.inputs import Form, Inputs, joined

CHECK_EVERY_S = 0.1
"""How soon a sampling that waits notices that it was cancelled."""
PATIENCE = 0.05
"""How long a turn waits for a sampling that is between two evaluations, in times of its last one."""
AUTO_MOST = 16
"""How many evaluations are joined at most where gains decide."""

Turn: TypeAlias = Callable[[Callable[[], None]], object]

log = logging.getLogger(__name__)


class Joinable(Protocol):
    """What the stepper needs of a model."""

    def network(self, inputs: Inputs) -> Tensor:
        """The network's output, a row for each of the inputs'."""

    @property
    def device(self) -> torch.device: ...

    @property
    def identity(self) -> Hashable | None:
        """Equal for models whose evaluations may go through the network in one call; None if they never may."""

    @property
    def kind(self) -> str:
        """What tells how fast the network is; equal for equal networks with other weights, and between starts."""


def at_once(serve: Callable[[], None]) -> None:
    """A turn for who is alone on a device: now, and here."""
    serve()


def unchecked() -> None:
    """For samplings that nobody cancels."""


class Stepper:
    """Has evaluations take turns. ``turn`` runs a function on the device when it is free, and need not wait for that.

    At most ``batch`` evaluations go into one call, or as many as ``gains`` finds fastest. Alone, each is computed as if
    there were no others, to the bit; joined, it differs by rounding.
    """

    def __init__(self, turn: Turn = at_once, batch: int = 1, gains: Gains | None = None) -> None:
        self._turn, self._batch, self._gains = turn, AUTO_MOST if gains else batch, gains
        self._news = threading.Condition()
        self._requests: list[Request] = []
        self._samplings: WeakSet[Sampling] = WeakSet()
        self._arrivals = itertools.count()
        self._too_many: dict[str, int] = {}
        self.calls: Counter[int] = Counter()
        """How many calls there were that answered so many evaluations."""

    @property
    def joins(self) -> bool:
        """Whether evaluations may go into one call, and so differ by rounding from what they are alone."""
        return self._batch > 1

    def sampling(self, model: Joinable, urgency: float = 0, check: Callable[[], object] = unchecked) -> Sampling:
        """``model`` for one sampling among others: the lower its ``urgency``, the sooner.

        ``check`` raises if the sampling was cancelled; so do then its evaluations.
        """
        made = Sampling(self, model, urgency, check)
        with self._news:
            self._samplings.add(made)
        return made

    def evaluated(self, request: Request) -> Tensor:
        """Wait for the answer. Raises what the network raised, or what the sampling's check does."""
        with self._news:
            request.arrival = next(self._arrivals)
            request.sampling.asks(request.form)
            self._requests.append(request)
            self._news.notify_all()
        self._turn(self._serve)
        try:
            return self._answer(request)
        finally:
            request.answer = Future()  # an error in it refers to the request, which would stay with what it holds
            with self._news:
                if request in self._requests:
                    self._requests.remove(request)

    def _answer(self, request: Request) -> Tensor:
        while True:
            try:
                return request.answer.result(CHECK_EVERY_S)
            except TimeoutError:
                if request.answer.done():  # it came just now, or the network timed out itself
                    return request.answer.result()
                request.sampling.check()

    @torch.no_grad()
    def _serve(self) -> None:
        """One turn on the device."""
        with self._news:
            while (seconds := self._worth_waiting()) > 0:
                self._news.wait(seconds)
            group = self._next()
            for request in group:
                self._requests.remove(request)
        if len(group) > 1:
            self._evaluate_joined(group)
        elif group:
            self._evaluate(group[0])

    def _next(self) -> list[Request]:
        """Whose time has come; nobody's if those that brought the turns were served along with others."""
        if not self._requests:
            return []
        first = min(self._requests, key=Request.order)
        alike = [request for request in self._requests if request.joins(first)]
        return sorted(alike, key=Request.order)[: self._most(first, len(alike))] if len(alike) > 1 else [first]

    def _most(self, first: Request, waiting: int) -> int:
        """How many evaluations like ``first`` to join, if so many wait."""
        if self._batch == 1 or first.form is None:
            return 1
        most = min(waiting, self._batch, self._too_many.get(first.kind, self._batch))
        return self._gains.best(first.kind, len(first.inputs), most) if self._gains else most

    def _worth_waiting(self) -> float:
        """Seconds to wait for samplings that will soon ask: more urgent ones, or such as can join."""
        if not self._requests or len(self._samplings) == len(self._requests):
            return 0.0
        first = min(self._requests, key=Request.order)
        have = sum(request.joins(first) for request in self._requests)
        has_room = self._batch > 1 and have < self._most(first, self._batch)
        awaited = [
            each.due
            for each in self._samplings
            if each.urgency < first.sampling.urgency or (has_room and each.would_join(first))
        ]
        return max(awaited, default=0.0) - time.monotonic()

    def _evaluate(self, request: Request) -> None:
        """By itself. What goes wrong is the request's."""
        began = time.monotonic()
        try:
            request.sampling.check()
            output = request.sampling.model.network(request.inputs)
            seconds = self._measured([request], began, output)
        except BaseException as error:
            request.answer.set_exception(error)
            return
        self._tell([request], [output], seconds)

    def _evaluate_joined(self, group: list[Request]) -> None:
        """In one call; one by one if that goes wrong, so that each gets its own error."""
        began = time.monotonic()
        try:
            output = group[0].sampling.model.network(joined([request.inputs for request in group]))
            seconds = self._measured(group, began, output)
        except Exception as error:
            log.warning("%d evaluations could not be made in one call, and are made singly: %s", len(group), error)
            traceback.clear_frames(error.__traceback__)  # what the call had made is needed for the next ones
            self._too_many[group[0].kind] = len(group) // 2
            for request in group:
                self._evaluate(request)
            return
        self._tell(group, torch.split(output, [len(request.inputs) for request in group]), seconds)

    def _measured(self, group: Sequence[Request], began: float, output: Tensor) -> float:
        if self._gains and output.device.type == "cuda":
            torch.cuda.synchronize(output.device)
        seconds = time.monotonic() - began
        if self._gains and group[0].form is not None:
            self._gains.note(group[0].kind, sum(len(request.inputs) for request in group), seconds)
        return seconds

    def _tell(self, group: Sequence[Request], outputs: Sequence[Tensor], seconds: float) -> None:
        self.calls[len(group)] += 1
        with self._news:
            for request in group:
                request.sampling.due = time.monotonic() + PATIENCE * seconds
        for request, output in zip(group, outputs, strict=True):
            request.answer.set_result(output)


class Sampling:
    """A model's network, evaluated by turns. ``due`` is when it should ask again, or 0."""

    def __init__(self, stepper: Stepper, model: Joinable, urgency: float, check: Callable[[], object]) -> None:
        self._stepper, self.model, self.urgency, self.check = stepper, model, urgency, check
        self._form: Form | None = None
        self.due = 0.0

    def network(self, inputs: Inputs) -> Tensor:
        """As the model's. Raises what that raises, and what ``check`` does."""
        return self._stepper.evaluated(Request(self, inputs))

    def asks(self, form: Form | None) -> None:
        """Note that it waits now."""
        self._form, self.due = form, 0.0

    def would_join(self, request: Request) -> bool:
        """Whether its next request might go with this one."""
        return self._form is not None and self._form == request.form and self.urgency == request.sampling.urgency


class Request:
    """An evaluation that is asked for.

    ``form`` is what others must have in common with it to join it; None if none can.
    """

    def __init__(self, sampling: Sampling, inputs: Inputs) -> None:
        self.sampling, self.inputs = sampling, inputs
        self.answer: Future[Tensor] = Future()
        self.arrival = 0
        identity, form = sampling.model.identity, inputs.form
        self.form: Form | None = None if identity is None or form is None else (identity, *form)

    @property
    def kind(self) -> str:
        """What tells how long it takes, but for how many latents it has."""
        x, context = self.inputs.x, self.inputs.context
        shapes = "x".join(map(str, x.shape[1:])), "x".join(map(str, context.shape[1:]))
        numbers = str(x.dtype).removeprefix("torch.")
        return f"{self.sampling.model.kind} {shapes[0]} {shapes[1]} {numbers} {self.sampling.model.device.type}"

    def order(self) -> tuple[float, int]:
        """The lowest goes first."""
        return self.sampling.urgency, self.arrival

    def joins(self, other: Request) -> bool:
        """Whether both may go through the network in one call; the urgent are not slowed down by others."""
        return self is other or self.sampling.would_join(other)
