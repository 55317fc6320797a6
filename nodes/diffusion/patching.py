"""Weights with changes: a network made of another's weights, in memory, when it is first used.

What no change touches is shared with the other, not copied. Equal changes of the same network are the same network, so
that jobs share it and may be joined.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from nodes.diffusion.errors import DiffusionError
from nodes.diffusion.lazy import Kept, Lazy, Origin

N = TypeVar("N", bound=nn.Module)


class Change(Protocol):
    """Something that is done to weights. Immutable, hashable, and equal to what does the same."""

    @property
    def name(self) -> str:
        """How it is called in errors, such as a file's name."""
        ...

    @property
    def sources(self) -> tuple[Kept[Any], ...]:
        """What must be in memory while it is made."""
        ...

    def behind(self, others: tuple[Change, ...]) -> tuple[Change, ...]:
        """The others with this one behind them, in as few changes as will do."""
        ...

    def touches(self, weight: str) -> bool:
        """Whether it changes the weight of this name."""
        ...

    def apply(self, name: str, weight: Tensor, sources: Mapping[Kept[Any], Any]) -> Tensor:
        """The weight as it becomes; both float32. Raises ValueError."""
        ...


class WeightsUnfit(DiffusionError):
    """Weights that a change gave and that cannot be used."""


class Patched(Lazy[N]):
    """A network whose weights are those of ``base``, changed; see ``changed``."""

    def __init__(self, base: Lazy[N], changes: tuple[Change, ...]) -> None:
        self.base, self.changes = base, changes
        names = " and ".join(change.name for change in changes)
        super().__init__(
            base.get,
            base.residency,
            base.dtype,
            base.device,
            origin=Origin(base.origin.part, f"{base.origin.file} with {names}"),
            size=base.size,
        )

    def blank(self) -> N:
        return self.base.blank()

    def _maker(self) -> Callable[[], N]:
        base = self.base.get()
        sources = {source: source.get() for change in self.changes for source in change.sources}
        self.size = sum(weight.nbytes for name, weight in base.state_dict().items() if self._touching(name))
        return lambda: self._made_of(base, sources)

    def _touching(self, name: str) -> list[Change]:
        return [change for change in self.changes if change.touches(name)]

    @torch.no_grad()
    def _made_of(self, base: N, sources: Mapping[Kept[Any], Any]) -> N:
        weights = {}
        for name, weight in base.state_dict(keep_vars=True).items():
            if changes := self._touching(name):
                weights[id(weight)] = as_stored(weight, self._apply(changes, name, weight, sources))
        return with_tensors(base, weights)

    def _apply(self, changes: Iterable[Change], name: str, weight: Tensor, sources: Mapping[Kept[Any], Any]) -> Tensor:
        result = weight.detach().float()
        for change in changes:
            result = change.apply(name, result, sources)
        result = result.to(weight.dtype)
        if not result.float().isfinite().all():
            names = " and ".join(change.name for change in changes)
            raise WeightsUnfit(
                f"{names}: {name} of the {self.origin.part} gets values that are no numbers in {weight.dtype}"
            )
        return result


def changed(network: Lazy[N], change: Change) -> Lazy[N]:
    """The network with one change more, known by what it is made of; without any it is the network itself."""
    base, before = (network.base, network.changes) if isinstance(network, Patched) else (network, ())
    changes = change.behind(before)
    if not changes:
        return base
    return base.residency.shared(("patched", base, changes), lambda: Patched(base, changes))


def shapes(network: Lazy[Any]) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a network's weights."""
    return {name: tuple(tensor.shape) for name, tensor in network.blank().state_dict().items()}


def as_stored(old: Tensor, new: Tensor) -> Tensor:
    """A tensor as a module keeps it in the place of another."""
    return nn.Parameter(new, requires_grad=False) if isinstance(old, nn.Parameter) else new


def with_tensors(network: N, tensors: Mapping[int, Tensor]) -> N:
    """A copy of a network with other tensors in the place of some (by their ids), that shares all others with it."""
    kept: dict[int, Any] = {id(tensor): tensor for tensor in every_tensor(network)}
    return copy.deepcopy(network, {**kept, **tensors})


def every_tensor(network: nn.Module) -> Iterator[Tensor]:
    """Parameters and buffers, also those that are not saved."""
    yield from network.parameters()
    yield from network.buffers()
