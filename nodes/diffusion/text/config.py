"""The shape of a CLIP text encoder, read off the names and shapes of its tensors."""

from __future__ import annotations

from dataclasses import dataclass

from nodes.diffusion.header import Header


@dataclass(frozen=True)
class ClipConfig:
    """CLIP ViT-L/14's text tower, which SD1 uses, is 768 wide with 12 layers of 12 heads.

    OpenCLIP's ViT-H/14 (SD2) is 1024 wide with 24 layers, its ViT-bigG/14 (SDXL) 1280 with 32; both have "gelu".
    """

    vocabulary: int
    positions: int
    width: int
    layers: int
    heads: int
    inner: int
    activation: str = "quick_gelu"
    projection: int | None = None
    """How wide the pooled output is projected, if it is."""

    def __post_init__(self) -> None:
        if min(self.vocabulary, self.positions, self.width, self.layers, self.inner) < 1:
            raise ValueError(f"a text encoder cannot be {self.width} and {self.inner} wide, of {self.layers} layers")
        if self.heads < 1 or self.width % self.heads:
            raise ValueError(f"a width of {self.width} cannot be split into {self.heads} attention heads")


def clip_config(header: Header, activation: str = "quick_gelu", *, projected: bool = False) -> ClipConfig:
    """Read the shape of a text encoder off its tensors (named without prefix); heads from metadata, else 64 wide.

    ``projected`` says whether its projection, where the file has one, is used: SD1's is not.
    """
    shapes = header.shapes
    vocabulary, width = shapes["embeddings.token_embedding.weight"]
    projection = shapes.get("text_projection.weight") if projected else None
    return ClipConfig(
        vocabulary=vocabulary,
        positions=shapes["embeddings.position_embedding.weight"][0],
        width=width,
        layers=header.count(r"encoder\.layers\.(\d+)\."),
        heads=header.number("text.heads") or width // (header.number("text.head_dim") or 64),
        inner=shapes["encoder.layers.0.mlp.fc1.weight"][0],
        activation=header.metadata.get("text.act", activation),
        projection=projection[0] if projection else None,
    )
