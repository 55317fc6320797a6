"""What comparisons with other implementations share."""

from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@torch.no_grad()
def randomized(module: M, seed: int = 0) -> M:
    """All weights random, norms, biases and those that begin at zero too, so that a mixed-up pair shows."""
    generator = seeded(seed)
    for name, parameter in module.named_parameters():
        spread = 0.2 if parameter.ndim < 2 else parameter[0].numel() ** -0.5
        parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread)
        if parameter.ndim == 1 and name.endswith("weight"):
            parameter.add_(1)
    return module.eval().requires_grad_(False)


def saved(weights: dict[str, Tensor], path: Path, **metadata: str) -> Path:
    """A safetensors file of these weights."""
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, path, metadata=metadata)
    return path


def relative_error(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference, by the largest value."""
    assert ours.shape == theirs.shape
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()
