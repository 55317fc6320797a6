"""The shape of a U-Net, read off the names and shapes of its tensors."""

from __future__ import annotations

from dataclasses import dataclass

from nodes.diffusion.header import Header, norm_groups

SD1_HEADS = 8


@dataclass(frozen=True)
class Level:
    """One resolution: its width, residual blocks on the way down, and transformer layers at each (0: none)."""

    channels: int
    blocks: int
    depth: int


@dataclass(frozen=True)
class UNetConfig:
    """SD1 itself: 4 levels of 320, 640, 1280, 1280 channels, 8 heads, context 768, 32 groups.

    ``head_channels`` is the width of one attention head; None means ``SD1_HEADS`` heads at every width.
    """

    levels: tuple[Level, ...]
    middle_depth: int
    model_channels: int = 320
    in_channels: int = 4
    out_channels: int = 4
    context_dim: int = 768
    head_channels: int | None = None
    groups: int = 32
    linear_projections: bool = False
    vector_dim: int | None = None  # what is told beside the words, if anything

    def __post_init__(self) -> None:
        for width in (self.model_channels, *(level.channels for level in self.levels)):
            if width % self.groups:
                raise ValueError(f"{width} channels cannot be normed in {self.groups} groups")
        for width in (level.channels for level in self.levels if level.depth):
            if width % self.heads(width):
                raise ValueError(f"{width} channels cannot be split into {self.heads(width)} attention heads")
            if self.head_channels and width % self.head_channels:
                raise ValueError(f"{width} channels cannot be split into heads of {self.head_channels}")

    def heads(self, channels: int) -> int:
        """How many attention heads work at this width."""
        return max(1, channels // self.head_channels) if self.head_channels else SD1_HEADS


def unet_config(header: Header) -> UNetConfig:
    """Read the shape of a U-Net off its tensors (named without prefix); heads and groups from metadata, if there."""
    shapes = header.shapes
    model_channels, in_channels = shapes["input_blocks.0.0.weight"][:2]
    levels, channels, blocks, depth = [], model_channels, 0, 0
    for n in range(1, header.count(r"input_blocks\.(\d+)\.")):
        if any(name.startswith(f"input_blocks.{n}.0.op.") for name in shapes):
            levels.append(Level(channels, blocks, depth))
            blocks = 0
            continue
        channels = shapes[f"input_blocks.{n}.0.out_layers.3.weight"][0]
        depth = header.count(rf"input_blocks\.{n}\.1\.transformer_blocks\.(\d+)\.")
        blocks += 1
    levels.append(Level(channels, blocks, depth))
    return UNetConfig(
        levels=tuple(levels),
        middle_depth=header.count(r"middle_block\.1\.transformer_blocks\.(\d+)\."),
        model_channels=model_channels,
        in_channels=in_channels,
        out_channels=shapes["out.2.weight"][0],
        context_dim=next((s[1] for name, s in shapes.items() if name.endswith("attn2.to_k.weight")), 768),
        head_channels=header.number("unet.num_head_channels"),
        groups=header.number("unet.norm_groups") or norm_groups(model_channels),
        linear_projections=len(shapes.get("middle_block.1.proj_in.weight", ())) == 2,
        vector_dim=shapes["label_emb.0.0.weight"][1] if "label_emb.0.0.weight" in shapes else None,
    )
