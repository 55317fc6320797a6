"""CLIP's text encoder: words -> what cross-attention sees; Radford et al. 2021 (arXiv:2103.00020)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from nodes.diffusion.header import Header
from nodes.diffusion.lazy import Lazy
from nodes.diffusion.text.tokenizer import END, Token, chunks

if TYPE_CHECKING:
    from nodes.diffusion.weight_hooks import ClipHooks


@dataclass(frozen=True)
class ClipConfig:
    """CLIP ViT-L/14's text tower, which SD1 uses, is 768 wide with 12 layers of 12 heads."""

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
        if self.heads < 1 or self.width % self.heads:
            raise ValueError(f"a width of {self.width} cannot be split into {self.heads} attention heads")


def clip_config(header: Header) -> ClipConfig:
    """Read the shape of a text encoder off its tensors (named without prefix); heads from metadata, else 64 wide."""
    shapes = header.shapes
    vocabulary, width = shapes["embeddings.token_embedding.weight"]
    return ClipConfig(
        vocabulary=vocabulary,
        positions=shapes["embeddings.position_embedding.weight"][0],
        width=width,
        layers=header.count(r"encoder\.layers\.(\d+)\."),
        heads=header.number("text.heads") or width // (header.number("text.head_dim") or 64),
        inner=shapes["encoder.layers.0.mlp.fc1.weight"][0],
        activation=header.metadata.get("text.act", "quick_gelu"),
    )


class ClipText(nn.Module):
    """``transformers``' CLIP text model, with the parameter names that SD checkpoints have below ``text_model``."""

    def __init__(self, config: ClipConfig) -> None:
        from transformers import CLIPTextConfig, CLIPTextModel  # takes a second: only when text is to be encoded

        super().__init__()
        settings = CLIPTextConfig(
            vocab_size=config.vocabulary,
            hidden_size=config.width,
            intermediate_size=config.inner,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            max_position_embeddings=config.positions,
            hidden_act=config.activation,
        )
        whole: Any = CLIPTextModel(settings)
        text: Any = getattr(whole, "text_model", whole)  # newer versions have no inner module
        self.config, self.layers = config, config.layers
        self.embeddings, self.encoder = text.embeddings, text.encoder
        self.final_layer_norm = text.final_layer_norm
        self._whole = [whole]  # in a list, so that its parameters are not counted twice

    def forward(self, ids: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """Ids (B, 77) -> the output of ``layer`` (-1 the last), final norm applied, (B, 77, D); and pooled (B, D)."""
        out = self._whole[0](input_ids=ids, output_hidden_states=True)
        last = out.last_hidden_state
        hidden = last if layer == -1 else self.final_layer_norm(out.hidden_states[layer])
        ends = (ids == END).int().argmax(dim=-1)
        return hidden, last[torch.arange(len(ids)), ends]


@dataclass(frozen=True)
class Clip:
    """A text encoder whose weights come into memory at first use. ``layer`` counts from the end, -1 the last."""

    network: Lazy[ClipText]
    layer: int = -1
    hooks: ClipHooks | None = None
    """What its weights are changed by, see ``nodes.diffusion.text.encoding``."""

    def with_layer(self, layer: int) -> Clip:
        """The same encoder, its text taken ``layer`` layers from the end (-1, -2, ...)."""
        return replace(self, layer=layer)

    @torch.no_grad()
    def encode(self, prompt: str) -> tuple[Tensor, Tensor]:
        """A prompt as (1, 77·n, D) for cross-attention, and pooled (1, D): its first chunk's end token."""
        weighted = chunks(prompt)
        batch = list(weighted)
        if any(token.weight != 1 for chunk in weighted for token in chunk):
            batch += chunks("")  # the empty prompt is what weights are measured from
        text = self.network.get()
        layer = self.layer if -self.layer <= text.layers else -1
        ids = torch.tensor([[token.id for token in chunk] for chunk in batch], device=self.network.device)
        hidden, pooled = text(ids, layer)
        encoded = [apply_weights(z, chunk, hidden[-1]) for z, chunk in zip(hidden, weighted, strict=False)]
        return torch.cat(encoded)[None].float().cpu(), pooled[:1].float().cpu()


def apply_weights(encoded: Tensor, chunk: list[Token], empty: Tensor) -> Tensor:
    """Move each token's vector (77, D) away from the empty prompt's, or nearer to it, by its weight."""
    if all(token.weight == 1 for token in chunk):
        return encoded
    weights = torch.tensor([token.weight for token in chunk]).to(encoded)[:, None]
    return torch.lerp(empty, encoded, weights)
