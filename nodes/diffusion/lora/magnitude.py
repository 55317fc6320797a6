"""DoRA, Liu et al. 2024, equation 5 (arXiv:2402.09353): direction and length of weights are told apart."""

import torch
from torch import Tensor


def with_magnitude(weight: Tensor, delta: Tensor, magnitude: Tensor) -> Tensor:
    """The difference to a weight that gets its direction from ``weight + delta`` and its lengths from ``magnitude``.

    Lengths are of outputs, (O,) or (O, 1, ...), as the paper's code and PEFT have them, or of inputs, (1, I, ...), as
    older LyCORIS has them. Raises ValueError for others.
    """
    moved = weight + delta
    others = [0, *range(2, weight.ndim)] if of_inputs(weight, magnitude) else list(range(1, weight.ndim))
    lengths = torch.linalg.vector_norm(moved, dim=others, keepdim=True)
    wanted = magnitude.reshape(lengths.shape)
    return moved * (wanted / lengths.clamp(min=torch.finfo(lengths.dtype).tiny)) - weight


def of_inputs(weight: Tensor, magnitude: Tensor) -> bool:
    """Whether lengths are those of inputs. Raises ValueError if they are neither."""
    outputs, inputs = weight.shape[:2]
    if magnitude.numel() == outputs and (magnitude.ndim == 1 or magnitude.shape[0] == outputs):
        return False
    if magnitude.numel() == inputs and magnitude.ndim > 1 and magnitude.shape[1] == inputs:
        return True
    raise ValueError(f"magnitudes {tuple(magnitude.shape)} are neither one for each output nor for each input")
