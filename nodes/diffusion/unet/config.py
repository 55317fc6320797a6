"""The shape of a U-Net, read off the names and shapes of its tensors."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nodes.diffusion.header import Header, norm_groups

SD1_HEADS = 8


@dataclass(frozen=True)
class Level:
    """One resolution: its width, residual blocks on the way down, and transformer layers at each (0: none).

    Where blocks differ, ``down`` and ``up`` say it block by block, in the order of computing; up has one block more.
    """

    channels: int
    blocks: int
    depth: int
    down: tuple[int, ...] = ()
    up: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.down) not in (0, self.blocks) or len(self.up) not in (0, self.blocks + 1):
            raise ValueError(f"depths {self.down} and {self.up} do not fit a level of {self.blocks} blocks")

    @property
    def down_depths(self) -> tuple[int, ...]:
        """Transformer layers of each block on the way down."""
        return self.down or (self.depth,) * self.blocks

    @property
    def up_depths(self) -> tuple[int, ...]:
        """Transformer layers of each block on the way up."""
        return self.up or (self.depth,) * (self.blocks + 1)

    @property
    def attends(self) -> bool:
        """Whether any block has transformer layers."""
        return any((*self.down_depths, *self.up_depths))


def level_of(channels: int, down: tuple[int, ...], up: tuple[int, ...]) -> Level:
    """A level by the depths of its blocks, said as briefly as they allow."""
    depth = max((*down, *up))
    if {*down, *up} == {depth}:
        return Level(channels, len(down), depth)
    return Level(channels, len(down), depth, down, up)


@dataclass(frozen=True)
class UNetConfig:
    """SD1 itself: 4 levels of 320, 640, 1280, 1280 channels, 8 heads, context 768, 32 groups.

    ``head_channels`` is the width of one attention head; None means ``SD1_HEADS`` heads at every width.
    """

    levels: tuple[Level, ...]
    middle_depth: int
    """Transformer layers in the middle."""
    model_channels: int = 320
    in_channels: int = 4
    out_channels: int = 4
    context_dim: int = 768
    head_channels: int | None = None
    groups: int = 32
    linear_projections: bool = False
    vector_dim: int | None = None
    """What is told beside the words, if anything."""
    middle_blocks: int = 2
    """Residual blocks in the middle, around its transformer; distilled networks have 1, or no middle at all."""

    def __post_init__(self) -> None:
        if min(self.in_channels, self.out_channels, self.context_dim) < 1:
            raise ValueError(f"{self.in_channels} channels with words {self.context_dim} wide are too few")
        for width in (self.model_channels, *(level.channels for level in self.levels)):
            if width < 1 or width % self.groups:
                raise ValueError(f"{width} channels cannot be normed in {self.groups} groups")
        for width in (level.channels for level in self.levels if level.attends):
            if width % self.heads(width):
                raise ValueError(f"{width} channels cannot be split into {self.heads(width)} attention heads")
            if self.head_channels and width % self.head_channels:
                raise ValueError(f"{width} channels cannot be split into heads of {self.head_channels}")

    def heads(self, channels: int) -> int:
        """How many attention heads work at this width."""
        return max(1, channels // self.head_channels) if self.head_channels else SD1_HEADS


def unet_config(header: Header, head_channels: int | None = None) -> UNetConfig:
    """Read the shape of a U-Net off its tensors (named without prefix).

    The family knows ``head_channels``; they and the groups are taken from metadata instead, if they are there.
    """
    shapes = header.shapes
    model_channels, in_channels = shapes["input_blocks.0.0.weight"][:2]
    return UNetConfig(
        levels=read_levels(header, model_channels),
        middle_depth=depth_at(header, "middle_block"),
        model_channels=model_channels,
        in_channels=in_channels,
        out_channels=shapes["out.2.weight"][0],
        context_dim=next((s[1] for name, s in shapes.items() if name.endswith("attn2.to_k.weight")), 768),
        head_channels=header.number("unet.num_head_channels") or head_channels,
        groups=header.number("unet.norm_groups") or norm_groups(model_channels),
        linear_projections=any(len(shape) == 2 for name, shape in shapes.items() if name.endswith(".proj_in.weight")),
        vector_dim=shapes["label_emb.0.0.weight"][1] if "label_emb.0.0.weight" in shapes else None,
        middle_blocks=sum(f"middle_block.{n}.in_layers.2.weight" in shapes for n in range(3)),
    )


def read_levels(header: Header, model_channels: int) -> tuple[Level, ...]:
    """The resolutions: a new one begins behind each downsampling convolution."""
    widths = [model_channels]
    downs: list[list[int]] = [[]]
    for n in range(1, header.count(r"input_blocks\.(\d+)\.")):
        if any(name.startswith(f"input_blocks.{n}.0.op.") for name in header.shapes):
            widths.append(widths[-1])
            downs.append([])
            continue
        widths[-1] = header.shapes[f"input_blocks.{n}.0.out_layers.3.weight"][0]
        downs[-1].append(depth_at(header, f"input_blocks.{n}"))
    ups, n = [], 0
    for down in reversed(downs):
        ups.append(tuple(depth_at(header, f"output_blocks.{n + k}") for k in range(len(down) + 1)))
        n += len(down) + 1
    return tuple(level_of(*each) for each in zip(widths, map(tuple, downs), reversed(ups), strict=True))


def depth_at(header: Header, block: str) -> int:
    """How many transformer layers a block has."""
    return header.count(rf"{re.escape(block)}\.1\.transformer_blocks\.(\d+)\.")
