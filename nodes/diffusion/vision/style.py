"""T2I-Adapter's style model: a picture's features -> tokens behind the words; Mou et al. 2023 (arXiv:2302.08453)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

from nodes.diffusion.attention import split_heads
from nodes.diffusion.conditioning import Conditioning
from nodes.diffusion.controlnet.union import Layer
from nodes.diffusion.header import Header
from nodes.diffusion.lazy import Lazy
from nodes.diffusion.unet.hooks import NO_HOOKS, Block, Hooks, Place, Spot
from nodes.diffusion.vision.network import ClipVisionOutput

if TYPE_CHECKING:
    from nodes.diffusion.regions import Area

BIAS = "style_bias"
BLOCKS: tuple[tuple[Block, int], ...] = (("input", 16), ("middle", 1), ("output", 16))  # more than any U-Net has


@dataclass(frozen=True)
class StyleConfig:
    """SD1's: 8 tokens, 1024 wide, 3 layers, out to 768."""

    width: int
    tokens: int
    layers: int
    context_dim: int


def style_config(header: Header) -> StyleConfig:
    """Read the shape of a style model off its tensors."""
    _, tokens, width = header.shapes["style_embedding"]
    layers = header.count(r"transformer_layes\.(\d+)\.")
    return StyleConfig(width, tokens, layers, header.shapes["proj"][1])


class StyleNetwork(nn.Module):
    """Parameter names match the original's, its misspelling too."""

    def __init__(self, config: StyleConfig) -> None:
        super().__init__()
        self.style_embedding = nn.Parameter(torch.zeros(1, config.tokens, config.width))
        self.ln_pre, self.ln_post = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.transformer_layes = nn.ModuleList(Layer(config.width) for _ in range(config.layers))
        self.proj = nn.Parameter(torch.zeros(config.width, config.context_dim))

    def forward(self, features: Tensor) -> Tensor:
        """A vision transformer's last hidden state (B, N, W) -> tokens (B, T, D)."""
        x = self.ln_pre(torch.cat((features, self.style_embedding.expand(len(features), -1, -1)), 1))
        for layer in self.transformer_layes:
            x = layer(x)
        return self.ln_post(x[:, -self.style_embedding.shape[1] :]) @ self.proj


@dataclass(frozen=True)
class StyleModel:
    """A style model as nodes hold it; its weights come into memory at first use."""

    file: str
    network: Lazy[StyleNetwork]
    config: StyleConfig

    @torch.no_grad()
    def tokens(self, output: ClipVisionOutput) -> Tensor:
        """What to put behind the words: (1, T, D), the tokens of all pictures in a row.

        Raises ValueError for the output of a vision transformer of another width.
        """
        given = output.last_hidden_state.shape[-1]
        if given != self.config.width:
            raise ValueError(f"{self.file} takes features {self.config.width} wide, but the picture's are {given} wide")
        tokens = self.network.get()(self.network.cast(output.last_hidden_state))
        return tokens.flatten(0, 1)[None].float().cpu()


def styled(conditioning: Conditioning, tokens: Tensor, strength: float, *, bias: bool) -> list[list[Any]]:
    """Items with style tokens (1, T, D) behind their words: times ``strength``, or attended to that much more."""
    if bias:
        return [
            [torch.cat((context, tokens), 1), biased(context, tokens, fields, strength)]
            for context, fields in conditioning
        ]
    return [[torch.cat((context, tokens * strength), 1), dict(fields)] for context, fields in conditioning]


def biased(context: Tensor, tokens: Tensor, fields: Mapping[str, Any], strength: float) -> dict[str, Any]:
    """An item's fields with the bias of its words, which may have one, and of the tokens behind them."""
    known = fields.get(BIAS)
    words = known.bias if known else context.new_zeros(1, 0)
    words = torch.cat((words, words.new_zeros(1, context.shape[1] - words.shape[1])), 1)
    more = words.new_full((1, tokens.shape[1]), math.log(strength) if strength else -math.inf)
    return {**fields, BIAS: ContextBias(torch.cat((words, more), 1))}


@dataclass(frozen=True, eq=False)
class ContextBias:
    """What is added to the scores of an item's words in cross-attention: (1, T)."""

    bias: Tensor

    def for_item(self, area: Area, tokens: int) -> tuple[Hooks, dict[str, Tensor]]:
        """Hooks for an item that has it, and what they look for; words that came behind it have no bias."""
        return BIASED, {BIAS: pad(self.bias, (0, tokens - self.bias.shape[1]))}


def biased_attention(q: Tensor, k: Tensor, v: Tensor, spot: Spot) -> Tensor:
    """Attention with the bias of each word; words that are repeated have theirs repeated too."""
    bias = spot.inputs.extras[BIAS].to(q)
    bias = bias.repeat(1, k.shape[1] // bias.shape[1])[:, None, None]  # (B, 1, 1, M)
    q, k, v = (split_heads(each, spot.heads) for each in (q, k, v))
    return scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).flatten(2)


def everywhere() -> Hooks:
    """Biased attention in the place of every look at the words."""
    hooks = NO_HOOKS
    for block, count in BLOCKS:
        for number in range(count):
            hooks = hooks.replacing(Place("attn2", block, number), biased_attention)
    return hooks


BIASED = everywhere()
