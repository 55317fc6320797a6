"""The text encoders that Stable Diffusions have, by name: "l" is CLIP ViT-L, "h" and "g" OpenCLIP's ViT-H and bigG."""

from __future__ import annotations

from collections.abc import Mapping

from nodes.diffusion.header import Header
from nodes.diffusion.text.config import ClipConfig, clip_config

WIDTHS: Mapping[int, str] = {768: "l", 1024: "h", 1280: "g"}
H_LAYERS = 24
"""ViT-H has 24 layers. Files in transformers' names have 23: the last is not read."""


def tower_config(name: str, header: Header) -> ClipConfig:
    """The shape of a tower: OpenCLIP's have another activation, and project their pooled output."""
    return clip_config(header, "quick_gelu" if name == "l" else "gelu", projected=name != "l")


def tower_of(width: int) -> str:
    """Which tower this is, by its width; "l" where it is none that we know."""
    return WIDTHS.get(width, "l")


def text_width(header: Header) -> int:
    """How wide a text encoder is. Raises KeyError without tokens, IndexError for what are none."""
    return header.shapes["embeddings.token_embedding.weight"][-1]


def absent_layers(name: str, header: Header) -> int:
    """How many of its last layers a file lacks."""
    return int(name == "h" and header.count(r"encoder\.layers\.(\d+)\.") == H_LAYERS - 1)
