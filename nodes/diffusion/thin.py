"""Weights kept in fewer bits than they are computed in: each layer brings its own to full width when it is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

N = TypeVar("N", bound=nn.Module)


class Thin(nn.Module):
    """A layer whose ``weight`` keeps the dtype that it is stored in, wherever the rest of the network is cast to."""

    stored: torch.dtype

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        weight: Any = self._parameters["weight"]
        self._parameters["weight"] = None  # the rest is cast as ever
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        moved = weight if weight.is_meta else weight.to(fn(weight.new_empty(0, dtype=torch.float32)).device)
        self._parameters["weight"] = nn.Parameter(moved.to(self.stored), requires_grad=False)
        return self


class ThinLinear(Thin, nn.Linear):
    """A matrix."""

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight.to(x.dtype), self.bias)


class ThinConv2d(Thin, nn.Conv2d):
    """A convolution."""

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.weight.to(x.dtype), self.bias)


THIN: dict[type[nn.Module], type[Thin]] = {nn.Linear: ThinLinear, nn.Conv2d: ThinConv2d}


def thin(make: Callable[[], N], stored: torch.dtype) -> N:
    """A network whose matrices and convolutions are kept in ``stored``, such as an 8-bit float."""
    network = make()
    for module in network.modules():
        kind = THIN.get(type(module))
        if kind:
            module.__class__ = kind  # the same parameters under the same names
            module.stored = stored  # type: ignore[assignment]
    return network


def spared(network: nn.Module, dtype: torch.dtype) -> int:
    """Bytes that thin layers take less than they would in ``dtype``."""
    thin_layers = [module for module in network.modules() if isinstance(module, Thin)]
    sizes = [(module.get_parameter("weight").numel(), module.stored.itemsize) for module in thin_layers]
    return sum(count * (dtype.itemsize - stored) for count, stored in sizes)
