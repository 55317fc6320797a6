"""Boxes of a conditioning item, and the GLIGEN that knows what to do with them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from nodes.diffusion.building import measured
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.conditioning import Conditioning
from nodes.diffusion.errors import UnknownCheckpoint
from nodes.diffusion.gligen.network import GligenConfig, GligenNetwork, gligen_config, gligen_names
from nodes.diffusion.lazy import Lazy
from nodes.diffusion.pieces import renamed
from nodes.diffusion.tensors import open_tensors
from nodes.diffusion.unet.hooks import NO_HOOKS, Hooks, Spot

if TYPE_CHECKING:
    from nodes.diffusion.regions import Area

FIELD = "gligen"
MOST = 30  # boxes in training; what is not used is filled with placeholders
LANDMARK = "position_net.linears.0.weight"


@dataclass(frozen=True)
class Gligen:
    """A GLIGEN as nodes hold it; its weights come into memory at first use."""

    file: str
    network: Lazy[GligenNetwork]
    config: GligenConfig


def load_gligen(loader: Loader, path: Path) -> Gligen:
    """Open a GLIGEN for text boxes. Raises FileNotFoundError, CorruptCheckpoint, UnknownCheckpoint, MissingWeights."""
    file = open_tensors(path)
    if LANDMARK not in file.header.shapes:
        raise UnknownCheckpoint(path, "GLIGEN for text boxes", [LANDMARK])
    named = renamed(file, gligen_names(file.header), "GLIGEN")
    config = measured(named, "GLIGEN", "", gligen_config)
    return Gligen(path.name, loader._network(named, "GLIGEN", "", partial(GligenNetwork, config)), config)


class Box(NamedTuple):
    """A phrase (1, T) and where it is to be, in latent cells."""

    phrase: Tensor
    h: float
    w: float
    y: float
    x: float


@dataclass(frozen=True, eq=False)
class Boxes:
    """A conditioning item's field ``gligen``."""

    gligen: Gligen
    boxes: tuple[Box, ...]

    def scaled(self, down: float, across: float) -> Boxes:
        """For latents so many times as high and wide."""
        boxes = (Box(b.phrase, b.h * down, b.w * across, b.y * down, b.x * across) for b in self.boxes)
        return Boxes(self.gligen, tuple(boxes))

    @torch.no_grad()
    def for_item(self, area: Area, tokens: int) -> tuple[Hooks, dict[str, Tensor]]:
        """Hooks for an item that sees ``area``, and the tokens (1, 30, D) that they look for."""
        network = self.gligen.network
        corners = torch.tensor([corners_in(box, area) for box in self.boxes])
        phrases = network.cast(torch.cat([box.phrase for box in self.boxes]))
        told = network.get().position_net(phrases, corners.to(network.device), MOST)
        return NO_HOOKS.adding("between", Fusing(self.gligen)), {FIELD: told[None].float()}


@dataclass(frozen=True)
class Fusing:
    """The hook between looking at one another and at the words."""

    gligen: Gligen

    def __call__(self, x: Tensor, spot: Spot) -> Tensor:
        fuser = self.gligen.network.get().fuser(spot)
        if fuser is None or fuser.linear.out_features != x.shape[-1]:
            raise ValueError(
                f"{self.gligen.file} is a GLIGEN for Stable Diffusion 1.x or alike, and has nothing {x.shape[-1]} wide "
                f"for layer {spot.layer} of {spot.block} block {spot.number} of this model"
            )
        return fuser(x, spot.inputs.extras[FIELD], spot.heads)


def corners_in(box: Box, area: Area) -> tuple[float, float, float, float]:
    """Left, top, right and bottom as parts of an area's sides, cut off at its edges."""
    across = ((box.x - area.x) / area.w, (box.x + box.w - area.x) / area.w)
    down = ((box.y - area.y) / area.h, (box.y + box.h - area.y) / area.h)
    (left, right), (top, bottom) = ([min(max(each, 0.0), 1.0) for each in pair] for pair in (across, down))
    return left, top, right, bottom


def with_box(conditioning: Conditioning, gligen: Gligen, box: Box) -> list[list[Any]]:
    """Items with one more box. Raises ValueError for a phrase of another width, or too many boxes."""
    if box.phrase.shape[-1] != gligen.config.text:
        raise ValueError(
            f"{gligen.file} takes phrases {gligen.config.text} wide, but the text encoder's are {box.phrase.shape[-1]}"
        )

    def boxed(fields: dict[str, Any]) -> Boxes:
        known = fields.get(FIELD)
        made = Boxes(gligen, (*(known.boxes if known else ()), box))
        if len(made.boxes) > MOST:
            raise ValueError(f"{gligen.file} knows what to do with {MOST} boxes, and was given {len(made.boxes)}")
        return made

    return [[context, {**fields, FIELD: boxed(fields)}] for context, fields in conditioning]
