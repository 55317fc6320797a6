"""Prompts -> what cross-attention sees, by one text encoder or two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.finite import finite
from nodes.diffusion.lazy import Lazy
from nodes.diffusion.text.config import ClipConfig, clip_config
from nodes.diffusion.text.network import ClipText
from nodes.diffusion.text.prompt import Encoding, encoded
from nodes.diffusion.text.tokenizer import END, Token, chunks

if TYPE_CHECKING:
    from nodes.diffusion.weight_hooks import ClipHooks

__all__ = ["READINGS", "Clip", "ClipConfig", "ClipText", "Embeddings", "Reading", "clip_config"]

Embeddings: TypeAlias = Callable[[str], Mapping[str, Tensor] | None]
"""A textual inversion's name -> its vectors (n, D) by tower; ``""`` are for any. None if there is none."""


def no_embeddings(name: str) -> None:
    """Where no folder of embeddings is known."""


@dataclass(frozen=True)
class Reading:
    """How a tower's output is read."""

    layer: int = -1
    """Counted from the end, -1 the last."""
    normed: bool = True
    """Whether the last norm is applied; where it is not, it still is when ``layer`` is not there."""
    padding: int = END
    """The token behind a chunk's end."""
    absent: int = 0
    """How many last layers the file lacks: some leave out those that nobody reads."""

    def place(self, layers: int) -> tuple[int, bool]:
        """Which layer of a tower of so many is read, and whether it is normed."""
        if -self.layer > layers + self.absent:
            return -1, True
        return min(-1, self.layer + self.absent), self.normed


READINGS: Mapping[str, Reading] = {
    "l": Reading(),
    "h": Reading(layer=-2, padding=0),
    "g": Reading(layer=-2, normed=False, padding=0),
}
"""Of CLIP ViT-L alone (SD1), OpenCLIP ViT-H (SD2) and ViT-bigG (SDXL)."""
BESIDE_G = Reading(layer=-2, normed=False)
"""Of CLIP ViT-L in SDXL."""


@dataclass(frozen=True)
class Clip:
    """Text encoders whose weights come into memory at first use: towers "l", "g" or "h", or "l" and "g" as in SDXL.

    ``readings`` has an entry for each tower.
    """

    towers: Mapping[str, Lazy[ClipText]]
    readings: Mapping[str, Reading]
    embeddings: Embeddings = field(default=no_embeddings, compare=False)
    hooks: ClipHooks | None = None
    """What its weights are changed by, see ``nodes.diffusion.text.encoding``."""

    @classmethod
    def of(
        cls,
        towers: Mapping[str, Lazy[ClipText]],
        absent: Mapping[str, int] | None = None,
        embeddings: Embeddings = no_embeddings,
    ) -> Clip:
        """Towers read as their family does; ``absent`` layers are none. Raises ValueError for towers of no family."""
        names = tuple(sorted(towers))
        if names not in (("g",), ("h",), ("l",), ("g", "l")):
            raise ValueError(f"text encoders {', '.join(names)} are not used together; SDXL has g and l")
        readings = {**READINGS, **({"l": BESIDE_G} if len(names) > 1 else {})}
        missing = absent or {}
        read = {name: replace(readings[name], absent=missing.get(name, 0)) for name in names}
        return cls(towers, read, embeddings)

    def with_layer(self, layer: int) -> Clip:
        """The same encoders, their text taken ``layer`` layers from the end (-1, -2, ...)."""
        return replace(self, readings={name: replace(each, layer=layer) for name, each in self.readings.items()})

    def encode(self, prompt: str | Mapping[str, str]) -> tuple[Tensor, Tensor]:
        """A prompt as (1, 77·n, D) for cross-attention, and pooled (1, P): its first chunk's end token.

        Of two towers the tokens' vectors are put side by side, and g's is pooled. Each may have a text of its own.
        """
        texts = prompt if isinstance(prompt, Mapping) else dict.fromkeys(self.towers, prompt)
        if missing := self.towers.keys() - texts.keys():
            raise ValueError(f"there is no text for the encoder {', '.join(sorted(missing))}")
        parts = {name: self.chunks(name, texts[name]) for name in self.towers}
        if len(set(texts.values())) > 1:
            longest = max(len(each) for each in parts.values())
            parts = {name: [*each, *self.chunks(name, "") * (longest - len(each))] for name, each in parts.items()}
        results = {name: self._encoded(name, each) for name, each in parts.items()}
        length = min(each.hidden.shape[1] for each in results.values())
        ordered = [results[name] for name in sorted(results, reverse=True)]  # l, then g
        hidden = torch.cat([each.hidden[:, :length] for each in ordered], dim=-1)
        return hidden, ordered[-1].pooled

    def chunks(self, name: str, text: str) -> list[list[Token]]:
        """A text as the tower ``name`` takes it: chunks of 77 weighted tokens."""

        def embedding(word: str) -> Tensor | None:
            found = self.embeddings(word)
            return None if found is None else found.get(name, found.get(""))

        return chunks(text, self.readings[name].padding, embedding)

    @torch.no_grad()
    def _encoded(self, name: str, weighted: list[list[Token]]) -> Encoding:
        lazy, reading = self.towers[name], self.readings[name]
        network = lazy.get()
        layer, normed = reading.place(network.layers)
        result = encoded(network, lazy.device, weighted, reading.padding, layer, normed=normed)
        finite(result.hidden, lazy)
        return result
