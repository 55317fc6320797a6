"""One ControlNet for many kinds of hints; xinsir's ControlNet++ for SDXL.

It is told the kind twice: as one more part of the time embedding, and as an offset of the hint's mean, which a small
transformer weighs against the mean of the noisy picture.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from nodes.diffusion.controlnet.network import ControlConfig, ControlNetwork
from nodes.diffusion.inputs import Inputs, Residuals
from nodes.diffusion.unet.blocks import timestep_embedding

HEADS = 8
WAVES = 256  # how wide each kind is told


class UnionNetwork(ControlNetwork):
    """Parameter names match the published file's, its misspelling too."""

    def __init__(self, config: ControlConfig, layers: int = 1) -> None:
        super().__init__(config)
        width, emb = config.unet.model_channels, 4 * config.unet.model_channels
        self.tasks = config.tasks
        self.task_embedding = nn.Parameter(torch.zeros(config.tasks, width))
        self.transformer_layes = nn.ModuleList(Layer(width) for _ in range(layers))
        self.spatial_ch_projs = nn.Linear(width, width)
        self.control_add_embedding = Told(WAVES * config.tasks, emb)

    def residuals(self, inputs: Inputs, hint: Tensor, task: int | None = None) -> Residuals:
        """See ``ControlNetwork``; without a task no kind is told."""
        chosen = inputs.x.new_zeros(len(inputs), self.tasks)
        offset = hint.new_zeros(self.task_embedding.shape[1])
        if task is not None:
            chosen[:, task] = 1
            offset = self.task_embedding[task]
        told = timestep_embedding(chosen.flatten(), WAVES).reshape(len(inputs), -1)  # (B, kinds * WAVES)
        emb = self.embedding(inputs) + self.control_add_embedding(told.to(inputs.x.dtype))
        noisy = self.input_blocks[0](inputs.x[:, : self.config.in_channels], emb, inputs.context)
        return self.outputs(inputs, emb, hint + self.shift(noisy, hint, offset))

    def shift(self, noisy: Tensor, hint: Tensor, offset: Tensor) -> Tensor:
        """What is added to a hint (B, C, h, w) everywhere alike, by first features alike: (B, C, 1, 1)."""
        means = torch.stack((hint.mean((2, 3)) + offset, noisy.mean((2, 3))), 1)  # (B, 2, C)
        for layer in self.transformer_layes:
            means = layer(means)
        return self.spatial_ch_projs(means[:, 0])[:, :, None, None]


class Told(nn.Module):
    """Two linear layers around a SiLU."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(channels, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_2(silu(self.linear_1(x)))


class Layer(nn.Module):
    """A transformer layer as CLIP has them; (B, T, C), each picture's own tokens look at one another."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, HEADS, batch_first=True)
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})

    def forward(self, x: Tensor) -> Tensor:
        h = self.ln_1(x)
        x = x + self.attn(h, h, h, need_weights=False)[0]
        inner = self.mlp["c_fc"](self.ln_2(x))
        return x + self.mlp["c_proj"](inner * (1.702 * inner).sigmoid())  # CLIP's approximation of GELU
