"""Which places of a text encoding belong to which word of the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from tokenizers.decoders import ByteLevel
from torch import Tensor
from torch.nn.functional import one_hot

from nodes.diffusion.text.clip import Clip
from nodes.diffusion.text.tokenizer import END, Token, byte_pairs

WORD_ENDS = "</w>"
BEGINNING, ENDING, EMBEDDING = "[start]", "[end]", "[embedding]"


class Words(NamedTuple):
    """The words of a prompt in order, and first and last what is no word: each chunk's start, its end with padding.

    ``places`` (T, W) is 1 where a place of the encoding belongs to a word: each to exactly one.
    """

    names: tuple[str, ...]
    places: Tensor

    def chosen(self, text: str) -> list[int]:
        """The columns that a list of words by commas names, all for an empty one. Raises ValueError for others."""
        wanted = [each.strip().lower() for each in text.split(",") if each.strip()]
        if missing := [each for each in wanted if each not in self.names]:
            raise ValueError(f"words: {missing[0]!r} is not in the prompt; it has {', '.join(self.names)}")
        return [n for n, name in enumerate(self.names) if not wanted or name in wanted]


def words_of(clip: Clip, text: str) -> Words:
    """The words of a prompt as ``clip`` encodes it; T is 77 times the number of chunks."""
    return grouped(clip.chunks(min(clip.towers), text))


def grouped(chunks: Sequence[Sequence[Token]]) -> Words:
    """Chunks of 77 tokens each, by word: a word is what the tokenizer took apart again, or punctuation, or a digit."""
    owners: list[int] = []
    names: list[str] = [BEGINNING]
    for chunk in chunks:
        end = next(n for n, token in enumerate(chunk) if token.id == END and token.vector is None)
        owners.append(0)
        pieces = ""
        embedded = False
        for token in chunk[1:end]:
            if not pieces and not (embedded and token.vector is not None):
                names.append("")
            owners.append(len(names) - 1)
            embedded = token.vector is not None
            if embedded:
                names[-1], pieces = EMBEDDING, ""
                continue
            pieces += byte_pairs().id_to_token(token.id) or ""
            names[-1] = readable(pieces)
            pieces = "" if pieces.endswith(WORD_ENDS) else pieces
        owners += [-1] * (len(chunk) - end)
    names.append(ENDING)
    columns = [owner % len(names) for owner in owners]
    return Words(tuple(names), one_hot(torch.tensor(columns), len(names)).float())


def readable(pieces: str) -> str:
    """The tokenizer's letters, one for each byte, as text."""
    return str(ByteLevel().decode([pieces.replace(WORD_ENDS, "")]))
