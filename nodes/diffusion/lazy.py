"""Networks whose weights stay in their file until they are used, and go again when others need the memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import psutil
import torch
from torch import Tensor, nn

N = TypeVar("N", bound=nn.Module)


class Residency:
    """Which networks' weights are in memory: at most ``budget_bytes`` of them, the least recently used go first.

    The default budget is half of the machine's memory. A network alone may exceed it.
    """

    def __init__(self, budget_bytes: int | None = None) -> None:
        self.budget_bytes = psutil.virtual_memory().total // 2 if budget_bytes is None else budget_bytes
        self._loaded: OrderedDict[Lazy[Any], int] = OrderedDict()
        self._lock = threading.Lock()

    def used(self, network: Lazy[Any], size: int) -> None:
        """Note that a network of ``size`` bytes was used now; others go if they do not fit beside it."""
        with self._lock:
            self._loaded[network] = size
            self._loaded.move_to_end(network)
            while sum(self._loaded.values()) > self.budget_bytes and len(self._loaded) > 1:
                self._loaded.popitem(last=False)[0].drop()

    def drop_all(self) -> None:
        """Let go of all weights."""
        with self._lock:
            while self._loaded:
                self._loaded.popitem()[0].drop()


class Lazy(Generic[N]):
    """A network that ``build`` makes at first use, then cast to ``dtype`` on ``device``."""

    def __init__(self, build: Callable[[], N], residency: Residency, dtype: torch.dtype, device: torch.device) -> None:
        self._build, self._residency, self.dtype, self.device = build, residency, dtype, device
        self._network: N | None = None
        self._size = 0
        self._lock = threading.Lock()

    def get(self) -> N:
        """The network, ready to run; it stays whole for whoever holds it, also if it is dropped meanwhile."""
        with self._lock:
            if self._network is None:
                self._network = self._build().to(self.device, self.dtype).eval().requires_grad_(False)
                self._size = sum(weight.nbytes for weight in self._network.state_dict().values())
            network = self._network
        self._residency.used(self, self._size)  # outside the lock: it may take those of others
        return network

    @property
    def loaded(self) -> bool:
        """Whether the weights are in memory."""
        return self._network is not None

    def cast(self, value: Tensor) -> Tensor:
        """An input as the network takes it."""
        return value.to(self.device, self.dtype)

    def drop(self) -> None:
        """Let go of the weights; the next use reads them again."""
        with self._lock:
            self._network = None
