"""Convolution and pooling as labelled sheets."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d

from nodes.diffusion.inside.convolutions import Convolution, most_answering
from nodes.imaging.heat import signed, sized
from nodes.imaging.sheets import GAP, Tile, sheet

SIDE = 128  # pixels of a tile
KERNEL_SIDE = 96
SLICES = 4  # of a kernel are shown: those of its strongest input channels
POOLS = (2, 4, 8)
LOUDEST = 0.05  # the part of all places where a filter answers most
DIM = 0.22  # how bright the others are


def filter_sheet(picture: Tensor, convolution: Convolution, count: int) -> Tensor:
    """A column for each of the ``count`` most active filters: its kernel, its answers, where it answers most.

    ``picture`` (H, W, 3) is what the network was given. Returns (1, H', W', 3).
    """
    filters = most_answering(convolution.response, count)
    small = sized(picture, SIDE)
    kernels, answers, places = [], [], []
    for n in filters:
        response = convolution.response[n]
        kernels.append(Tile(kernel_picture(convolution.kernels[n]), f"filter {n}"))
        answers.append(Tile(shown(signed(response), SIDE), f"{response.min():.2f} to {response.max():.2f}"))
        places.append(Tile(loudest(small, response)))
    out, into, *size = convolution.kernels.shape
    height, width = convolution.response.shape[-2:]
    title = (
        f"Convolution {convolution.number} of {convolution.count}, {convolution.name}: "
        f"{into} to {out} channels, {size[1]}x{size[0]} kernels, answers {width}x{height}"
    )
    colours = "weights of\nred, green, blue;\ngrey is 0" if into == 3 else "red +, blue -;\nstrongest inputs"
    names = [f"kernels\n({colours})", "answers\n(red +, blue -)", f"where it\nanswers most\n({LOUDEST:.0%} of places)"]
    blank = torch.ones(1, 1, 3)
    rows = [[Tile(blank), *kernels], [Tile(small, "the picture"), *answers], [Tile(blank), *places]]
    return sheet(rows, title=title, row_names=names)


def kernel_picture(kernel: Tensor) -> Tensor:
    """(C, k, k) as a picture: of three channels one in colours, grey is 0; else slices side by side, signed."""
    most = kernel.abs().max().clamp(min=1e-12)
    if len(kernel) == 3:
        return magnified((0.5 + kernel / (2 * most)).movedim(0, -1), KERNEL_SIDE)
    strongest = kernel.flatten(1).norm(dim=1).topk(min(SLICES, len(kernel))).indices.sort().values
    slices = [magnified(signed(kernel[n], most.item()), KERNEL_SIDE // 2) for n in strongest]
    gap = torch.ones(slices[0].shape[0], GAP // 4, 3)
    spaced = [each for one in slices for each in (one, gap)][:-1]
    return torch.cat(spaced, 1)


def magnified(picture: Tensor, side: int) -> Tensor:
    """Small squares (k, k, 3), each ``side`` wide together."""
    times = max(1, side // picture.shape[0])
    return picture.repeat_interleave(times, 0).repeat_interleave(times, 1)


def loudest(picture: Tensor, response: Tensor) -> Tensor:
    """The picture (H, W, 3), bright where answers (h, w) are among the largest of either sign, dim elsewhere."""
    amounts = response.abs()
    threshold = amounts.flatten().kthvalue(max(1, round(amounts.numel() * (1 - LOUDEST)))).values
    shape = (picture.shape[0], picture.shape[1])
    mask = interpolate((amounts > threshold).float()[None, None], shape, mode="area")[0, 0, ..., None]
    return picture * (DIM + (1 - DIM) * mask.clamp(0, 1))


def pooled(picture: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The mean and the largest value of each channel in squares of ``size`` pixels: two pictures (H/s, W/s, 3).

    Rows and columns that fill no square are left out. Raises ValueError if no square fits.
    """
    if min(picture.shape[:2]) < size:
        raise ValueError(f"image: {picture.shape[1]}x{picture.shape[0]} is too small for pooling by {size}x{size}")
    planes = picture.movedim(-1, 0)[None]
    average, most = (pool(planes, size)[0].movedim(0, -1) for pool in (avg_pool2d, max_pool2d))
    return average, most


def pooling_sheet(picture: Tensor, sizes: Sequence[int] = POOLS) -> Tensor:
    """Average and max pooling of a picture (H, W, 3), each shown at the picture's size: (1, H', W', 3)."""
    side = max(SIDE, min(256, max(picture.shape[:2])))
    whole = Tile(shown(picture, side), f"{picture.shape[1]}x{picture.shape[0]}")
    rows = [[whole], [whole]]
    for size in sizes:
        for row, small in zip(rows, pooled(picture, size), strict=True):
            row.append(Tile(shown(small, side), f"{small.shape[1]}x{small.shape[0]}"))
    names = ["average pooling:\nthe mean of\neach square", "max pooling:\nthe largest of\neach square"]
    columns = ["as it is", *(f"{size}x{size}" for size in sizes)]
    title = "Pooling: fewer pixels, what matters stays"
    return sheet(rows, title=title, row_names=names, column_names=columns)


def shown(picture: Tensor, side: int) -> Tensor:
    """(H, W, 3) with its longer side ``side`` pixels, in squares."""
    height, width = picture.shape[:2]
    longer = max(height, width)
    size = (max(1, round(height * side / longer)), max(1, round(width * side / longer)))
    return interpolate(picture.movedim(-1, 0)[None], size, mode="nearest-exact")[0].movedim(0, -1)
