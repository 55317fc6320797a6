"""Edges after Canny, "A Computational Approach to Edge Detection" (1986), with kornia's constants."""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from nodes.imaging.filters import convolved, gaussian
from nodes.imaging.luma import luma

SIGMA = 1.0  # pixels, of the blur over 5 x 5
LEAST = 1e-6  # in the gradient's root
SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))
ALONG = ((0, 1), (1, 1), (1, 0), (1, -1))
"""(y, x) steps across an edge, by the gradient's angle in eighths of a turn, y pointing down."""


def canny(image: Tensor, low: float, high: float) -> Tensor:
    """Edges (B, H, W), 0 or 1, of an image (B, H, W, 3), or of a grey one (B, H, W, 1).

    The gradient must exceed ``high`` somewhere along an edge and ``low`` all along; a step from black to white has
    about 2.6 after the blur. Raises ValueError if ``low`` is above ``high``.
    """
    if low > high:
        raise ValueError(f"low_threshold {low} is above high_threshold {high}")
    magnitude, angle = gradient(luma(image.float()))
    ridge = magnitude * is_ridge(magnitude, angle)
    return torch.stack([connected(one > low, one > high) for one in ridge]).to(image)


def gradient(grey: Tensor) -> tuple[Tensor, Tensor]:
    """Sobel's gradient of a blurred picture (B, H, W): its length, and its angle in eighths of a turn, 0 to 7."""
    weights = gaussian(torch.arange(-2.0, 3.0), SIGMA)
    smooth = convolved(convolved(grey.unsqueeze(-1), weights, 2), weights, 1).movedim(-1, 1)
    kernel = torch.tensor(SOBEL).to(smooth)
    kernels = torch.stack((kernel, kernel.T)).unsqueeze(1)
    across, down = conv2d(pad(smooth, (1, 1, 1, 1), mode="replicate"), kernels).unbind(1)
    magnitude = (across.square() + down.square() + LEAST).sqrt()
    return magnitude, (torch.atan2(down, across) * (4 / math.pi)).round().long() % 8


def is_ridge(magnitude: Tensor, angle: Tensor) -> Tensor:
    """Where a gradient (B, H, W) is larger than at the neighbour before it, and no smaller than at that behind: a sharp
    edge between two pixels has the same at both, and must be drawn once."""
    height, width = magnitude.shape[-2:]
    wide = pad(magnitude, (1, 1, 1, 1))
    larger = torch.zeros_like(magnitude, dtype=torch.bool)
    for k, (y, x) in enumerate(ALONG):
        behind = wide[:, 1 + y : 1 + y + height, 1 + x : 1 + x + width]
        before = wide[:, 1 - y : 1 - y + height, 1 - x : 1 - x + width]
        larger |= (angle % 4 == k) & (magnitude > before) & (magnitude >= behind)
    return larger


def connected(weak: Tensor, strong: Tensor) -> Tensor:
    """Those parts of ``weak`` (H, W), connected by sides or corners, that hold something of ``strong``."""
    from scipy import ndimage  # type: ignore[import-untyped]  # slow to import, and rarely asked for

    labels, count = ndimage.label(weak.cpu().numpy(), np.ones((3, 3)))
    kept = np.zeros(count + 1, dtype=bool)
    kept[labels[strong.cpu().numpy()]] = True
    return torch.from_numpy(kept[labels])
