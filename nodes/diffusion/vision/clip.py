"""A vision transformer as nodes hold it, and pictures as it takes them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from nodes.diffusion.lazy import Lazy
from nodes.diffusion.vision.network import ClipVisionNetwork, ClipVisionOutput, VisionConfig

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class ClipVision:
    """A vision transformer whose weights come into memory at first use."""

    file: str
    network: Lazy[ClipVisionNetwork]
    config: VisionConfig

    @torch.no_grad()
    def encode(self, image: Tensor, *, crop: bool = True) -> ClipVisionOutput:
        """Images (B, H, W, C) in [0, 1], the middle square of each or, without ``crop``, all of it squeezed."""
        pixels = normalized(prepared(image, self.config.image_size, crop=crop))
        return self._seen(pixels)

    @torch.no_grad()
    def blank(self) -> ClipVisionOutput:
        """What zeros in a picture's place show: one of the mean colour."""
        size = self.config.image_size
        return self._seen(torch.zeros(1, 3, size, size))

    def _seen(self, pixels: Tensor) -> ClipVisionOutput:
        found: ClipVisionOutput = self.network.get()(self.network.cast(pixels))
        return found.plain()


def prepared(image: Tensor, size: int, *, crop: bool) -> Tensor:
    """Images (B, H, W, C) as (B, 3, size, size) of whole 255ths: resized bicubically, and cut to their middle."""
    pixels = image[..., :3].movedim(-1, 1).float()
    height, width = pixels.shape[-2:]
    if (height, width) != (size, size):
        scale = size / min(height, width)
        wanted = (round(height * scale), round(width * scale)) if crop else (size, size)
        pixels = interpolate(pixels, wanted, mode="bicubic", antialias=True)
        y, x = (wanted[0] - size) // 2, (wanted[1] - size) // 2
        pixels = pixels[..., y : y + size, x : x + size]
    return (pixels * 255).clamp(0, 255).round() / 255


def normalized(pixels: Tensor) -> Tensor:
    """By the mean and spread of what CLIP was trained on."""
    mean, std = (pixels.new_tensor(each)[:, None, None] for each in (MEAN, STD))
    return (pixels - mean) / std
