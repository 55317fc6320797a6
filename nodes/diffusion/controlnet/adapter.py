"""T2I-Adapter: a small network that makes features of a hint alone; Mou et al. 2023 (arXiv:2302.08453)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad, pixel_unshuffle, relu

from nodes.diffusion.controlnet.network import kind_of
from nodes.diffusion.header import Header
from nodes.diffusion.inputs import Inputs, Residuals
from nodes.diffusion.lazy import Lazy
from nodes.diffusion.unet.config import UNetConfig
from nodes.diffusion.unet.model import UNet

CELL = 8  # pixels
XL_CELL = 16
XL_HALVED = (False, False, True, False)  # which levels of SDXL's adapter halve the resolution


@dataclass(frozen=True)
class AdapterConfig:
    """SD1's: 4 levels of 320, 640, 1280, 1280 channels with 2 blocks each; its first one sees 8 x 8 pixels as one."""

    channels: tuple[int, ...]
    blocks: int = 2
    hint_channels: int = 3
    cell: int = CELL
    light: bool = False

    @property
    def halved(self) -> tuple[bool, ...]:
        """Which levels halve the resolution first."""
        return XL_HALVED if self.cell == XL_CELL else tuple(n > 0 for n in range(len(self.channels)))


class AdapterNetwork(nn.Module):
    """Parameter names match the original's, which counts the blocks of all levels in a row."""

    def __init__(self, config: AdapterConfig) -> None:
        super().__init__()
        self.config = config
        seen = config.hint_channels * config.cell**2
        if config.light:
            widths = (seen, *config.channels)
            self.body = nn.ModuleList(
                LightLevel(widths[n], widths[n + 1], config.blocks) for n in range(len(config.channels))
            )
            return
        self.conv_in = nn.Conv2d(seen, config.channels[0], 3, padding=1)
        before, blocks = config.channels[0], []
        for channels in config.channels:
            for _ in range(config.blocks):
                blocks.append(Block(before, channels))
                before = channels
        self.body = nn.ModuleList(blocks)

    def forward(self, hint: Tensor) -> list[Tensor]:
        """A hint (B, 3, 8h, 8w) -> features (B, C, h', w') of each level."""
        config = self.config
        if config.hint_channels == 1:
            hint = hint.mean(1, keepdim=True)
        height, width = hint.shape[-2:]
        hint = pad(hint, (0, -width % config.cell, 0, -height % config.cell), mode="replicate")
        x = pixel_unshuffle(hint, config.cell)
        x = x if config.light else self.conv_in(x)
        per_level = len(self.body) // len(config.channels)
        features = []
        for n, halved in enumerate(config.halved):
            x = avg_pool2d(x, 2, ceil_mode=True) if halved else x
            for block in self.body[n * per_level : (n + 1) * per_level]:
                x = block(x)
            features.append(x)
        return features


class Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.in_conv = nn.Identity() if channels == out_channels else nn.Conv2d(channels, out_channels, 1)
        self.block1 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.block2 = nn.Conv2d(out_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.in_conv(x)
        return x + self.block2(relu(self.block1(x)))


class LightLevel(nn.Module):
    """A level of the light adapter: its blocks are a quarter as wide."""

    def __init__(self, channels: int, out_channels: int, blocks: int) -> None:
        super().__init__()
        inner = out_channels // 4
        self.in_conv = nn.Conv2d(channels, inner, 1)
        self.body = nn.Sequential(*(LightBlock(inner) for _ in range(blocks)))
        self.out_conv = nn.Conv2d(inner, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.out_conv(self.body(self.in_conv(x)))


class LightBlock(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.block2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.block2(relu(self.block1(x)))


def adapter_names(header: Header) -> dict[str, str]:
    """Original name -> stored name; diffusers nests an adapter's blocks by level, and puts ``adapter.`` in front."""
    bare = {name.removeprefix("adapter."): name for name in header.shapes}
    light = "body.0.out_conv.weight" in bare
    blocks = Header(dict.fromkeys(bare, ())).count(r"body\.\d+\.resnets\.(\d+)\.")
    if not blocks:
        return bare

    def flat(match: re.Match[str]) -> str:
        level, block = int(match[1]), int(match[3] or 0)
        if light:
            return f"body.{level}.body.{block}." if match[2] else f"body.{level}."
        return f"body.{level * blocks + block}."

    return {re.sub(r"^body\.(\d+)\.(resnets\.(\d+)\.)?", flat, name): stored for name, stored in bare.items()}


def adapter_config(header: Header) -> AdapterConfig:
    """Read the shape of an adapter off its tensors, named as in the original."""
    shapes = header.shapes
    if "body.0.out_conv.weight" in shapes:
        levels = header.count(r"body\.(\d+)\.")
        channels = tuple(shapes[f"body.{n}.out_conv.weight"][0] for n in range(levels))
        blocks = header.count(r"body\.0\.body\.(\d+)\.")
        return AdapterConfig(channels, blocks, shapes["body.0.in_conv.weight"][1] // CELL**2, light=True)
    seen, count = shapes["conv_in.weight"][1], header.count(r"body\.(\d+)\.")
    cell = XL_CELL if seen % XL_CELL**2 == 0 else CELL
    blocks = AdapterConfig.blocks
    channels = tuple(shapes[f"body.{n}.block1.weight"][0] for n in range(0, count, blocks))
    if cell == XL_CELL and len(channels) != len(XL_HALVED):
        raise ValueError(f"an adapter for SDXL has {len(XL_HALVED)} levels, this has {len(channels)}")
    return AdapterConfig(channels, blocks, seen // cell**2, cell)


@dataclass(frozen=True)
class T2IAdapter:
    """A T2I-Adapter as nodes hold it; its weights come into memory at first use."""

    file: str
    network: Lazy[AdapterNetwork]
    config: AdapterConfig

    @torch.no_grad()
    def prepared(self, hint: Tensor) -> tuple[Tensor, ...]:
        """See ``control.Net``."""
        return tuple(self.network.get()(self.network.cast(hint)))

    def residuals(self, prepared: Sequence[Tensor], inputs: Inputs, unet: UNet) -> Residuals:
        """See ``control.Net``. Features go where each level ends; SDXL's sizes have no place for the first level's."""
        xl = self.config.cell == XL_CELL
        places = places_of(unet.config, xl=xl)
        wanted = tuple(channels for _, channels in places)
        if self.config.channels != wanted:
            made = "Stable Diffusion XL" if xl else "Stable Diffusion 1.x"
            own = f"{made} (levels of {', '.join(map(str, self.config.channels))} channels)"
            raise ValueError(f"{self.file} is a T2I-Adapter for {own}, but the model is {kind_of(unet.config)}")
        found: dict[int | None, Tensor] = {n: one for (n, _), one in zip(places, prepared, strict=True)}
        middle = found.pop(None, None)
        last = max(n for n in found if n is not None)
        return Residuals(inner=tuple(found.get(n) for n in range(last + 1)), middle=middle)


def places_of(unet: UNetConfig, *, xl: bool) -> list[tuple[int | None, int]]:
    """Input blocks that features are added in, with their channels; None is the bottleneck."""
    ends, at = [], 0
    for level in unet.levels:
        at += level.blocks
        ends.append((at, level.channels))
        at += 1
    if not xl:
        return list(ends)
    first, channels = ends[0]
    return [(first + 1, channels), *ends[1:], (None, ends[-1][1])]
