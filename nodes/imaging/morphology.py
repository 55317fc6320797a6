"""Grey morphology with a flat square, as in Serra 1982; what is beyond the border has no say."""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn.functional import pad


def dilate(image: Tensor, size: int) -> Tensor:
    """The largest value in a square of ``size`` pixels around each pixel of (B, H, W, C).

    Of an even size one pixel more lies behind than before; for erosion it is the other way round, so that an opening
    or a closing moves nothing.
    """
    before = (size - 1) // 2
    return running_max(running_max(image, size, before, 1), size, before, 2)


def erode(image: Tensor, size: int) -> Tensor:
    """The smallest value in that square, turned around."""
    before = size // 2
    return -running_max(running_max(-image, size, before, 1), size, before, 2)


def running_max(values: Tensor, size: int, before: int, axis: int) -> Tensor:
    """The maximum over ``size`` places along an axis, from ``before`` places before each on; windows are doubled, so
    that a large size costs little more than a small one."""
    length = values.shape[axis]
    size, before = min(size, before + length), min(before, length)  # no window need reach further than the far end
    margins = [0, 0] * (values.ndim - 1 - axis) + [before, size - 1 - before]
    found, width = pad(values, margins, value=-math.inf), 1
    while width < size:
        step = min(width, size - width)
        found = torch.maximum(
            found.narrow(axis, 0, found.shape[axis] - step), found.narrow(axis, step, found.shape[axis] - step)
        )
        width += step
    return found.narrow(axis, 0, length)


OPERATIONS: Mapping[str, Callable[[Tensor, int], Tensor]] = {
    "erode": erode,
    "dilate": dilate,
    "open": lambda image, size: dilate(erode(image, size), size),
    "close": lambda image, size: erode(dilate(image, size), size),
    "gradient": lambda image, size: dilate(image, size) - erode(image, size),
    "bottom_hat": lambda image, size: erode(dilate(image, size), size) - image,
    "top_hat": lambda image, size: image - dilate(erode(image, size), size),
}


def morph(image: Tensor, operation: str, size: int) -> Tensor:
    """One of OPERATIONS. Raises ValueError for another."""
    if operation not in OPERATIONS:
        raise ValueError(f"unknown morphological operation {operation!r}; known are {', '.join(OPERATIONS)}")
    return OPERATIONS[operation](image, size)
