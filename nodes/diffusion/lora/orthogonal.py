"""Weights that are turned: orthogonal fine-tuning keeps the angles between a layer's neurons.

Functions as in ``low_rank``. What a file calls alpha is here COFT's constraint: how far from the identity, times O.
"""

import torch
from torch import Tensor

from nodes.diffusion.lora.low_rank import Parts

EPS = 1e-8


def oft(p: Parts, weight: Tensor, alpha: float | None) -> Tensor:
    """OFT, Qiu et al. 2023, equations 2 to 4 (arXiv:2306.07280): each block of outputs is turned by its own matrix.

    ``blocks`` is (n, O/n, O/n); ``rescale`` (O, 1, ...) scales what comes out.
    """
    turns = cayley(p["blocks"], weight, alpha)
    count, size, _ = turns.shape
    parts = weight.reshape(count, size, -1)
    turned = torch.einsum("knm,kni->kmi", turns, parts).reshape(weight.shape)
    return rescaled(p, turned) - weight


def boft(p: Parts, weight: Tensor, alpha: float | None) -> Tensor:
    """BOFT, Liu et al. 2023, section 4 (arXiv:2311.06243): turns of small blocks, mixed like a fast Fourier transform.

    ``blocks`` is (m, O/b, b, b): of m stages, stage i turns outputs together that lie b/2 · 2^i apart.
    """
    size = p["blocks"].shape[-1]
    turned = weight.flatten(1)
    for i, turns in enumerate(cayley(p["blocks"], weight, alpha)):
        apart = 2**i * size // 2
        mixed = turned.reshape(-1, 2, apart, turned.shape[1]).transpose(1, 2).reshape(-1, size, turned.shape[1])
        mixed = torch.einsum("kij,kjn->kin", turns, mixed)
        turned = mixed.reshape(-1, apart, 2, turned.shape[1]).transpose(1, 2).reshape(turned.shape)
    return rescaled(p, turned.reshape(weight.shape)) - weight


def cayley(blocks: Tensor, weight: Tensor, alpha: float | None) -> Tensor:
    """Orthogonal matrices (I + Q)(I - Q)^-1 of the skew parts Q of blocks (..., b, b)."""
    q = blocks - blocks.transpose(-1, -2)
    if alpha:
        q = q * (alpha * weight.shape[0] / (torch.linalg.vector_norm(q) + EPS)).clamp(max=1)
    one = torch.eye(q.shape[-1], device=q.device)
    return (one + q) @ torch.linalg.inv(one - q)


def rescaled(p: Parts, turned: Tensor) -> Tensor:
    """Times the scale of each output, if there is one."""
    if "rescale" not in p:
        return turned
    return turned * p["rescale"].reshape(-1, *[1] * (turned.ndim - 1))
