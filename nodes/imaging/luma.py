"""Brightness and colour apart: YCbCr of ITU-R BT.601 in the full range, as JPEG has it."""

import torch
from torch import Tensor

WEIGHTS = (0.299, 0.587, 0.114)
BLUE, RED = 0.564, 0.713  # 1 / 1.772 and 1 / 1.402, as rounded in the recommendation
MIDDLE = 0.5  # where Cb and Cr of grey lie


def luma(image: Tensor) -> Tensor:
    """The brightness (B, H, W) of an RGB image (B, H, W, 3); a grey one (B, H, W, 1) is its own."""
    if image.shape[-1] == 1:
        return image[..., 0]
    red, green, blue = image.unbind(-1)
    return WEIGHTS[0] * red + WEIGHTS[1] * green + WEIGHTS[2] * blue


def to_yuv(image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Y, Cb and Cr of an RGB image, (B, H, W) each, grey being 0.5 in the latter two."""
    y = luma(image)
    return y, (image[..., 2] - y) * BLUE + MIDDLE, (image[..., 0] - y) * RED + MIDDLE


def to_rgb(y: Tensor, cb: Tensor, cr: Tensor) -> Tensor:
    """The RGB image (B, H, W, 3) of Y, Cb and Cr (B, H, W), clamped."""
    blue, red = y + (cb - MIDDLE) / BLUE, y + (cr - MIDDLE) / RED
    green = (y - WEIGHTS[0] * red - WEIGHTS[2] * blue) / WEIGHTS[1]
    return torch.stack((red, green, blue), dim=-1).clamp(0, 1)
