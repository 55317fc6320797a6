"""Masks: (B, H, W), 1 where selected. Also pasting one thing into another through a mask."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate, max_pool2d, pad

from nodes.diffusion.resizing import match_batch


def grow(mask: Tensor, cells: int, *, tapered: bool) -> Tensor:
    """The selection, ``cells`` pixels larger (smaller if negative); ``tapered`` grows no corners.

    Grey dilation with a 3 x 3 square or cross, once a pixel; beyond the border a mask goes on as its edge. ``mask`` is
    ((B,) H, W), the result (B, H, W).
    """
    sign = 1 if cells > 0 else -1
    grown = mask.reshape(-1, 1, *mask.shape[-2:]) * sign  # eroding is dilating the negative
    for _ in range(min(abs(cells), sum(mask.shape[-2:]))):  # then every pixel has reached every other
        wide = pad(grown, (1, 1, 1, 1), mode="replicate")
        if tapered:
            across, down = max_pool2d(wide[..., 1:-1, :], (1, 3), 1), max_pool2d(wide[..., :, 1:-1], (3, 1), 1)
            grown = torch.maximum(across, down)
        else:
            grown = max_pool2d(wide, 3, 1)
    return (grown * sign).squeeze(1)


def feather(mask: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
    """The selection, fading towards the given number of pixels from each side.

    As in ComfyUI, the first factor of the right and bottom sides falls on the first column and row.
    """
    faded = mask.reshape(-1, *mask.shape[-2:]).clone()
    height, width = mask.shape[-2:]
    left, right, top, bottom = min(left, width), min(right, width), min(top, height), min(bottom, height)
    for i in range(left):
        faded[..., :, i] *= (i + 1) / left
    for i in range(right):
        faded[..., :, -i] *= (i + 1) / right
    for i in range(top):
        faded[..., i, :] *= (i + 1) / top
    for i in range(bottom):
        faded[..., -i, :] *= (i + 1) / bottom
    return faded


def composite(destination: Tensor, source: Tensor, x: int, y: int, operation: str) -> Tensor:
    """``destination`` ((B,) H, W) with ``source`` worked into it at a non-negative offset, its batch repeated or cut.

    Operations: multiply, add, subtract, and, or, xor (the last three on masks rounded to 0 and 1).
    """
    result = destination.reshape(-1, *destination.shape[-2:]).clone()
    source = match_batch(source.reshape(-1, *source.shape[-2:]), len(result)).to(result)
    height, width = min(source.shape[-2], result.shape[-2] - y), min(source.shape[-1], result.shape[-1] - x)
    if height <= 0 or width <= 0:
        return result
    a, b = result[..., y : y + height, x : x + width], source[..., :height, :width]
    a_set, b_set = a.round().bool(), b.round().bool()
    match operation:
        case "multiply":
            mixed = a * b
        case "add":
            mixed = a + b
        case "subtract":
            mixed = a - b
        case "and":
            mixed = (a_set & b_set).float()
        case "or":
            mixed = (a_set | b_set).float()
        case "xor":
            mixed = (a_set ^ b_set).float()
        case _:
            raise ValueError(f"unknown mask operation {operation!r}")
    result[..., y : y + height, x : x + width] = mixed
    return result.clamp(0, 1)


def paste(destination: Tensor, source: Tensor, x: int, y: int, mask: Tensor | None = None) -> Tensor:
    """``destination`` (B, C, H, W) with ``source`` over it at (x, y), which may lie outside on any side.

    ``mask`` ((B', ) h, w) is resized to the source; where it is 0 the destination stays.
    """
    source = match_batch(source, len(destination))
    if mask is None:
        mask = source.new_ones(1, 1, *source.shape[-2:])
    else:
        mask = interpolate(mask.reshape(-1, 1, *mask.shape[-2:]).to(source), source.shape[-2:], mode="bilinear")
    mask = match_batch(mask, len(source))

    height, width = destination.shape[-2:]
    x, y = max(-source.shape[-1], min(x, width)), max(-source.shape[-2], min(y, height))
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + source.shape[-1], width), min(y + source.shape[-2], height)
    seen = (..., slice(top - y, bottom - y), slice(left - x, right - x))
    place = (..., slice(top, bottom), slice(left, right))
    result = destination.clone()
    result[place] = torch.lerp(result[place], source[seen].to(result), mask[seen].to(result))
    return result
