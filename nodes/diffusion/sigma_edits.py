"""What can be done to a schedule: cut, turn around, refine. Each returns new sigmas."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from math import cos, inf, pi, sin

import torch
from torch import Tensor

NEARLY_CLEAN = 0.0001  # stands for 0 at the front of a flipped schedule, where nothing can start
SPACINGS: Mapping[str, Callable[[float], float]] = {
    "linear": lambda x: x,
    "cosine": lambda x: sin(pi * x / 2),
    "sine": lambda x: 1 - cos(pi * x / 2),
}


def split(sigmas: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """Up to a step, and from there on; both have the sigma between."""
    return sigmas[: step + 1], sigmas[step:]


def split_denoise(sigmas: Tensor, denoise_fraction: float) -> tuple[Tensor, Tensor]:
    """The same, so that the second part is a fraction of the steps."""
    steps = max(len(sigmas) - 1, 0)
    return split(sigmas, steps - round(steps * denoise_fraction))


def flipped(sigmas: Tensor) -> Tensor:
    """From the last sigma to the first: adds noise along the flow."""
    sigmas = sigmas.flip(0)
    if len(sigmas) and sigmas[0] == 0:
        sigmas[0] = NEARLY_CLEAN
    return sigmas


def beginning_at(sigmas: Tensor, sigma: float) -> Tensor:
    """With another first sigma."""
    return torch.cat((sigmas.new_full((min(len(sigmas), 1),), sigma), sigmas[1:]))


def extended(
    sigmas: Tensor, steps: int, start_at_sigma: float = -1.0, end_at_sigma: float = 12.0, spacing: str = "linear"
) -> Tensor:
    """``steps`` steps for each one that begins between the two sigmas; -1 is above all."""
    shape, top = SPACINGS[spacing], inf if start_at_sigma < 0 else start_at_sigma
    values = sigmas.tolist()
    made = values[:1]
    for here, there in pairwise(values):
        if end_at_sigma <= here <= top:
            made += [here + (there - here) * shape(k / steps) for k in range(1, steps)]
        made.append(there)
    return sigmas.new_tensor(made)
