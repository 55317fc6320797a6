"""A prompt's chunks through one text encoder, its weights applied."""

from __future__ import annotations

import logging
from typing import NamedTuple

import torch
from torch import Tensor

from nodes.diffusion.text.network import ClipText
from nodes.diffusion.text.tokenizer import Token, chunks

log = logging.getLogger(__name__)


class Encoding(NamedTuple):
    """One tower's view of a prompt, float32 on the CPU."""

    hidden: Tensor  # (1, 77·n, D)
    pooled: Tensor  # (1, P)


def encoded(
    network: ClipText, device: torch.device, weighted: list[list[Token]], padding: int, layer: int, *, normed: bool
) -> Encoding:
    """Chunks of weighted tokens, encoded; pooled is the first chunk's, which weights do not change."""
    batch = list(weighted)
    if any(token.weight != 1 for chunk in weighted for token in chunk):
        batch += chunks("", padding)  # the empty prompt is what weights are measured from
    ids = torch.tensor([[token.id for token in chunk] for chunk in batch], device=device)
    vectors = None
    if any(token.vector is not None for chunk in batch for token in chunk):
        ids, vectors = with_vectors(network, batch, padding, device)
    hidden, pooled = network(ids, layer, normed=normed, vectors=vectors)
    parts = [apply_weights(z, chunk, hidden[-1]) for z, chunk in zip(hidden, weighted, strict=False)]
    return Encoding(torch.cat(parts)[None].float().cpu(), pooled[:1].float().cpu())


def with_vectors(
    network: ClipText, batch: list[list[Token]], padding: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Ids (B, 77) and vectors (B, 77, D) of chunks that hold textual inversions.

    Those that are not as wide as this encoder are left out, and what is behind them moves up.
    """
    width = network.config.width
    ids, rows = [], []
    for chunk in batch:
        fitting = [token for token in chunk if token.vector is None or len(token.vector) == width]
        if len(fitting) < len(chunk):
            odd = next(len(t.vector) for t in chunk if t.vector is not None and len(t.vector) != width)
            log.warning("an embedding is %d wide, which the text encoder, %d wide, cannot take", odd, width)
        fitting += [Token(padding)] * (len(chunk) - len(fitting))
        row_ids = torch.tensor([token.id for token in fitting], device=device)
        row = network.embed(row_ids)
        for place, token in enumerate(fitting):
            if token.vector is not None:
                row[place] = token.vector.to(row)
        ids.append(row_ids)
        rows.append(row)
    return torch.stack(ids), torch.stack(rows)


def apply_weights(encoded: Tensor, chunk: list[Token], empty: Tensor) -> Tensor:
    """Move each token's vector (77, D) away from the empty prompt's, or nearer to it, by its weight."""
    if all(token.weight == 1 for token in chunk):
        return encoded
    weights = torch.tensor([token.weight for token in chunk]).to(encoded)[:, None]
    return torch.lerp(empty, encoded, weights)
