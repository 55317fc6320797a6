"""Of a vocabulary, the tokens that some captions have: only they are learned."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from nodes.diffusion.text.tokenizer import END, START, tokenize


class LearnedRows(nn.Module):
    """In the place of a token embedding while it learns: a few of its rows move, the others stay as they are.

    A small set of captions has a few hundred of CLIP's 49,408 tokens; the gradients of all others would be nothing but
    zeros. A row of zeros is a word that means nothing yet; if it is to be learned it begins at random, as long as the
    words that are known already, dimension by dimension: where those have nothing, or a text's start, so has it.
    """

    rows: Tensor
    table: Tensor

    def __init__(self, table: Tensor, learned: Tensor) -> None:
        """``table`` (V, D) stays as it is; ``learned`` (N,) are token ids, each once."""
        super().__init__()
        rows = torch.full((len(table),), -1)
        rows[learned] = torch.arange(len(learned))
        self.register_buffer("rows", rows, persistent=False)
        self.register_buffer("table", table.detach(), persistent=False)
        self.weight = nn.Parameter(begun(table.detach()[learned], learned))

    def forward(self, ids: Tensor) -> Tensor:
        """(B, T) -> (B, T, D)."""
        rows = self.rows[ids]
        return torch.where(rows[..., None] < 0, embedding(ids, self.table), embedding(rows.clamp(min=0), self.weight))

    @torch.no_grad()
    def whole(self) -> Tensor:
        """The table with what was learned: (V, D)."""
        table = self.table.clone()
        table[self.rows >= 0] = self.weight[self.rows[self.rows >= 0]]
        return table


def begun(rows: Tensor, tokens: Tensor) -> Tensor:
    """``rows`` (N, D) of ``tokens`` (N,), those of zeros at random, the same for a token each time."""
    known = rows.any(dim=1) & (tokens != START) & (tokens != END)
    spread = rows[known].std(dim=0) if known.sum() > 1 else rows[tokens == START].any(dim=0).float()
    made = rows.clone()
    for n in (~rows.any(dim=1)).nonzero().flatten().tolist():
        generator = torch.Generator().manual_seed(int(tokens[n]))
        made[n] = torch.randn(rows.shape[1], generator=generator) * spread
    return made


def tokens_of(texts: Iterable[str]) -> Tensor:
    """The tokens of some texts, with a text's start and end: ids (N,), rising."""
    return torch.tensor(sorted({START, END, *(token for text in texts for token in tokenize(text))}))
