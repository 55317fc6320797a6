"""An IP-Adapter in a model: its file, and what it adds to each look at the words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from nodes.diffusion.building import measured
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.controlnet.network import kind_of
from nodes.diffusion.errors import UnknownCheckpoint
from nodes.diffusion.ip_adapter.network import IPAdapterConfig, IPAdapterNetwork, ip_adapter_config
from nodes.diffusion.lazy import Lazy
from nodes.diffusion.model import Model
from nodes.diffusion.tensors import open_tensors
from nodes.diffusion.unet.hooks import Spot
from nodes.diffusion.unet.model import UNet
from nodes.diffusion.unet.transformer import TransformerLayer
from nodes.diffusion.vision.clip import ClipVision
from nodes.diffusion.vision.network import ClipVisionOutput

NEGATIVE = 1  # the list whose rows see no picture
LANDMARK = "ip_adapter.1.to_k_ip.weight"


@dataclass(frozen=True)
class IPAdapter:
    """An IP-Adapter as nodes hold it; its weights come into memory at first use."""

    file: str
    network: Lazy[IPAdapterNetwork]
    config: IPAdapterConfig

    @torch.no_grad()
    def tokens(self, vision: ClipVision, image: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens of images (B, H, W, C), all in a row (1, T, D); and as many of the picture that shows nothing.

        Raises ValueError if the vision transformer is not the one that it was trained with.
        """
        seen = vision.encode(image)
        shown, nothing = self._features(seen), self._nothing(vision)
        if shown.shape[-1] != self.config.features:
            raise ValueError(
                f"{self.file} takes features {self.config.features} wide, but those of {vision.file} are "
                f"{shown.shape[-1]} wide"
            )
        project = self.network.get().image_proj
        found, none = (project(self.network.cast(each)).flatten(0, 1)[None].float() for each in (shown, nothing))
        return found, none.repeat(1, len(image), 1)

    def _features(self, seen: ClipVisionOutput) -> Tensor:
        return seen.image_embeds if self.config.resampler is None else seen.penultimate_hidden_states

    def _nothing(self, vision: ClipVision) -> Tensor:
        """As in training: zeros for the embedding, and for pixels where patches are looked at."""
        if self.config.resampler is not None:
            return vision.blank().penultimate_hidden_states
        return torch.zeros(1, self.config.features)


def load_ip_adapter(loader: Loader, path: Path) -> IPAdapter:
    """Open an IP-Adapter, plain or plus. Raises FileNotFoundError, CorruptCheckpoint, UnknownCheckpoint,
    MissingWeights."""
    file = open_tensors(path)
    if LANDMARK not in file.header.shapes:
        raise UnknownCheckpoint(path, "IP-Adapter", [LANDMARK])
    config = measured(file, "IP-Adapter", "", ip_adapter_config)
    return IPAdapter(path.name, loader._network(file, "IP-Adapter", "", partial(IPAdapterNetwork, config)), config)


def with_pictures(
    model: Model,
    adapter: IPAdapter,
    vision: ClipVision,
    image: Tensor,
    weight: float,
    start_percent: float = 0.0,
    end_percent: float = 1.0,
) -> Model:
    """A model that sees images (B, H, W, C) beside the words, ``weight`` as much as those. Raises as ``tokens``."""
    if weight == 0:
        return model
    shown, nothing = adapter.tokens(vision, image)
    start, end = (model.prediction.percent_to_sigma(each) for each in (start_percent, end_percent))
    seeing = Seeing(adapter, model.unet, shown, nothing, weight, start, end)
    return replace(model, hooks=model.hooks.adding("attn2_mixed", seeing))


@dataclass(frozen=True, eq=False)
class Seeing:
    """What is added to each cross-attention, from sigma ``start`` down to ``end``."""

    adapter: IPAdapter
    unet: Lazy[UNet]
    shown: Tensor
    nothing: Tensor
    weight: float
    start: float
    end: float

    def __call__(self, out: Tensor, q: Tensor, spot: Spot) -> tuple[Tensor, Tensor]:
        if not self.end <= spot.inputs.sigma <= self.start:
            return out, q
        n = self.counts.number(spot)
        seen = self.adapter.network.get().ip_adapter[str(n)]
        rows = [self.nothing if each == NEGATIVE else self.shown for each in spot.inputs.lists]
        return out + self.weight * seen(q, torch.cat(rows).to(q), spot.heads), q

    @cached_property
    def counts(self) -> Counts:
        """Of the U-Net's layers, counted once. Raises ValueError if the adapter was not made for such a U-Net."""
        unet, own = self.unet.get(), self.adapter.config
        found = counts(unet)
        if tuple(width for _, width in own.widths) != found.widths:
            raise ValueError(
                f"{self.adapter.file} is an IP-Adapter for U-Nets with {len(own.widths)} attentions to text "
                f"{own.context_dim} wide, but the model has {len(found.widths)} and is {kind_of(unet.config)}"
            )
        return found


class Counts(NamedTuple):
    """A U-Net's transformer layers: how many there are on the way up and in the middle, and how wide all are, in the
    order of files: the way down, the way up, the middle."""

    up: int
    middle: int
    widths: tuple[int, ...]

    def number(self, spot: Spot) -> int:
        """Which of the adapter's a layer's is: files count attentions of both kinds."""
        at = spot.transformer  # in the order of evaluation, the middle's between the others
        if spot.block == "middle":
            at += self.up
        elif spot.block == "output":
            at -= self.middle
        return 2 * at + 1


def counts(unet: UNet) -> Counts:
    """See ``Counts``."""
    down, up, middle = (
        [module.attn2.to_q.out_features for module in part.modules() if isinstance(module, TransformerLayer)]
        for part in (unet.input_blocks, unet.output_blocks, unet.middle_block)
    )
    return Counts(len(up), len(middle), (*down, *up, *middle))
