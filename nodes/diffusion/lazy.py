"""Networks whose weights stay in their file until they are used, and go again when others need the memory."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar
from weakref import WeakValueDictionary

import psutil
import torch
from torch import Tensor, nn

N = TypeVar("N", bound=nn.Module)


class Origin(NamedTuple):
    """What a network is, and the name of the file that its weights lie in."""

    part: str
    file: str


@dataclass(frozen=True)
class Resident:
    """A network's weights that are in memory or about to come there."""

    size: int  # bytes
    used_ms: int  # Unix time


class Residency:
    """Which networks' weights are in memory: at most ``budget_bytes`` of them, the least recently used go first.

    The default budget is half of the machine's memory. A network alone may exceed it.
    """

    def __init__(self, budget_bytes: int | None = None) -> None:
        self.budget_bytes = psutil.virtual_memory().total // 2 if budget_bytes is None else budget_bytes
        self._resident: dict[Lazy[Any], Resident] = {}  # the least recently used first
        self._known: WeakValueDictionary[Hashable, Lazy[Any]] = WeakValueDictionary()
        self._lock = threading.Lock()

    def shared(self, key: Hashable, make: Callable[[], Lazy[N]]) -> Lazy[N]:
        """The network known by ``key``, such as a file's part; made if there is none. So weights exist once."""
        with self._lock:
            known = self._known.get(key)
            if known is None:
                known = self._known[key] = make()
            return known

    def use(self, network: Lazy[Any], size: int) -> None:
        """A network of ``size`` bytes is used now, or is about to be read: others go if they do not fit beside it."""
        with self._lock:
            self._resident.pop(network, None)
            self._resident[network] = Resident(size, time.time_ns() // 1_000_000)
            too_much = sum(each.size for each in self._resident.values()) - self.budget_bytes
            leaving = []
            for each, resident in self._resident.items():
                if too_much <= 0 or each is network:
                    break
                leaving.append(each)
                too_much -= resident.size
            for each in leaving:
                del self._resident[each]
        for each in leaving:
            each.drop()

    def forget(self, network: Lazy[Any]) -> None:
        """Its weights could not be read."""
        with self._lock:
            self._resident.pop(network, None)

    def drop_all(self, but: Collection[object] = ()) -> list[Lazy[Any]]:
        """Let go of all weights, but those of some networks; return what went."""
        with self._lock:
            leaving = [network for network in self._resident if network not in but]
            for network in leaving:
                del self._resident[network]
        for network in leaving:
            network.drop()
        return leaving

    def resident(self) -> dict[Lazy[Any], Resident]:
        """What is in memory now, the least recently used first."""
        with self._lock:
            return dict(self._resident)


class Lazy(Generic[N]):
    """A network that ``build`` makes at first use, then cast to ``dtype`` on ``device``.

    ``size`` are the bytes it will take, if that is known before; so much is made free before it is built.
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
    ) -> None:
        self._build, self.residency, self.dtype, self.device = build, residency, dtype, device
        self.origin, self.size = origin, size
        self._network: N | None = None
        self._lock = threading.Lock()

    def get(self) -> N:
        """The network, ready to run; it stays whole for whoever holds it, also if it is dropped meanwhile."""
        if not self.loaded:
            self.residency.use(self, self.size)  # before it is read, so that others have gone by then
        try:
            with self._lock:
                if self._network is None:
                    self._network = self._build().to(self.device, self.dtype).eval().requires_grad_(False)
                    self.size = sum(weight.nbytes for weight in self._network.state_dict().values())
                network = self._network
        except BaseException:
            self.residency.forget(self)
            raise
        self.residency.use(self, self.size)  # outside the lock: it may take those of others
        return network

    @property
    def loaded(self) -> bool:
        """Whether the weights are in memory."""
        return self._network is not None

    def cast(self, value: Tensor) -> Tensor:
        """An input as the network takes it."""
        return value.to(self.device, self.dtype)

    def drop(self) -> None:
        """Let go of the weights; the next use reads them again. While they are being read they are in use, and stay."""
        if self._lock.acquire(blocking=False):
            self._network = None
            self._lock.release()


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
    make = partial(Lazy[N], build, network.residency, dtype, network.device, origin=network.origin, size=size)
    return network.residency.shared((network, dtype), make)
