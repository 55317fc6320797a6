"""IP-Adapter: pictures as prompts, by cross-attention of their own; Ye et al. 2023 (arXiv:2308.06721)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nodes.diffusion.attention import attention
from nodes.diffusion.header import Header

TOKENS = 4  # of the plain kind
HEAD_CHANNELS = 64  # of the resampler's attention


@dataclass(frozen=True)
class ResamplerConfig:
    """The resampler of the "plus" kind: so many queries, its width and layers, and the width in its middle."""

    queries: int
    width: int
    layers: int
    inner: int
    heads: int


@dataclass(frozen=True)
class IPAdapterConfig:
    """``features`` is the width of what the vision transformer gives; ``widths`` are those of the U-Net's attentions
    by the numbers that files give them. ``resampler`` is None for the plain kind."""

    features: int
    context_dim: int
    widths: tuple[tuple[int, int], ...]
    resampler: ResamplerConfig | None = None


def ip_adapter_config(header: Header) -> IPAdapterConfig:
    """Read the shape of an IP-Adapter off its tensors. Raises ValueError for kinds that are not known."""
    shapes, image = header.shapes, header.under("image_proj.").shapes
    numbers = range(1, header.count(r"ip_adapter\.(\d+)\.to_k_ip\."), 2)
    widths = tuple((n, shapes[f"ip_adapter.{n}.to_k_ip.weight"][0]) for n in numbers)
    context_dim = shapes["ip_adapter.1.to_k_ip.weight"][1]
    if "latents" in image and "layers.0.0.to_kv.weight" in image:
        _, queries, width = image["latents"]
        layers = header.count(r"image_proj\.layers\.(\d+)\.")
        heads = image["layers.0.0.to_q.weight"][0] // HEAD_CHANNELS
        resampler = ResamplerConfig(queries, width, layers, image["layers.0.1.1.weight"][0], heads)
        return IPAdapterConfig(image["proj_in.weight"][1], context_dim, widths, resampler)
    if "proj.weight" in image:
        return IPAdapterConfig(image["proj.weight"][1], context_dim, widths)
    raise ValueError("it is neither a plain IP-Adapter nor a plus one; full-face and FaceID kinds are not known")


class IPAdapterNetwork(nn.Module):
    """Parameter names match the original's."""

    def __init__(self, config: IPAdapterConfig) -> None:
        super().__init__()
        self.config = config
        self.image_proj: Projection | Resampler
        if config.resampler is None:
            self.image_proj = Projection(config.features, config.context_dim)
        else:
            self.image_proj = Resampler(config.features, config.context_dim, config.resampler)
        self.ip_adapter = nn.ModuleDict({str(n): KeysAndValues(config.context_dim, w) for n, w in config.widths})


class KeysAndValues(nn.Module):
    """Keys and values of picture tokens, for one of the U-Net's attentions."""

    def __init__(self, context_dim: int, width: int) -> None:
        super().__init__()
        self.to_k_ip = nn.Linear(context_dim, width, bias=False)
        self.to_v_ip = nn.Linear(context_dim, width, bias=False)

    def forward(self, q: Tensor, tokens: Tensor, heads: int) -> Tensor:
        """What queries (B, N, C) find in tokens (B, T, D): (B, N, C)."""
        return attention(q, self.to_k_ip(tokens), self.to_v_ip(tokens), heads)


class Projection(nn.Module):
    """A picture's embedding (B, F) -> four tokens (B, 4, D)."""

    def __init__(self, features: int, context_dim: int) -> None:
        super().__init__()
        self.proj = nn.Linear(features, TOKENS * context_dim)
        self.norm = nn.LayerNorm(context_dim)

    def forward(self, features: Tensor) -> Tensor:
        return self.norm(self.proj(features).unflatten(-1, (TOKENS, -1)))


class Resampler(nn.Module):
    """A picture's patches (B, N, F) -> tokens (B, T, D): learnt queries look at them; Alayrac et al. 2022
    (arXiv:2204.14198)."""

    def __init__(self, features: int, context_dim: int, config: ResamplerConfig) -> None:
        super().__init__()
        self.latents = nn.Parameter(torch.zeros(1, config.queries, config.width))
        self.proj_in = nn.Linear(features, config.width)
        self.proj_out = nn.Linear(config.width, context_dim)
        self.norm_out = nn.LayerNorm(context_dim)
        self.layers = nn.ModuleList(
            nn.ModuleList([Perceiver(config.width, config.heads), thinking(config.width, config.inner)])
            for _ in range(config.layers)
        )

    def forward(self, features: Tensor) -> Tensor:
        latents, x = self.latents.expand(len(features), -1, -1), self.proj_in(features)
        for layer in self.layers:
            look, think = layer.children()
            latents = latents + look(x, latents)
            latents = latents + think(latents)
        return self.norm_out(self.proj_out(latents))


class Perceiver(nn.Module):
    """Latents (B, T, W) look at patches (B, N, W) and at one another."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, inner = heads, heads * HEAD_CHANNELS
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(width, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)

    def forward(self, x: Tensor, latents: Tensor) -> Tensor:
        latents = self.norm2(latents)
        k, v = self.to_kv(torch.cat((self.norm1(x), latents), 1)).chunk(2, dim=-1)
        return self.to_out(attention(self.to_q(latents), k, v, self.heads))


def thinking(width: int, inner: int) -> nn.Sequential:
    """What each latent does for itself."""
    return nn.Sequential(
        nn.LayerNorm(width), nn.Linear(width, inner, bias=False), nn.GELU(), nn.Linear(inner, width, bias=False)
    )
