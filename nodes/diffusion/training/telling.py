"""What networks are told of captions while they learn: by text encoders that stay, or by one that learns too."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from random import Random
from threading import Lock

import torch
from torch import Tensor, nn

from nodes.diffusion.extras import Wish
from nodes.diffusion.model import Model
from nodes.diffusion.text.clip import Clip, ClipText
from nodes.diffusion.text.handles import with_towers
from nodes.diffusion.text.tokenizer import LENGTH, tokenize
from nodes.diffusion.training.captions import words, written
from nodes.diffusion.training.course import ready, unlocked
from nodes.diffusion.training.dataset import Dataset
from nodes.diffusion.training.diffusion import Told, padded
from nodes.diffusion.training.painting import Encoding
from nodes.diffusion.training.vocabulary import LearnedRows, tokens_of

REMEMBERED = 4096
"""Captions whose encodings are kept."""
TOLD = 24
"""Captions of each pattern that are looked at for their words."""


class Frozen:
    """Captions as text encoders say them that do not learn; safe to call from several threads.

    ``size`` are the latents' cells a side: SDXL is told how large a picture is.
    """

    def __init__(self, model: Model, clip: Clip, size: int) -> None:
        self._model, self._clip, self._size = model, clip, size
        self._known: OrderedDict[str, Told] = OrderedDict()
        self._lock = Lock()

    def __call__(self, captions: Sequence[str]) -> Told:
        told = [self._told(caption) for caption in captions]
        vectors = [each.vector for each in told if each.vector is not None]
        return Told(torch.cat([each.context for each in told]), torch.cat(vectors) if vectors else None)

    def _told(self, caption: str) -> Told:
        with self._lock:
            if caption not in self._known:
                self._known[caption] = self._encoded(caption)
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
            return self._known[caption]

    def _encoded(self, caption: str) -> Told:
        # What is in brackets is loud in prompts; a caption means just what it says.
        context, pooled = self._clip.encode(caption.translate({ord(each): f"\\{each}" for each in "()"}))
        vector = self._model.extras.vector
        wish = Wish({"pooled_output": pooled}, self._size, self._size, 0)
        told = Told(context[:, :LENGTH], vector(wish) if vector else None)
        device = self._model.device
        return Told(told.context.to(device), None if told.vector is None else told.vector.to(device))

    def encode(self, prompt: str) -> Encoding:
        """A prompt for a picture on the way."""
        return Encoding(*self._clip.encode(prompt))


class Learning:
    """A text encoder of one tower that learns, with those words of its vocabulary that a data set's captions have.

    Raises ValueError for SDXL's two.
    """

    def __init__(self, clip: Clip, dataset: Dataset) -> None:
        if len(clip.towers) != 1:
            raise ValueError("only a single text encoder can be trained, not SDXL's two: switch train_text off")
        ((self._name, lazy),) = clip.towers.items()
        self._clip, self.device = clip, lazy.device
        self._reading = clip.readings[self._name]
        self.network: ClipText = unlocked(lazy.get())
        table = self.network.embeddings.token_embedding.weight
        rows = LearnedRows(table.detach().cpu(), tokens_of(vocabulary(dataset)))  # random numbers are the CPU's
        self.network.embeddings.token_embedding = rows.to(self.device)  # type: ignore[assignment]

    @property
    def padding(self) -> int:
        """The token behind a text's end."""
        return self._reading.padding

    def __call__(self, ids: Tensor) -> Tensor:
        """Token ids (B, T) -> context (B, T, D)."""
        layer, normed = self._reading.place(self.network.layers)
        hidden: Tensor = self.network(ids, layer, normed=normed).hidden
        return hidden

    @torch.no_grad()
    def encode(self, prompt: str) -> Encoding:
        """A prompt for a picture on the way."""
        ids = torch.tensor([padded(tokenize(prompt), self.padding)]).to(self.device)
        layer, normed = self._reading.place(self.network.layers)
        found = self.network(ids, layer, normed=normed)
        return Encoding(found.hidden.float(), found.pooled.float())

    def learned(self) -> Clip:
        """The text encoder as it is now; what learns is used up."""
        rows = self.network.embeddings.token_embedding
        assert isinstance(rows, LearnedRows)
        self.network.embeddings.token_embedding = nn.Embedding.from_pretrained(rows.whole())
        lazy = self._clip.towers[self._name]
        made = ready(self.network, lazy)
        return with_towers(self._clip, {self._name: made})


def vocabulary(dataset: Dataset) -> list[str]:
    """Texts that have the words of a data set's captions: of each pattern all, and some of its captions, since choices
    may join to words, as in ``cat{|s}``."""
    patterns = sorted({pattern for example in dataset.examples for pattern in example.captions})
    told = [written(pattern, Random(n)) for pattern in patterns for n in range(TOLD)]
    names = [name for background in dataset.backgrounds for name in background.names]
    return [*(words(pattern) for pattern in patterns), *told, *names]
