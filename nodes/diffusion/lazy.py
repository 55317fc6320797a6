"""Networks whose weights stay in their file until they are used."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakSet

import torch
from torch import Tensor, nn

N = TypeVar("N", bound=nn.Module)


class Lazy(Generic[N]):
    """A network that ``build`` makes at first use, then cast to ``dtype`` on ``device``."""

    def __init__(self, build: Callable[[], N], dtype: torch.dtype, device: torch.device) -> None:
        self._build, self.dtype, self.device = build, dtype, device
        self._network: N | None = None
        self._lock = threading.Lock()

    def get(self) -> N:
        """The network, ready to run."""
        with self._lock:
            if self._network is None:
                self._network = self._build().to(self.device, self.dtype).eval().requires_grad_(False)
            return self._network

    def cast(self, value: Tensor) -> Tensor:
        """An input as the network takes it."""
        return value.to(self.device, self.dtype)

    def drop(self) -> None:
        """Let go of the weights; the next use reads them again."""
        with self._lock:
            self._network = None


class Residency:
    """Which lazy networks there are, so that their memory can be had back."""

    def __init__(self) -> None:
        self._members: WeakSet[Lazy[nn.Module]] = WeakSet()

    def add(self, network: Lazy[N]) -> Lazy[N]:
        """Keep an eye on a network; returns it."""
        self._members.add(network)  # type: ignore[arg-type]  # only dropped, never used, through this set
        return network

    def drop_all(self) -> None:
        """Let go of all weights."""
        for network in list(self._members):
            network.drop()
