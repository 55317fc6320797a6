"""Scaled dot product attention, Vaswani et al. 2017 (arXiv:1706.03762)."""

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

SCORES_BYTES = 1 << 30
"""Above this much memory for one score matrix, queries are taken in slices; the result is the same."""


def attention(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Attend (B, N, H·D) queries to (B, M, H·D) keys and values, in ``heads`` heads; returns (B, N, H·D)."""
    q, k, v = (split_heads(t, heads) for t in (q, k, v))
    slices = -(-q.shape[0] * heads * q.shape[2] * k.shape[2] * q.element_size() // SCORES_BYTES)
    out = torch.cat([attend(part, k, v) for part in q.chunk(slices, dim=2)], dim=2) if slices > 1 else attend(q, k, v)
    return out.transpose(1, 2).flatten(2)


def attend(q: Tensor, k: Tensor, v: Tensor, *, is_causal: bool = False) -> Tensor:
    """Attend (B, H, N, D) queries to (B, H, M, D) keys and values; returns (B, H, N, D).

    While learning on a CPU it is computed in float32: the way back through it in bfloat16 takes six times as long.
    """
    if q.requires_grad and q.device.type == "cpu" and q.dtype == torch.bfloat16:
        with torch.autocast("cpu", enabled=False):
            whole = scaled_dot_product_attention(q.float(), k.float(), v.float(), is_causal=is_causal)
            return whole.to(q.dtype)
    return scaled_dot_product_attention(q, k, v, is_causal=is_causal)


def split_heads(t: Tensor, heads: int) -> Tensor:
    """(B, N, H·D) -> (B, H, N, D)."""
    return torch.unflatten(t, -1, (heads, -1)).transpose(1, 2)
