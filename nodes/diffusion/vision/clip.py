"""CLIP's vision transformer: a picture -> what it shows, as vectors; Radford et al. 2021 (arXiv:2103.00020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from nodes.diffusion.header import Header
from nodes.diffusion.lazy import Lazy

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
HEADS = 16  # of the large ones, of whatever width
HEAD_CHANNELS = 64  # of the small ones
LARGE = 1024  # the widest whose heads are so wide, and the widest that OpenAI trained


@dataclass(frozen=True)
class VisionConfig:
    """ViT-L/14 is 1024 wide with 24 layers of 16 heads, and sees 224 x 224 pixels in squares of 14."""

    width: int
    layers: int
    heads: int
    inner: int
    patch: int
    image_size: int
    projection: int
    activation: str = "quick_gelu"

    def __post_init__(self) -> None:
        if self.heads < 1 or self.width % self.heads:
            raise ValueError(f"a width of {self.width} cannot be split into {self.heads} attention heads")


def vision_config(header: Header) -> VisionConfig:
    """Read the shape of a vision transformer off its tensors, named as in transformers; what is not there is known."""
    shapes = header.shapes
    width, _, patch, _ = shapes["vision_model.embeddings.patch_embedding.weight"]
    positions = shapes["vision_model.embeddings.position_embedding.weight"][0]
    heads = header.number("vision.heads") or (max(1, width // HEAD_CHANNELS) if width <= LARGE else HEADS)
    return VisionConfig(
        width=width,
        layers=header.count(r"vision_model\.encoder\.layers\.(\d+)\."),
        heads=heads,
        inner=shapes["vision_model.encoder.layers.0.mlp.fc1.weight"][0],
        patch=patch,
        image_size=patch * round((positions - 1) ** 0.5),
        projection=shapes["visual_projection.weight"][0],
        activation=header.metadata.get("vision.act", "quick_gelu" if width <= LARGE else "gelu"),
    )


@dataclass(frozen=True, eq=False)
class ClipVisionOutput:
    """What a batch of B pictures shows; as nodes hold it, in float32 on the CPU."""

    last_hidden_state: Tensor
    """(B, 1 + patches, W), before the last norm."""
    image_embeds: Tensor
    """(B, P): beside the text's."""
    penultimate_hidden_states: Tensor
    """(B, 1 + patches, W), a layer before."""

    @property
    def nbytes(self) -> int:
        """For caches that weigh it."""
        return sum(each.nbytes for each in (self.last_hidden_state, self.image_embeds, self.penultimate_hidden_states))

    def plain(self) -> ClipVisionOutput:
        """In float32 on the CPU."""
        parts = (self.last_hidden_state, self.image_embeds, self.penultimate_hidden_states)
        return ClipVisionOutput(*(each.float().cpu() for each in parts))


class ClipVisionNetwork(nn.Module):
    """``transformers``' CLIP vision model with projection, and its parameter names."""

    def __init__(self, config: VisionConfig) -> None:
        from transformers import (  # takes a second: only when a picture is to be looked at
            CLIPVisionConfig,
            CLIPVisionModelWithProjection,
        )

        super().__init__()
        whole: Any = CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                hidden_size=config.width,
                intermediate_size=config.inner,
                num_hidden_layers=config.layers,
                num_attention_heads=config.heads,
                image_size=config.image_size,
                patch_size=config.patch,
                projection_dim=config.projection,
                hidden_act=config.activation,
            )
        )
        self.vision_model, self.visual_projection = whole.vision_model, whole.visual_projection

    def forward(self, pixels: Tensor) -> ClipVisionOutput:
        """Normalized pixels (B, 3, S, S) -> what they show."""
        out = self.vision_model(pixel_values=pixels, output_hidden_states=True)
        return ClipVisionOutput(out.last_hidden_state, self.visual_projection(out.pooler_output), out.hidden_states[-2])


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
