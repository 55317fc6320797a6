"""Where words meet the image: transformer layers over the pixels of a feature map. Names match SD checkpoints."""

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from nodes.diffusion.attention import attention
from nodes.diffusion.unet.hooks import Attention as Which
from nodes.diffusion.unet.hooks import Inside


class SpatialTransformer(nn.Module):
    """Pixels as tokens, through transformer layers, added to what came in; Rombach et al. 2022 (arXiv:2112.10752)."""

    def __init__(
        self, channels: int, heads: int, depth: int, context_dim: int, groups: int, *, linear: bool = False
    ) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.proj_in = nn.Linear(channels, channels) if linear else nn.Conv2d(channels, channels, 1)
        self.transformer_blocks = nn.ModuleList(TransformerLayer(channels, heads, context_dim) for _ in range(depth))
        self.proj_out = nn.Linear(channels, channels) if linear else nn.Conv2d(channels, channels, 1)
        self.linear = linear

    def forward(self, x: Tensor, context: Tensor, inside: Inside | None = None) -> Tensor:
        height, width = x.shape[-2:]
        h = self.norm(x)
        h = self.proj_in(tokens(h)) if self.linear else tokens(self.proj_in(h))  # (B, C, H, W) -> (B, HW, C)
        for n, layer in enumerate(self.transformer_blocks):
            if inside:
                inside.enter_layer(n, self.heads, (height, width))
            h = layer(h, context, inside)
        h = pixels(self.proj_out(h), height, width) if self.linear else self.proj_out(pixels(h, height, width))
        return x + h


class TransformerLayer(nn.Module):
    """Pixels look at one another, then at the words, then each thinks for itself."""

    def __init__(self, channels: int, heads: int, context_dim: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attn1 = Attention(channels, channels, heads)
        self.norm2 = nn.LayerNorm(channels)
        self.attn2 = Attention(channels, context_dim, heads)
        self.norm3 = nn.LayerNorm(channels)
        self.ff = FeedForward(channels)

    def forward(self, x: Tensor, context: Tensor, inside: Inside | None = None) -> Tensor:
        h = self.norm1(x)
        x = x + self.attn1(h, h, "attn1", inside)
        if inside:
            (x,) = inside.call("between", x)
        x = x + self.attn2(self.norm2(x), context, "attn2", inside)
        return x + self.ff(self.norm3(x))


class Attention(nn.Module):
    """Queries from x (B, N, C), keys and values from the context (B, M, D)."""

    def __init__(self, channels: int, context_dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(channels, channels, bias=False)
        self.to_k = nn.Linear(context_dim, channels, bias=False)
        self.to_v = nn.Linear(context_dim, channels, bias=False)
        self.to_out = nn.Sequential(nn.Linear(channels, channels))

    def forward(self, x: Tensor, context: Tensor, which: Which = "attn1", inside: Inside | None = None) -> Tensor:
        if inside:
            return self._hooked(x, context, which, inside)
        return self.to_out(attention(self.to_q(x), self.to_k(context), self.to_v(context), self.heads))

    def _hooked(self, x: Tensor, context: Tensor, which: Which, inside: Inside) -> Tensor:
        """The same with what hooks change."""
        q_in, k_in, v_in = inside.call(which, x, context, context)
        q, k, v = self.to_q(q_in), self.to_k(k_in), self.to_v(v_in)
        replacement = inside.replacement(which)
        out = replacement(q, k, v, inside.spot) if replacement else attention(q, k, v, self.heads)
        if which == "attn2":
            out, _ = inside.call("attn2_mixed", out, q)
        (out,) = inside.call("attn1_out" if which == "attn1" else "attn2_out", self.to_out(out))
        return out


class FeedForward(nn.Module):
    """Four times as wide and back, gated: GEGLU, Shazeer 2020 (arXiv:2002.05202)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # Identity keeps the checkpoint's index 2 for the last layer: dropout sat here in training.
        self.net = nn.Sequential(GEGLU(channels, 4 * channels), nn.Identity(), nn.Linear(4 * channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class GEGLU(nn.Module):
    """Half of the projection gates the other half."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.proj = nn.Linear(channels, 2 * out_channels)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, dim=-1)
        return value * gelu(gate)


def tokens(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, HW, C)."""
    return x.flatten(2).transpose(1, 2)


def pixels(h: Tensor, height: int, width: int) -> Tensor:
    """(B, HW, C) -> (B, C, H, W)."""
    return torch.unflatten(h.transpose(1, 2), 2, (height, width))
