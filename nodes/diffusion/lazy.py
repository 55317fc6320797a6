"""What stays in its file until it is used, such as a network's weights, and goes again when others need the memory."""

from __future__ import annotations

import copy
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar
from weakref import WeakValueDictionary

import psutil
import torch
from torch import Tensor, nn

from nodes.diffusion.offload import visiting

T = TypeVar("T")
K = TypeVar("K", bound="Kept[Any]")
N = TypeVar("N", bound=nn.Module)

Held: TypeAlias = Mapping[Hashable, int]
"""What takes memory, such as a tensor's place, and its bytes. Networks that share tensors hold the same."""


class Origin(NamedTuple):
    """What a network is, and the name of the file that its weights lie in."""

    part: str
    file: str


@dataclass(frozen=True)
class Resident:
    """Weights that are in memory or about to come there."""

    size: int  # bytes, without what one that came before it holds as well
    used_ms: int  # Unix time


class _Entry(NamedTuple):
    held: Held
    used_ms: int
    since: int  # the lowest came first


class Residency:
    """Which networks' weights are in memory: at most ``budget_bytes`` of them, the least recently used go first.

    The default budget is half of the machine's memory. A network alone may exceed it. What several hold counts once,
    and is free when the last of them has gone.
    """

    def __init__(self, budget_bytes: int | None = None) -> None:
        self.budget_bytes = psutil.virtual_memory().total // 2 if budget_bytes is None else budget_bytes
        self._resident: dict[Kept[Any], _Entry] = {}  # the least recently used first
        self._known: WeakValueDictionary[Hashable, Kept[Any]] = WeakValueDictionary()
        self._lock = threading.Lock()
        self._came = 0

    def shared(self, key: Hashable, make: Callable[[], K]) -> K:
        """What is known by ``key``, such as a file's part; made if there is none. So weights exist once."""
        with self._lock:
            known: Any = self._known.get(key)
            if known is None:
                known = self._known[key] = make()
            return known

    def use(self, kept: Kept[Any], held: Held) -> None:
        """It is used now, or is about to come into memory: others go if they do not fit beside it."""
        with self._lock:
            before = self._resident.pop(kept, None)
            self._came += before is None
            since = self._came if before is None else before.since
            self._resident[kept] = _Entry(held, time.time_ns() // 1_000_000, since)
            leaving = [] if before and before.held is held else self._beyond_budget(kept)
            for each in leaving:
                del self._resident[each]
        for each in leaving:
            each.drop()

    def forget(self, kept: Kept[Any]) -> None:
        """Its weights could not be read."""
        with self._lock:
            self._resident.pop(kept, None)

    def drop_all(self, but: Collection[object] = ()) -> list[Kept[Any]]:
        """Let go of all weights, but those of some networks; return what went."""
        with self._lock:
            leaving = [kept for kept in self._resident if kept not in but]
            for kept in leaving:
                del self._resident[kept]
        for kept in leaving:
            kept.drop()
        return leaving

    def resident(self) -> dict[Kept[Any], Resident]:
        """What is in memory now, the least recently used first."""
        with self._lock:
            entries = dict(self._resident)
        counted: set[Hashable] = set()
        sizes = {}
        for kept, entry in sorted(entries.items(), key=lambda item: item[1].since):
            sizes[kept] = sum(size for place, size in entry.held.items() if place not in counted)
            counted.update(entry.held)
        return {kept: Resident(sizes[kept], entry.used_ms) for kept, entry in entries.items()}

    def _beyond_budget(self, staying: Kept[Any]) -> list[Kept[Any]]:
        """Who must go, the least recently used first; it frees what nobody else holds."""
        holders = Counter(place for entry in self._resident.values() for place in entry.held)
        sizes = {place: size for entry in self._resident.values() for place, size in entry.held.items()}
        too_much = sum(sizes.values()) - self.budget_bytes
        leaving = []
        for each, entry in self._resident.items():
            if too_much <= 0 or each is staying:
                break
            leaving.append(each)
            holders.subtract(entry.held.keys())
            too_much -= sum(size for place, size in entry.held.items() if not holders[place])
        return leaving


class Kept(ABC, Generic[T]):
    """Something whose tensors come into memory at first use, known to a residency, which lets go of it.

    ``size`` are the bytes it will take, if that is known before; so much is made free before it is made.
    """

    def __init__(
        self, residency: Residency, dtype: torch.dtype, device: torch.device, origin: Origin, size: int
    ) -> None:
        self.residency, self.dtype, self.device = residency, dtype, device
        self.origin, self.size = origin, size
        self._made: T | None = None
        self._held = self._coming()
        self._lock = threading.Lock()

    @abstractmethod
    def _maker(self) -> Callable[[], T]:
        """What makes it. What it is made of comes into memory now, before room is made for it."""

    @abstractmethod
    def _tensors(self, made: T) -> Iterable[Tensor]:
        """All that it keeps in memory."""

    def get(self) -> T:
        """It, ready to use; it stays whole for whoever holds it, also if it is dropped meanwhile."""
        made = self._made
        if made is None:
            made = self._come()
        self.residency.use(self, self._held)  # outside the lock: it may take those of others
        return made

    @property
    def loaded(self) -> bool:
        """Whether the weights are in memory."""
        return self._made is not None

    def drop(self) -> None:
        """Let go of the weights; the next use reads them again. While they are being read they are in use, and stay."""
        if self._lock.acquire(blocking=False):
            self._made = None
            self._lock.release()

    def _coming(self) -> Held:
        """What it will take, while nobody knows where."""
        return {id(self): self.size}

    def _come(self) -> T:
        make = self._maker()
        self.residency.use(self, self._coming())  # before it is read, so that others have gone by then
        try:
            with self._lock:
                if self._made is None:
                    made = make()
                    self._held = {(each.device, each.data_ptr()): each.nbytes for each in self._tensors(made)}
                    self.size = sum(self._held.values())
                    self._made = made
                return self._made
        except BaseException:
            self.residency.forget(self)
            raise


class Lazy(Kept[N]):
    """A network that ``build`` makes at first use, then cast to ``dtype`` on ``device``.

    ``blank`` is the same without weights (on ``meta``), if that is known before: its names, shapes and configuration.
    """

    def __init__(
        self,
        build: Callable[[], N],
        residency: Residency,
        dtype: torch.dtype,
        device: torch.device,
        *,
        origin: Origin = Origin("network", ""),  # noqa: B008  an immutable tuple
        size: int = 0,
        blank: N | None = None,
    ) -> None:
        super().__init__(residency, dtype, device, origin, size)
        self._build, self._blank = build, blank

    def blank(self) -> N:
        """The network's form: only names, shapes and configuration are to be read off it."""
        return self.get() if self._blank is None else self._blank

    def cast(self, value: Tensor) -> Tensor:
        """An input as the network takes it."""
        return value.to(self.device, self.dtype)

    def _maker(self) -> Callable[[], N]:
        return lambda: self._placed(self._build().to(dtype=self.dtype).eval().requires_grad_(False))

    def _placed(self, network: N) -> N:
        """On its device; where that has too little memory for it, block by block as it computes."""
        if self.device.type != "cpu" and self.size > self.residency.budget_bytes:
            return visiting(network, partial(Tensor.to, device=self.device))
        return network.to(self.device)

    def _tensors(self, made: N) -> Iterable[Tensor]:
        return made.state_dict().values()


def size_as(network: nn.Module, dtype: torch.dtype) -> int:
    """Bytes that a network's weights take once they are cast, whatever they are now; of one on ``meta`` too."""
    return sum(
        tensor.numel() * (dtype.itemsize if tensor.is_floating_point() else tensor.element_size())
        for tensor in network.state_dict().values()
    )


def computing_in(network: Lazy[N], dtype: torch.dtype) -> Lazy[N]:
    """The same network, cast to another dtype when it is first used. Its weights are kept beside the other's."""
    if dtype == network.dtype:
        return network

    def build() -> N:
        own = network.get()
        shared = {id(each): each.detach() for each in own.buffers()}
        shared |= {id(each): nn.Parameter(each.detach(), requires_grad=False) for each in own.parameters()}
        return copy.deepcopy(own, shared)  # casting makes the weights its own

    size = network.size * dtype.itemsize // network.dtype.itemsize
    make = partial(
        Lazy[N],
        build,
        network.residency,
        dtype,
        network.device,
        origin=network.origin,
        size=size,
        blank=network.blank(),
    )
    return network.residency.shared((network, dtype), make)
