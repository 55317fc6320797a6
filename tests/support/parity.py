"""What comparisons with other implementations share."""

import os
from pathlib import Path
from typing import NamedTuple, TypeVar

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


class Noted(NamedTuple):
    """An error that was held against a tolerance, in a test (its id)."""

    test: str
    error: float
    tolerance: float


NOTED: list[Noted] = []
"""By this process, in order; ``make parity`` shows them as tables."""


class Error(float):
    """How far two results are apart. It is noted when ``<`` compares it with a tolerance."""

    def __lt__(self, tolerance: float) -> bool:
        test = os.environ["PYTEST_CURRENT_TEST"].rsplit(" ", 1)[0]
        NOTED.append(Noted(test, float(self), tolerance))
        return float(self) < tolerance


def relative_error(ours: Tensor, theirs: Tensor) -> Error:
    """The largest difference, by the largest value."""
    assert ours.shape == theirs.shape
    return Error(((ours - theirs).abs().max() / theirs.abs().max()).item())
