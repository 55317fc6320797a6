"""What to do when memory runs out: free what can be had again, then do the same in another way that needs less."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor

from nodes.diffusion.inputs import Inputs

T = TypeVar("T")


class Way(NamedTuple, Generic[T]):
    """One way to come by a result. ``said`` is what to tell if it is taken, and that its numbers may differ."""

    call: Callable[[], T]
    said: str = ""


class Ladder:
    """Tries ways one after the other, as long as memory runs out.

    ``free`` are the first rungs: each lets go of something, and says what, or None if there was nothing. ``tell`` is
    told each rung that is taken, once, and whether numbers may differ below it. ``is_short`` knows the errors that mean
    "out of memory"; when no rung is left, the last of them is raised.
    """

    def __init__(
        self,
        free: Sequence[Callable[[], str | None]],
        tell: Callable[[str, bool], object],
        is_short: Callable[[BaseException], bool],
    ) -> None:
        self._free, self._tell, self._is_short = free, tell, is_short
        self._told: set[object] = set()

    def descend(self, ways: Sequence[Way[T]]) -> T:
        """The result of the first way for which there is memory; memory is freed before the second one is tried."""
        failed: Exception | None = None
        for call in self._attempts(ways):
            try:
                return call()
            except Exception as error:
                if not self._is_short(error):
                    raise
                traceback.clear_frames(error.__traceback__)  # what the call had made must go before the next begins
                failed = error
        assert failed is not None
        try:
            raise failed
        finally:
            failed = None  # its traceback holds this frame

    def _attempts(self, ways: Sequence[Way[T]]) -> Iterator[Callable[[], T]]:
        first, *others = ways
        yield first.call
        for free in self._free:
            if freed := free():
                self._once(free, freed, differs=False)
                yield first.call
        for way in others:
            for free in self._free:
                free()  # what the last try left behind
            self._once(way.said, way.said, differs=True)
            yield way.call

    def _once(self, rung: object, text: str, *, differs: bool) -> None:
        if rung not in self._told:
            self._told.add(rung)
            self._tell(text, differs)


class Frugal:
    """A network that is given fewer latents at a time once memory ran out.

    The evaluation that failed is repeated, so a sampling goes on at the same step. What was found to fit stays so.
    """

    def __init__(self, network: Callable[[Inputs], Tensor], ladder: Ladder) -> None:
        self._network, self._ladder = network, ladder
        self._most: int | None = None

    def __call__(self, inputs: Inputs) -> Tensor:
        """The network's output; cond and uncond one after the other if need be, then halves of the batch."""
        count = len(inputs)

        def in_parts(most: int) -> Tensor:
            if most >= count:
                return self._network(inputs)
            self._most = most
            return torch.cat([self._network(part) for part in inputs.split(most)])

        def way(most: int) -> Way[Tensor]:
            said = f"the network takes {most} of {count} latents at a time; numbers may differ in their last digits"
            return Way(lambda: in_parts(most), said)

        return self._ladder.descend([way(most) for most in halves(min(count, self._most or count))])


def halves(count: int) -> list[int]:
    """5 -> 5, 3, 2, 1."""
    sizes = [count]
    while sizes[-1] > 1:
        sizes.append(-(-sizes[-1] // 2))
    return sizes
