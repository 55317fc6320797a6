"""GLIGEN: what is to be where, told to a U-Net by gated self-attention; Li et al. 2023 (arXiv:2301.07093)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nodes.diffusion.attention import attention
from nodes.diffusion.header import Header
from nodes.diffusion.unet.hooks import Spot
from nodes.diffusion.unet.transformer import Attention, FeedForward

FREQUENCIES = 8
COORDINATES = 4  # left, top, right, bottom
POSITION = 2 * FREQUENCIES * COORDINATES
FUSER = r"(input|middle|output)_blocks?\.(?:(\d+)\.)?1\.transformer_blocks\.(\d+)\.fuser\.(.+)"


@dataclass(frozen=True)
class GligenConfig:
    """``text`` is the width of a phrase, ``inner`` and ``out`` those of its tokens; ``widths`` are of the fusers."""

    text: int
    inner: int
    out: int
    widths: tuple[tuple[str, int], ...]


def gligen_names(header: Header) -> dict[str, str]:
    """Our name -> stored name: fusers are called by block, number and layer."""
    names = {name: name for name in header.shapes if name.startswith("position_net.")}
    for name in header.shapes:
        if match := re.fullmatch(FUSER, name):
            names[f"fusers.{match[1]}_{match[2] or 0}_{match[3]}.{match[4]}"] = name
    return names


def gligen_config(header: Header) -> GligenConfig:
    """Read the shape of a GLIGEN off its tensors, in our names."""
    shapes = header.shapes
    inner, seen = shapes["position_net.linears.0.weight"]
    fusers = re.compile(r"fusers\.(\w+)\.linear\.weight")
    widths = tuple((match[1], shape[0]) for name, shape in shapes.items() if (match := fusers.fullmatch(name)))
    if not widths:
        raise ValueError("there are no fusers in it")
    return GligenConfig(seen - POSITION, inner, shapes["position_net.linears.4.weight"][0], tuple(sorted(widths)))


class GligenNetwork(nn.Module):
    """The position net and the fusers; within each, parameter names match the original's."""

    def __init__(self, config: GligenConfig) -> None:
        super().__init__()
        self.position_net = PositionNet(config)
        self.fusers = nn.ModuleDict({name: Fuser(width, config.out) for name, width in config.widths})

    def fuser(self, spot: Spot) -> Fuser | None:
        """The one of a transformer layer, if it has one."""
        name = f"{spot.block}_{spot.number}_{spot.layer}"
        return next((fuser for key, fuser in self.fusers.items() if key == name and isinstance(fuser, Fuser)), None)


class PositionNet(nn.Module):
    """Phrases and their boxes -> tokens; where there is nothing, learnt placeholders."""

    def __init__(self, config: GligenConfig) -> None:
        super().__init__()
        self.null_positive_feature = nn.Parameter(torch.zeros(config.text))
        self.null_position_feature = nn.Parameter(torch.zeros(POSITION))
        self.linears = nn.Sequential(
            nn.Linear(config.text + POSITION, config.inner),
            nn.SiLU(),
            nn.Linear(config.inner, config.inner),
            nn.SiLU(),
            nn.Linear(config.inner, config.out),
        )

    def forward(self, phrases: Tensor, boxes: Tensor, count: int) -> Tensor:
        """Phrases (N, T) and boxes (N, 4) in [0, 1] -> tokens (count, D), of which the first N are theirs."""
        told = torch.cat((phrases, waves(boxes).to(phrases)), 1)
        null = torch.cat((self.null_positive_feature, self.null_position_feature))
        return self.linears(torch.cat((told, null.expand(count - len(told), -1))))


def waves(boxes: Tensor) -> Tensor:
    """Boxes (N, 4) as sines and cosines (N, 64), by frequency, then kind, then coordinate."""
    frequencies = 100 ** (torch.arange(FREQUENCIES, device=boxes.device) / FREQUENCIES)
    angles = frequencies[:, None] * boxes[:, None]  # (N, frequencies, 4)
    return torch.stack((angles.sin(), angles.cos()), 2).flatten(1)


class Fuser(nn.Module):
    """Pixels look at one another and at the boxes' tokens, as much as two learnt gates let them."""

    def __init__(self, width: int, told: int) -> None:
        super().__init__()
        self.linear = nn.Linear(told, width)
        self.attn = Attention(width, width, 1)  # how many heads is said when it is called
        self.ff = FeedForward(width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.alpha_attn, self.alpha_dense = (nn.Parameter(torch.tensor(0.0)) for _ in range(2))

    def forward(self, x: Tensor, told: Tensor, heads: int) -> Tensor:
        """Pixels (B, N, C) and tokens (B, T, D) -> (B, N, C)."""
        seen = self.norm1(torch.cat((x, self.linear(told)), 1))
        attn = self.attn
        found = attention(attn.to_q(seen[:, : x.shape[1]]), attn.to_k(seen), attn.to_v(seen), heads)
        x = x + self.alpha_attn.tanh() * attn.to_out(found)
        return x + self.alpha_dense.tanh() * self.ff(self.norm2(x))
