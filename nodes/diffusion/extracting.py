"""LoRAs out of differences of models: what two networks differ in, as products of thin matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from nodes.diffusion.lazy import Lazy
from nodes.diffusion.model import Model
from nodes.diffusion.safetensors_writer import Saved, Tensors
from nodes.diffusion.text.clip import Clip
from nodes.diffusion.text.handles import towers

Form = Literal["standard", "full_diff"]
Step = Callable[[int, int], object]
OVERSAMPLED, TURNS = 8, 4
FAR_BELOW = 8
"""How much smaller than a matrix a sketch must be to pay."""


def extracted(
    model: Model | None, clip: Clip | None, rank: int, form: Form, *, biases: bool, on_step: Step | None = None
) -> Saved:
    """An adapter that adds a difference: ``model`` and ``clip`` hold differences, as merging by subtraction gives.

    "standard" keeps the ``rank`` largest singular values of each weight, "full_diff" the weights as they are. What
    cannot be of low rank, biases and norms, is kept as it is, with ``biases`` only. Weights of zeros are left out.
    Raises ValueError if there is no difference at all.
    """
    networks: dict[str, Lazy[Any]] = {}
    if model is not None:
        networks["diffusion_model."] = model.unet
    if clip is not None:
        networks |= {f"text_encoders.clip_{name}.transformer.text_model.": each for name, each in towers(clip).items()}
    if not networks:
        raise ValueError("there is nothing to make a LoRA of: connect model_diff or text_encoder_diff")
    weights = [(prefix + name, t) for prefix, each in networks.items() for name, t in each.get().state_dict().items()]
    tensors: Tensors = {}
    for k, (name, weight) in enumerate(weights):
        tensors |= parts_of(name, weight, rank, form, biases=biases)
        if on_step:
            on_step(k + 1, len(weights))
    if not tensors:
        raise ValueError("there is nothing to make a LoRA of: the difference is zero everywhere")
    return Saved(tensors)


def parts_of(name: str, weight: Tensor, rank: int, form: Form, *, biases: bool) -> Tensors:
    """What an adapter holds of one weight's difference."""
    module, _, kind = name.rpartition(".")
    if not weight.is_floating_point() or not weight.any():
        return {}
    if weight.ndim < 2:
        return {f"{module}.{'diff_b' if kind == 'bias' else 'diff'}": weight} if biases else {}
    if form == "full_diff":
        return {f"{module}.diff": weight}
    up, down = low_rank(weight, rank)
    alpha = torch.tensor(float(down.shape[0]))
    return {f"{module}.lora_up.weight": up, f"{module}.lora_down.weight": down, f"{module}.alpha": alpha}


def low_rank(weight: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """(O, I, ...) -> up (O, r, 1, ...) and down (r, I, ...), whose product is nearest to it of all of rank r.

    Eckart & Young 1936, by singular values; both get their roots, so that neither is much larger than the other. Ranks
    far below the matrix's are found by ``sketched``, for which the nearest is at most 1 percent nearer.
    """
    matrix, kernel = weight.flatten(1).float(), weight.shape[2:]
    rank = min(rank, *matrix.shape)
    width = 2 * rank + OVERSAMPLED
    if FAR_BELOW * width <= min(matrix.shape):
        u, s, v = sketched(matrix, width)
    else:
        u, s, v = torch.linalg.svd(matrix, full_matrices=False)
    root = s[:rank].sqrt()
    up, down = u[:, :rank] * root, root[:, None] * v[:rank]
    kept = torch.float16 if weight.dtype.itemsize == 1 else weight.dtype  # 8 bits are too few for both factors
    return (
        up.reshape(*up.shape, *(1 for _ in kernel)).to(kept).contiguous(),
        down.reshape(rank, weight.shape[1], *kernel).to(kept).contiguous(),
    )


def sketched(matrix: Tensor, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """The largest ``width`` singular values of a matrix (M, N), with their vectors (M, width) and (width, N).

    Halko, Martinsson & Tropp 2011, algorithms 4.4 and 5.1 (arXiv:0909.4061): exact within a subspace that begins at
    random, always the same, and is turned towards the largest. The last few values are less sure than the first.
    """
    if matrix.shape[0] < matrix.shape[1]:
        u, s, v = sketched(matrix.T, width)
        return v.T, s, u.T
    start = torch.randn(matrix.shape[1], width, generator=torch.Generator().manual_seed(0))
    basis, _ = torch.linalg.qr(start.to(matrix))
    for _ in range(TURNS):
        basis, _ = torch.linalg.qr(matrix.T @ (matrix @ basis))
    u, s, v = torch.linalg.svd(matrix @ basis, full_matrices=False)
    return u, s, v @ basis.T
