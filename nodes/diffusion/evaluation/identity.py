"""Which icon a picture is most like."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, affine_grid, grid_sample, pad

SIDE = 32  # pixels
SCALES = (0.92, 1.0, 1.08)
SHIFTS = (-1, 0, 1)  # pixels of 32
VARIANTS = len(SCALES) * len(SHIFTS) ** 2


class Icons:
    """Icons to compare with, each in 27 variants, a little larger, smaller and elsewhere."""

    def __init__(self, pictures: Sequence[Tensor]) -> None:
        """``pictures`` are (4, H, W) uint8, all of one size."""
        rgba = variants(torch.stack([premultiplied(picture) for picture in pictures])).flatten(0, 1)
        colour, self._alpha = rgba[:, :3].flatten(2), rgba[:, 3].flatten(1)  # (K, 3, N) and (K, N)
        self._colour = colour.flatten(1)
        self._colour_squares, self._alpha_squares = self._colour.square().sum(1), self._alpha.square().sum(1)
        self._overlap = torch.einsum("kcn,kn->kc", colour, self._alpha)

    def errors(self, pictures: Tensor, grounds: Tensor) -> Tensor:
        """How far pictures (B, H, W, 3) in [0, 1] are from each icon on their own ``grounds`` (B, 3): (B, icons).

        The mean squared error over 32x32 pixels of the variant that fits best. An icon with colours p (multiplied with
        its alpha) and alpha a on a ground g is p + (1 - a) g, so that its distance to a picture s is that of s - g to
        p - a g; multiplied out, that is a few matrix products, and no icon is put on any ground.
        """
        small = adaptive_avg_pool2d(pictures.movedim(-1, 1), SIDE).flatten(2)
        rest = small - grounds[:, :, None]  # (B, 3, N)
        shaded = (rest * grounds[:, :, None]).sum(1)
        crossed = rest.flatten(1) @ self._colour.T - shaded @ self._alpha.T
        own = self._colour_squares - 2 * grounds @ self._overlap.T
        own = own + grounds.square().sum(1, keepdim=True) * self._alpha_squares
        squares = rest.square().sum((1, 2))[:, None] + own - 2 * crossed
        return squares.clamp(min=0).reshape(len(pictures), -1, VARIANTS).amin(2) / rest[0].numel()


def premultiplied(picture: Tensor) -> Tensor:
    """(4, H, W) uint8 -> float32 in [0, 1], colours multiplied with alpha."""
    rgba = picture.float() / 255
    return torch.cat((rgba[:3] * rgba[3:], rgba[3:]))


def variants(rgba: Tensor) -> Tensor:
    """Icons (I, 4, H, W), premultiplied, at 32 pixels a side in all scales and places: (I, 27, 4, 32, 32)."""
    made = []
    for scale in SCALES:
        small = adaptive_avg_pool2d(scaled(rgba, scale), SIDE)
        room = pad(small, (1, 1, 1, 1))  # nothing is around them
        made += [room[..., 1 - y : 1 - y + SIDE, 1 - x : 1 - x + SIDE] for y, x in product(SHIFTS, repeat=2)]
    return torch.stack(made, dim=1)


def scaled(rgba: Tensor, scale: float) -> Tensor:
    """(I, 4, H, W), larger by ``scale`` around the middle, on a page of the same size."""
    if scale == 1:
        return rgba
    theta = torch.tensor([[1 / scale, 0, 0], [0, 1 / scale, 0]]).expand(len(rgba), 2, 3)
    return grid_sample(rgba, affine_grid(theta, list(rgba.shape), align_corners=False), align_corners=False)
