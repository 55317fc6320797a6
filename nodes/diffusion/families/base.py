"""What a model family is: data, not a ladder of ifs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.extras import NO_EXTRAS, Extras, Telling
from nodes.diffusion.header import Header
from nodes.diffusion.latent import LatentFormat
from nodes.diffusion.places import Place
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.tensors import Source

LANDMARKS = ("input_blocks.0.0.weight", "time_embed.0.weight", "out.2.weight")
V_WORDS = ("v", "v_prediction")


class Seen(NamedTuple):
    """A file, and where its U-Net is or would be."""

    file: Source
    unet: Place

    def value(self, name: str) -> Tensor | None:
        """A tensor of the U-Net, in float32, if it is there."""
        stored = self.unet.header.shapes
        if name not in stored:
            return None
        return self.unet.file.read(self.unet.prefix + name)[""].float()

    def number(self, name: str) -> float | None:
        """A number that the file carries as a tensor of its own, if it is there."""
        if name not in self.file.header.shapes:
            return None
        values = self.file.named([name])[name].float().flatten()
        return values[0].item() if len(values) and torch.isfinite(values[0]) else None

    def marked(self, name: str) -> bool:
        """Whether the file has a tensor that says something by its name alone."""
        return name in self.file.header.shapes

    @property
    def says_v(self) -> bool:
        """Whether the file says that v is predicted."""
        return self.marked("v_pred") or self.file.header.metadata.get("prediction_type") in V_WORDS


class Trait(NamedTuple):
    """Something that all files of a family have; ``said`` is how it is called where it is missing."""

    said: str
    holds: Callable[[Seen], bool]


class TextPlace(NamedTuple):
    """Where a tower's tensors may lie in a checkpoint."""

    tower: str
    prefix: str


Predicting: TypeAlias = Callable[[Seen], Prediction]


@dataclass(frozen=True)
class Family:
    """What tells a kind of model, where its checkpoints keep their parts, and what its U-Net takes and gives.

    ``text`` places are tried in order, for each tower. ``beside`` is by the U-Net's input channels.
    """

    name: str
    traits: Sequence[Trait]
    prediction: Predicting
    latent_format: LatentFormat
    text: Sequence[TextPlace]
    head_channels: int | None = None
    vector: Telling | None = None
    beside: Mapping[int, Telling] = field(default_factory=dict)
    unsupported: str = ""
    """Why such models cannot be used, if they can not."""

    def missing(self, seen: Seen) -> list[str]:
        """What a file lacks to be of this family."""
        prefix = seen.unet.prefix
        lacking = [prefix + name for name in seen.unet.header.missing(LANDMARKS)]
        return lacking + [trait.said for trait in self.traits if not trait.holds(seen)]

    def extras(self, in_channels: int) -> Extras:
        """How conditionings become what the U-Net is told beside the words."""
        concat = self.beside.get(in_channels)
        return Extras(self.vector, concat) if self.vector or concat else NO_EXTRAS


def channels(*counts: int) -> Trait:
    """A U-Net that takes so many channels."""

    def holds(seen: Seen) -> bool:
        shape = seen.unet.header.shapes.get("input_blocks.0.0.weight", ())
        return len(shape) == 4 and shape[1] in counts

    *others, last = counts
    return Trait(f"its input channels ({', '.join(map(str, others))}{' or ' if others else ''}{last})", holds)


def projections(dimensions: int) -> Trait:
    """Transformers between 1x1 convolutions (4) or matrices (2)."""

    def holds(seen: Seen) -> bool:
        shapes = seen.unet.header.shapes
        found = [len(shape) for name, shape in shapes.items() if name.endswith(".proj_in.weight")]
        return bool(found) and all(each == dimensions for each in found)

    return Trait("its transformers' " + ("matrices" if dimensions == 2 else "1x1 convolutions"), holds)


def told(*, vector: bool) -> Trait:
    """A U-Net that is told a vector beside the words, or is not."""

    def holds(seen: Seen) -> bool:
        return (vector_dim(seen.unet.header) is not None) == vector

    return Trait("its vector beside the words" if vector else "no vector beside the words", holds)


def without(said: str, *starts: str) -> Trait:
    """A file without such tensors."""
    return Trait(said, lambda seen: not any(name.startswith(starts) for name in seen.file.header.shapes))


def vector_dim(header: Header) -> int | None:
    """How wide the vector beside the words is; None for none, also for what is no matrix there."""
    stored = [name for name in header.shapes if name.startswith("label_emb.")]
    shape = header.shapes.get("label_emb.0.0.weight", ())
    return None if not stored else shape[1] if len(shape) == 2 else 0


def context_dim(header: Header) -> int:
    """How wide the words are that a U-Net takes; 0 for none."""
    return next((s[1] for name, s in header.shapes.items() if name.endswith("attn2.to_k.weight") and len(s) == 2), 0)


def discrete(seen: Seen) -> Prediction:
    """The noise, or what the file is marked by."""
    zero_snr = seen.marked("ztsnr")
    return Prediction.discrete("v" if seen.says_v else "eps", zero_terminal_snr=zero_snr)
