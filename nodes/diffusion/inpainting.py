"""What inpainting takes beside a latent: the picture with a hole, and where the hole is."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import interpolate, max_pool2d

from nodes.diffusion.resizing import match_batch, resize

CELL = 8  # pixels
GREY = 0.5  # what the hole is filled with: 0 to the VAE


class Holed(NamedTuple):
    """A picture cut to whole cells, its mask, and the picture with grey where the mask is."""

    image: Tensor  # (B, H, W, 3)
    mask: Tensor  # (1 or B, 1, H, W), 1 where to paint, as it came: not rounded
    holed: Tensor  # (B, H, W, 3)


def holed(image: Tensor, mask: Tensor) -> Holed:
    """Image (B, H, W, C) and mask ((B',) h, w), resized to it; both cut around their centre to multiples of 8.

    Raises ValueError if nothing would be left.
    """
    height, width = image.shape[1:3]
    if height < CELL or width < CELL:
        raise ValueError(f"an image of {width}x{height} is too small to encode, at least {CELL}x{CELL}")
    mask = interpolate(mask.reshape(-1, 1, *mask.shape[-2:]).float(), (height, width), mode="bilinear")
    top, left = height % CELL // 2, width % CELL // 2
    rows, columns = slice(top, top + height // CELL * CELL), slice(left, left + width // CELL * CELL)
    image, mask = image[:, rows, columns, :3], mask[..., rows, columns]
    if len(mask) > 1:
        mask = match_batch(mask, len(image))
    kept = (1 - mask.round()).movedim(1, -1)
    return Holed(image, mask, (image - GREY) * kept + GREY)


def grown(mask: Tensor, pixels: int) -> Tensor:
    """A mask (B, 1, H, W) rounded to 0 and 1, its ones spread over boxes of ``pixels`` a side; 0 and 1 spread nothing.

    Boxes of an even side reach one pixel farther to the right and below.
    """
    mask = mask.round()
    if pixels < 2:
        return mask
    height, width = mask.shape[-2:]
    return max_pool2d(mask, pixels, stride=1, padding=pixels // 2)[..., :height, :width]


def enlarged_low(image: Tensor, ratio: float) -> tuple[Tensor, Tensor]:
    """For models that enlarge four times: the picture in [-1, 1] as they are shown it, and an empty latent.

    Image (B, H, W, C) -> (B, 3, h, w) and (B, 4, h, w), where h and w are a quarter of the sides after enlarging by
    ``ratio``. Raises ValueError if nothing would be left.
    """
    height, width = (round(side * ratio) // 4 for side in image.shape[1:3])
    if height < 1 or width < 1:
        raise ValueError(f"an image of {image.shape[2]}x{image.shape[1]} times {ratio} has not 4 pixels a side")
    pixels = image[..., :3].movedim(-1, 1) * 2 - 1
    shown = resize(pixels, width, height, "bilinear", "center")
    return shown, torch.zeros(len(image), 4, height, width)
