"""Networks out of files: their measures checked against a header, then built around a file's tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from nodes.diffusion.errors import MissingWeights
from nodes.diffusion.header import Header, Shape
from nodes.diffusion.tensors import TensorFile

N = TypeVar("N", bound=nn.Module)
C = TypeVar("C")


def measured(file: TensorFile, part: str, prefix: str, read: Callable[[Header], C]) -> C:
    """A part's configuration. Raises MissingWeights for a tensor that it is read from, or measures that can't be."""
    try:
        return read(file.header.under(prefix))
    except KeyError as missing:
        raise MissingWeights(file.path, part, [f"{prefix}{missing.args[0]} is missing"]) from None
    except (ValueError, IndexError, TypeError) as error:
        raise MissingWeights(file.path, part, [str(error)]) from None


class Unfilled(TorchFunctionMode):
    """Layers are made without the random numbers that they begin with. On ``meta`` those are none, but some of torch's
    ways to draw them import its compiler, which takes seconds."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__module__", "") == "torch.nn.init":
            return kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def blank_of(make: Callable[[], N]) -> N:
    """A network without weights, on ``meta``: its names, shapes and configuration."""
    with torch.device("meta"), Unfilled():
        return make()


def misfits(blank: nn.Module, header: Header, prefix: str) -> list[str]:
    """What a file lacks of a network, or has in other shapes, in words."""
    stored, problems = header.under(prefix).shapes, []
    for name, tensor in blank.state_dict().items():
        if name not in stored:
            problems.append(f"{prefix}{name} is missing")
        elif not same_measures(stored[name], tuple(tensor.shape)):
            problems.append(f"{prefix}{name} is {stored[name]}, not {tuple(tensor.shape)}")
    return problems


def same_measures(stored: Shape, wanted: Shape) -> bool:
    """Whether shapes are equal but for ones at the end: some files keep 1x1 convolutions as matrices, or reversed."""
    return strip_ones(stored) == strip_ones(wanted)


def strip_ones(shape: Shape) -> Shape:
    """(64, 64, 1, 1) -> (64, 64)."""
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def filled(make: Callable[[], N], file: TensorFile, prefix: str) -> N:
    """Build a network around a file's tensors, without filling it with random numbers first."""
    network = blank_of(make)
    stored = file.read(prefix)
    weights = {name: stored[name].reshape(blank.shape) for name, blank in network.state_dict().items()}
    network.load_state_dict(weights, assign=True)
    return network
