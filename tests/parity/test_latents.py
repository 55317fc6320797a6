"""Latent arithmetic beside scipy and numpy, in double precision.

Tolerance 2e-5 absolute: ours computes in float32 on values up to 30 (measured: 1.2e-5 for sharpening, which takes large
values from one another, below 2e-6 for all else).
"""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve, maximum_filter
from scipy.spatial import geometric_slerp
from torch import Tensor

from nodes.diffusion import latent_maths, latents
from nodes.diffusion.inpainting import grown
from nodes.diffusion.latent_operations import Sharpen, Tonemap
from nodes.diffusion.resizing import resize
from tests.support.parity import Error

pytestmark = pytest.mark.parity

TOLERANCE = 2e-5


def seeded(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def close(ours: Tensor, theirs: np.ndarray) -> None:
    assert Error((ours.double() - torch.from_numpy(theirs)).abs().max()) < TOLERANCE


def along(line: np.ndarray, size: int) -> np.ndarray:
    """A row of vectors (old, C) at the pixel centres of one of ``size``, on great circles between neighbours."""
    made = []
    for i in range(size):
        at = min(max((i + 0.5) * len(line) / size - 0.5, 0), len(line) - 1)
        low = min(int(at), len(line) - 2)
        a, b = line[low], line[low + 1]
        norms = np.linalg.norm(a), np.linalg.norm(b)
        direction = geometric_slerp(a / norms[0], b / norms[1], at - low)
        made.append(direction * (norms[0] * (1 - at + low) + norms[1] * (at - low)))
    return np.stack(made)


@pytest.mark.parametrize("size", [(7, 9), (3, 2), (5, 4)])
def test_bislerp_goes_along_great_circles(size: tuple[int, int]) -> None:
    """First along rows, then along columns."""
    samples = seeded(1, 4, 5, 4)
    grid = samples[0].permute(1, 2, 0).double().numpy()  # (h, w, C)
    wide = np.stack([along(row, size[1]) for row in grid])
    tall = np.stack([along(wide[:, x], size[0]) for x in range(size[1])], 1)
    close(resize(samples, size[1], size[0], "bislerp")[0], tall.transpose(2, 0, 1))


@pytest.mark.parametrize("pixels", range(2, 9))
def test_growing_a_mask_is_a_filter_of_the_maximum(pixels: int) -> None:
    """A box of an even side lies half a pixel to the left, so that what it finds comes out farther right."""
    mask = (seeded(2, 1, 20, 24) > 1.5).float()
    theirs = maximum_filter(mask.numpy(), (1, 1, pixels, pixels), mode="constant", cval=0.0)
    close(grown(mask, pixels), theirs.astype(np.float64))


@pytest.mark.parametrize(("radius", "sigma", "alpha"), [(1, 1.0, 0.1), (3, 0.5, 1.0), (9, 2.0, 0.3)])
def test_sharpening_is_a_convolution_of_directions(radius: int, sigma: float, alpha: float) -> None:
    samples = seeded(1, 4, 16, 12)
    values = samples[0].double().numpy()
    lengths = np.linalg.norm(values, axis=0)
    y, x = np.mgrid[-1 : 1 : (2 * radius + 1) * 1j, -1 : 1 : (2 * radius + 1) * 1j]
    bell = np.exp(-(x**2 + y**2) / (2 * sigma**2))
    bell /= bell.sum()
    # to sharpen is to go away from the blurred: v + 10 a (v - blurred)
    blurred = np.stack([convolve(channel, bell, mode="mirror") for channel in values / lengths])
    theirs = (values / lengths + 10 * alpha * (values / lengths - blurred)) * lengths
    close(Sharpen(radius, sigma, alpha)(samples)[0], theirs)


def test_tone_mapping_is_a_curve_of_lengths() -> None:
    samples = seeded(2, 4, 9, 7) * 3
    values = samples.double().numpy()
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    top = 0.7 * (lengths.mean((1, 2, 3), keepdims=True) + 5 * lengths.std((1, 2, 3), ddof=1, keepdims=True))
    scaled = lengths / top
    close(Tonemap(0.7)(samples), values / lengths * top * scaled / (1 + scaled))


def test_interpolation_of_directions_and_lengths() -> None:
    a, b = seeded(2, 2, 4, 5, 6)
    one, two = a.double().numpy(), b.double().numpy()
    lengths = [np.linalg.norm(each, axis=1, keepdims=True) for each in (one, two)]
    mixed = one / lengths[0] * 0.3 + two / lengths[1] * 0.7
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    ours = latent_maths.interpolate({"samples": a}, {"samples": b}, 0.3)["samples"]
    close(ours, mixed * (lengths[0] * 0.3 + lengths[1] * 0.7))


@pytest.mark.parametrize("place", [(0, 0), (16, 8), (40, 64), (80, 8)])
@pytest.mark.parametrize("feather", [0, 8, 24])
def test_a_composite_cell_by_cell(place: tuple[int, int], feather: int) -> None:
    """Each cell's weight is the product of (t + 1) / feather over the sides inside that it is t cells away from."""
    below, above = seeded(1, 4, 12, 14), seeded(1, 4, 7, 6)
    x, y, reach = place[0] // 8, place[1] // 8, feather // 8
    wanted = below.clone()
    height, width = min(7, 12 - y), min(6, 14 - x)
    for i in range(height):
        for j in range(width):
            sides = [i if y else math.inf, j if x else math.inf]
            sides += [height - 1 - i if y + height < 12 else math.inf, width - 1 - j if x + width < 14 else math.inf]
            weight = math.prod(min(1.0, (t + 1) / reach) for t in sides) if reach else 1.0
            wanted[..., y + i, x + j] = below[..., y + i, x + j] * (1 - weight) + above[..., i, j] * weight
    ours = latents.composite({"samples": below}, {"samples": above}, *place, feather)["samples"]
    close(ours, wanted.double().numpy())
