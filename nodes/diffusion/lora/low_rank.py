"""Differences of weights out of few numbers: products of thin matrices.

Each function takes a module's tensors by slot, its weight (O, I) or (O, I, kh, kw) and the file's alpha, in float32,
and gives the difference at strength 1, shaped as the weight. Raises ValueError or RuntimeError for shapes that do not
belong together.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

Parts = Mapping[str, Tensor]


def lora(p: Parts, weight: Tensor, alpha: float | None) -> Tensor:
    """LoRA, Hu et al. 2021, equation 3 (arXiv:2106.09685): up (O, r) · down (r, I), times alpha / r.

    Of a convolution, down has its kernel; with ``mid`` (r, r, kh, kw) up and down are 1x1 (LoCon's Tucker form).
    """
    up, down = p["up"], p["down"]
    if "mid" in p:
        delta = torch.einsum("or,rskl,si->oikl", up.flatten(1), p["mid"], down.flatten(1))
    else:
        delta = up.flatten(1) @ down.flatten(1)
    return fitted(delta, weight) * scale(alpha, down.shape[0])


def loha(p: Parts, weight: Tensor, alpha: float | None) -> Tensor:
    """LoHa, Hyeon-Woo et al. 2021, proposition 1 (arXiv:2108.06098): the elementwise product of two LoRAs."""
    halves = []
    for a, b, core in (("w1_a", "w1_b", "t1"), ("w2_a", "w2_b", "t2")):
        halves.append(tucker(p[core], p[a], p[b]) if core in p else p[a] @ p[b].flatten(1))
    return fitted(halves[0] * halves[1], weight) * scale(alpha, p["w1_b"].shape[0])


def lokr(p: Parts, weight: Tensor, alpha: float | None) -> Tensor:
    """LoKr, Yeh et al. 2023, section 3.1 (arXiv:2309.14859): the Kronecker product of two, either of them a LoRA.

    alpha counts if one of them is.
    """
    rank = None
    factors = []
    for whole, a, b, core in (("k1", "k1_a", "k1_b", ""), ("k2", "k2_a", "k2_b", "kt2")):
        if whole in p:
            factors.append(p[whole])
            continue
        rank = p[b].shape[0]
        if core in p:
            factors.append(tucker(p[core], p[a], p[b]))
        else:
            factors.append((p[a] @ p[b].flatten(1)).reshape(-1, *p[b].shape[1:]))
    first, second = factors
    first = first.reshape(*first.shape, *[1] * (second.ndim - first.ndim))
    delta = fitted(torch.kron(first, second.contiguous()), weight)
    return delta if rank is None else delta * scale(alpha, rank)


def glora(p: Parts, weight: Tensor, alpha: float | None) -> Tensor:
    """GLoRA, Chavan et al. 2023 (arXiv:2306.07967), as LyCORIS stores it: W·a1·a2 + b1·b2, times alpha / r."""
    right = p["a1"].flatten(1) @ p["a2"].flatten(1)  # (I, I)
    through = torch.einsum("oi...,ij->oj...", weight, right)
    return (through + fitted(p["b1"].flatten(1) @ p["b2"].flatten(1), weight)) * scale(alpha, p["a2"].shape[0])


def whole(p: Parts, weight: Tensor, alpha: float | None) -> Tensor:
    """The difference itself."""
    return fitted(p["whole"], weight)


def tucker(core: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """A convolution (O, I, kh, kw) of a core (r, r, kh, kw) between a (r, O) and b (r, I)."""
    return torch.einsum("rskl,ro,si->oikl", core, a, b)


def scale(alpha: float | None, rank: int) -> float:
    """alpha / r; a file without alpha means r."""
    return 1.0 if alpha is None else alpha / rank


def fitted(delta: Tensor, weight: Tensor) -> Tensor:
    """A difference in the shape of its weight: the same but for kernels, which may be flat. Raises ValueError."""
    if delta.flatten(1).shape != weight.flatten(1).shape if weight.ndim > 1 else delta.numel() != weight.numel():
        raise ValueError(f"they make a difference {tuple(delta.shape)}")
    return delta.reshape(weight.shape)
