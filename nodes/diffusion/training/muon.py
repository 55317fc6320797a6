"""Muon: a matrix moves equally far in all its directions, also in those of which the gradient says little.

Jordan et al. 2024 (https://kellerjordan.github.io/posts/muon), with the scale and the weight decay of Liu et al. 2025
(arXiv:2502.16982), by which the learning rates of AdamW suit it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

QUINTIC = (3.4445, -4.7750, 2.0315)
"""Of Jordan's polynomial: takes singular values in (0, 1] to about 1 in five rounds."""
ROUNDS = 5
LARGE = 32
RMS = 0.2
"""The root mean square of AdamW's steps, by Liu et al."""


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, made orthogonal. For weights of two dimensions or more (the first against all others)."""

    def __init__(
        self, groups: Sequence[dict[str, Any]], rate: float, momentum: float = 0.95, weight_decay: float = 1e-3
    ) -> None:
        super().__init__(groups, {"lr": rate, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            alike = defaultdict[tuple[int, ...], list[nn.Parameter]](list)
            for weight in group["params"]:
                if weight.grad is not None:
                    alike[tuple(weight.shape)].append(weight)
            for weights in alike.values():
                steps = orthogonal(torch.stack([self._momentum(each, group["momentum"]) for each in weights]))
                far = group["lr"] * RMS * max(steps.shape[-2:]) ** 0.5
                for weight, step in zip(weights, steps, strict=True):
                    weight.mul_(1 - group["lr"] * group["weight_decay"]).add_(as_weight(step, weight), alpha=-far)

    def _momentum(self, weight: nn.Parameter, momentum: float) -> Tensor:
        assert weight.grad is not None
        state = self.state[weight]
        if not state:
            state["mean"] = torch.zeros_like(weight)
        mean = state["mean"].lerp_(weight.grad, 1 - momentum)
        return as_matrix(weight.grad.lerp(mean, momentum))


def large_matrices(network: nn.Module) -> list[nn.Parameter]:
    """The weights Muon is for: of linear layers and convolutions, where both sides are ``LARGE``. No embeddings."""
    layers = [module for module in network.modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    weights = [weight for each in layers if isinstance(weight := each.weight, nn.Parameter)]
    return [weight for weight in weights if min(as_matrix(weight).shape) >= LARGE]


def as_matrix(weight: Tensor) -> Tensor:
    """(O, ...) -> (O, N), the channels of a convolution last, as they lie in memory."""
    return weight.movedim(1, -1).flatten(1)


def as_weight(matrix: Tensor, like: Tensor) -> Tensor:
    """Back from ``as_matrix``."""
    return matrix.reshape(like.movedim(1, -1).shape).movedim(-1, 1)


def orthogonal(matrices: Tensor) -> Tensor:
    """(..., M, N), float32 -> matrices with the same singular vectors and all singular values about 1 (0.7 to 1.2).

    The Newton-Schulz rounds are done on the smaller side's Gram matrix, whose powers commute, so that the long side
    is multiplied twice and not ten times.
    """
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    a, b, c = QUINTIC
    one = torch.eye(x.shape[-2], dtype=x.dtype, device=x.device)
    gram, turned = x @ x.mT, one
    for _ in range(ROUNDS):
        polynomial = a * one + b * gram + c * (gram @ gram)
        turned = polynomial @ turned
        gram = polynomial @ gram @ polynomial
    x = turned @ x
    return x.mT if tall else x
