"""Learning a LoRA: a network whose own weights stay, and thin matrices beside them that learn."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

from nodes.diffusion.safetensors_writer import Tensors

N = TypeVar("N", bound=nn.Module)


class LowRank(nn.Module):
    """A matrix or convolution with ``alpha / rank * up @ down`` added; Hu et al. 2021 (arXiv:2106.09685).

    ``up`` begins as zero, so at first nothing is changed.
    """

    def __init__(self, layer: nn.Linear | nn.Conv2d, rank: int, alpha: float, generator: torch.Generator) -> None:
        super().__init__()
        out, *shape = layer.weight.shape
        rank = min(rank, out, math.prod(shape))
        self.layer, self.alpha = layer, alpha
        bound, device = math.sqrt(3 / math.prod(shape)), layer.weight.device
        self.down = nn.Parameter(((2 * torch.rand(rank, *shape, generator=generator) - 1) * bound).to(device))
        self.up = nn.Parameter(torch.zeros(out, rank, *[1] * (len(shape) - 1), device=device))

    def forward(self, x: Tensor) -> Tensor:
        layer, scale = self.layer, self.alpha / len(self.down)
        if isinstance(layer, nn.Linear):
            return layer(x) + scale * linear(linear(x, self.down), self.up)
        thin = conv2d(x, self.down, None, layer.stride, layer.padding, layer.dilation)
        return layer(x) + scale * conv2d(thin, self.up)


def adapted(network: N, rank: int, alpha: float, seed: int, within: str = "") -> tuple[N, Mapping[str, LowRank]]:
    """A network that shares the weights of ``network``, with a change to learn beside each matrix and convolution whose
    name has ``within`` in it; and these by their names. Raises ValueError if there is none."""
    kept = {id(each): each for each in (*network.parameters(), *network.buffers())}
    made = copy.deepcopy(network, kept)
    generator = torch.Generator().manual_seed(seed)
    changed: dict[str, LowRank] = {}
    for name, layer in list(made.named_modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d) and within in name:
            parent, _, last = name.rpartition(".")
            changed[name] = LowRank(layer, rank, alpha, generator)
            setattr(made.get_submodule(parent), last, changed[name])
    if not changed:
        raise ValueError(f"no matrix or convolution of this network has {within!r} in its name")
    return made, changed


def lora(changed: Mapping[str, LowRank], prefix: str) -> Tensors:
    """What was learned, as a LoRA file has it, with names behind ``prefix``."""
    tensors: Tensors = {}
    for name, each in changed.items():
        tensors[f"{prefix}{name}.lora_down.weight"] = each.down.detach().clone()
        tensors[f"{prefix}{name}.lora_up.weight"] = each.up.detach().clone()
        tensors[f"{prefix}{name}.alpha"] = torch.tensor(each.alpha)
    return tensors


def learned(changed: Mapping[str, LowRank]) -> list[nn.Parameter]:
    """What moves."""
    return [weight for each in changed.values() for weight in (each.down, each.up)]
