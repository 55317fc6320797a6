"""Where a new U-Net and a new text encoder begin."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import init

from nodes.diffusion.text.config import ClipConfig
from nodes.diffusion.text.network import ClipText, SelfAttention
from nodes.diffusion.text.tokenizer import END, START
from nodes.diffusion.unet.blocks import ResBlock
from nodes.diffusion.unet.config import UNetConfig
from nodes.diffusion.unet.model import UNet
from nodes.diffusion.unet.transformer import SpatialTransformer

PLACES = 0.03
"""Deviation of the places' vectors: words matter more than where they stand."""
END_SIZE, END_MARK = 0.2, 4.0
UNSEEN_KEY, UNSEEN_QUERY = -2.5, 5.0
LOUD = 3.0
"""How much louder than themselves words hear one another in the first layer."""


@torch.no_grad()
def new_unet(config: UNetConfig, seed: int) -> UNet:
    """A U-Net whose residual branches are silent at first, so that it begins as the identity; as Dhariwal & Nichol
    2021 (arXiv:2105.05233) have it."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        unet = UNet(config)
    for module in unet.modules():
        if isinstance(module, ResBlock):
            _silence(module.out_layers[-1])
        elif isinstance(module, SpatialTransformer):
            for weight in module.proj_out.parameters():
                weight.mul_(0.1)
    _silence(unet.out[-1])
    return unet


def _silence(layer: nn.Module) -> None:
    for weight in layer.parameters():
        init.zeros_(weight)


@torch.no_grad()
def new_text(config: ClipConfig, seed: int) -> ClipText:
    """A text encoder in which one word makes a difference from the first step. It knows none yet, see ``vocabulary``.

    A text of few words is padded with some 70 ends. Begun at random, those mostly look at one another, and what
    cross-attention averages over all 77 places hardly depends on the words. Here nobody looks at an end at first, so
    each place holds the mean of the words before it: one dimension marks ends, and the first layer's heads each have a
    dimension in which all queries say that they want none.
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        text = ClipText(config)
        words, places = text.embeddings.token_embedding.weight, text.embeddings.position_embedding.weight
        first = next(module for module in text.modules() if isinstance(module, SelfAttention))
        ends = torch.randn(2, config.width)
        init.normal_(places, std=PLACES)
        init.orthogonal_(first.v_proj.weight)
        init.orthogonal_(first.out_proj.weight, gain=LOUD)
    mark = config.width - 1
    init.zeros_(words)
    words[START], words[END] = ends[0], ends[1] * END_SIZE
    words[:, mark], places[:, mark] = 0, 0
    words[END, mark] = END_MARK
    for projection in (first.q_proj, first.k_proj, first.v_proj, first.out_proj):
        init.zeros_(projection.bias)
    for head in range(config.heads):
        unwanted = head * (config.width // config.heads)
        first.k_proj.weight[unwanted] = 0
        first.k_proj.weight[unwanted, mark] = UNSEEN_KEY
        first.q_proj.weight[unwanted] = 0
        first.q_proj.bias[unwanted] = UNSEEN_QUERY
    return text
