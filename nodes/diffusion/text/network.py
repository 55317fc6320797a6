"""CLIP's text encoder as a network; Radford et al. 2021 (arXiv:2103.00020). Names match ``transformers``'."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from nodes.diffusion.attention import attend, split_heads
from nodes.diffusion.text.config import ClipConfig
from nodes.diffusion.text.tokenizer import END


class Encoded(NamedTuple):
    """What a text encoder says of (B, T) tokens."""

    hidden: Tensor  # (B, T, D)
    pooled: Tensor  # (B, D) or (B, P) where it is projected


class Embeddings(nn.Module):
    """A vector for each token and one for each place."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocabulary, config.width)
        self.position_embedding = nn.Embedding(config.positions, config.width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Token vectors (B, T, D), with their places: (B, T, D)."""
        return tokens + self.position_embedding.weight[: tokens.shape[1]]


class SelfAttention(nn.Module):
    """Each token looks at itself and those before it."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(config.width, config.width) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (split_heads(project(x), self.heads) for project in (self.q_proj, self.k_proj, self.v_proj))
        return self.out_proj(attend(q, k, v, is_causal=True).transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    """Four times as wide and back."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.quick = config.activation == "quick_gelu"
        self.fc1 = nn.Linear(config.width, config.inner)
        self.fc2 = nn.Linear(config.inner, config.width)

    def forward(self, x: Tensor) -> Tensor:
        h = self.fc1(x)
        return self.fc2(h * torch.sigmoid(1.702 * h) if self.quick else gelu(h))


class Layer(nn.Module):
    """Tokens look at one another, then each thinks for itself."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.self_attn = SelfAttention(config)
        self.layer_norm1 = nn.LayerNorm(config.width)
        self.mlp = Mlp(config)
        self.layer_norm2 = nn.LayerNorm(config.width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class Encoder(nn.Module):
    """Its layers; ``ClipText`` goes through them one by one."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))


class ClipText(nn.Module):
    """Token ids -> what cross-attention sees. Names are those of checkpoints below ``text_model``."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.final_layer_norm = nn.LayerNorm(config.width)
        self.text_projection = nn.Linear(config.width, config.projection, bias=False) if config.projection else None

    @property
    def layers(self) -> int:
        return self.config.layers

    def embed(self, ids: Tensor) -> Tensor:
        """The tokens' own vectors, without their places: (B, T) -> (B, T, D)."""
        return self.embeddings.token_embedding(ids)

    def forward(self, ids: Tensor, layer: int = -1, *, normed: bool = True, vectors: Tensor | None = None) -> Encoded:
        """Ids (B, T) -> the output of ``layer`` (-1 the last), ``normed`` by the last norm; and the first end's vector.

        ``vectors`` (B, T, D) stand in place of the ids' own; the ids then only tell where the text ends.
        """
        h = self.embeddings(self.embed(ids) if vectors is None else vectors)
        hidden = h
        for n, block in enumerate(self.encoder.layers):
            h = block(h)
            if n == self.layers + layer:
                hidden = h
        last = self.final_layer_norm(h)
        ends = (ids == END).int().argmax(dim=-1)
        pooled = last[torch.arange(len(ids), device=ids.device), ends]
        if self.text_projection is not None:
            pooled = self.text_projection(pooled)
        if not normed:
            return Encoded(hidden, pooled)
        return Encoded(last if layer == -1 else self.final_layer_norm(hidden), pooled)
