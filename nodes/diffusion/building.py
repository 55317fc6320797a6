"""Networks out of files: their measures checked against a header, then built around a file's tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

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
    with torch.device("meta"):
        network = make()
    stored = file.read(prefix)
    weights = {name: stored[name].reshape(blank.shape) for name, blank in network.state_dict().items()}
    network.load_state_dict(weights, assign=True)
    return network
