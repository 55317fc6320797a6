"""Deep shrink: while the picture's layout is found, the network works on fewer pixels from one block on.

An idea of Kohya S. (2023): pictures larger than those a network was trained on repeat their motives, since it lays
them out as if they were of its own size. Shrunk inside, they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from nodes.diffusion.model import Model
from nodes.diffusion.resizing import resize
from nodes.diffusion.unet.hooks import Point, Spot


@dataclass(frozen=True)
class DeepShrink:
    """Features shrink by ``factor`` after input block ``block``, at noise levels from ``start`` down to ``end``."""

    block: int
    factor: float
    start: float
    end: float
    after_skip: bool
    """Whether the copy for the way up is put aside before, at full size."""
    down: str = "bicubic"
    """How to resize, one of ``resizing.RESIZE_METHODS``."""
    up: str = "bicubic"

    def patched(self, model: Model) -> Model:
        """A model with this."""
        point: Point = "input_block_after_skip" if self.after_skip else "input_block"
        return replace(model, hooks=model.hooks.adding(point, self.shrink).adding("output_block", self.enlarge))

    def shrink(self, h: Tensor, spot: Spot) -> Tensor:
        """(B, C, h, w) -> (B, C, h / factor, w / factor), in the block and while it is time."""
        if spot.number != self.block or not self.end <= spot.inputs.sigma <= self.start:
            return h
        height, width = (max(1, round(side / self.factor)) for side in h.shape[-2:])
        return resize(h, width, height, self.down)

    def enlarge(self, h: Tensor, skip: Tensor, spot: Spot) -> tuple[Tensor, Tensor]:
        """To the skip connection's size, where features come from below at another one."""
        if h.shape[-2:] == skip.shape[-2:]:
            return h, skip
        height, width = skip.shape[-2:]
        return resize(h, width, height, self.up), skip
