"""Nodes that lay pictures over one another, and join and split colours and alpha."""

from functools import partial
from typing import Annotated, Literal, NamedTuple

import torch

from engine.declare import node
from engine.marks import Widget
from nodes.diffusion import masks
from nodes.imaging import porter_duff
from nodes.imaging.agreeing import (
    channels_as,
    colours,
    filled,
    mask_of_size,
    same_batch,
    same_size,
    with_alpha,
)
from nodes.types import Image, Mask, Offset

compositing = partial(node, category="mask/compositing", module="comfy_extras.nodes_compositing", lane="cpu")

Mode = Literal[
    "ADD",
    "CLEAR",
    "DARKEN",
    "DST",
    "DST_ATOP",
    "DST_IN",
    "DST_OUT",
    "DST_OVER",
    "LIGHTEN",
    "MULTIPLY",
    "OVERLAY",
    "SCREEN",
    "SRC",
    "SRC_ATOP",
    "SRC_IN",
    "SRC_OUT",
    "SRC_OVER",
    "XOR",
]


class Parts(NamedTuple):
    image: Image
    mask: Mask


@node("ImageCompositeMasked", category="image", module="comfy_extras.nodes_mask", lane="cpu")
def composite(
    destination: Image,
    source: Image,
    x: Offset = 0,
    y: Offset = 0,
    resize_source: bool = False,
    mask: Mask | None = None,
) -> Image:
    """Lay a picture over another at a place, where the mask selects it, or all of it."""
    if resize_source:
        source = same_size(source, destination, "bilinear", "disabled")
    source = channels_as("source", filled("source", source), destination)
    pasted = masks.paste(destination.movedim(-1, 1), source.movedim(-1, 1), x, y, mask)
    return pasted.movedim(1, -1)


@compositing("PorterDuffImageComposite", title="Porter-Duff Image Composite")
def porter_duff_composite(
    source: Image,
    source_alpha: Mask,
    destination: Image,
    destination_alpha: Mask,
    mode: Annotated[Mode, Widget(multiselect=False)] = "DST",
) -> Parts:
    """Two pictures in one, by what their masks leave of each: 1 is transparent. All are brought to one size."""
    source = same_size(colours("source", source), destination, "bicubic")
    source, source_mask, destination, destination_mask = same_batch(
        source=source,
        source_alpha=mask_of_size(source_alpha, destination, "bicubic", "center"),
        destination=colours("destination", destination),
        destination_alpha=mask_of_size(destination_alpha, destination, "bicubic", "center"),
    )
    image, alpha = porter_duff.composite(source, 1 - source_mask, destination, 1 - destination_mask, mode)
    return Parts(image, 1 - alpha)


@compositing("SplitImageWithAlpha", title="Split Image with Alpha")
def split(image: Image) -> Parts:
    """The colours of a picture, and a mask of what is transparent in it; without alpha nothing is."""
    opaque = torch.ones_like(image[..., 0])
    alpha = image[..., 3] if image.shape[-1] > 3 else opaque
    return Parts(colours("image", image).clone(), 1 - alpha)


@compositing("JoinImageWithAlpha", title="Join Image with Alpha")
def join(image: Image, alpha: Mask) -> Image:
    """A picture with alpha: transparent where the mask selects."""
    image, mask = same_batch(image=colours("image", image), alpha=mask_of_size(alpha, image, "bilinear"))
    return with_alpha(image, 1 - mask)
