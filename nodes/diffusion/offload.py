"""Networks larger than their device's memory: the weights stay beside the CPU, and come block by block as they compute.

Whole networks that nobody uses go first (``lazy.Residency``); this is for one that does not fit even alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor, nn

N = TypeVar("N", bound=nn.Module)
Move: TypeAlias = Callable[[Tensor], Tensor]


def visiting(network: N, move: Move) -> N:
    """The same network, each of whose blocks has its tensors moved while it computes, and only then.

    So the device holds one block's weights at a time. Blocks that share a tensor each have a copy of it there.
    """
    for block in blocks(network):
        away: list[tuple[Tensor, Tensor]] = []
        block.register_forward_pre_hook(partial(_come, away, move))
        block.register_forward_hook(partial(_go, away), always_call=True)
    return network


def blocks(network: nn.Module) -> Iterator[nn.Module]:
    """What a network calls one after the other: its children, those of lists one by one."""
    for child in network.children():
        if isinstance(child, nn.ModuleList) and type(child).forward is nn.ModuleList.forward:
            yield from blocks(child)
        else:
            yield child


@torch.no_grad()
def _come(away: list[tuple[Tensor, Tensor]], move: Move, block: nn.Module, _: Any) -> None:
    for tensor in (*block.parameters(), *block.buffers()):
        away.append((tensor, tensor.data))
        tensor.data = move(tensor.data)


@torch.no_grad()
def _go(away: list[tuple[Tensor, Tensor]], block: nn.Module, *_: Any) -> None:
    while away:
        tensor, kept = away.pop()
        tensor.data = kept
