"""Nodes that make and change masks."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

import torch
from pydantic import Field

from engine.declare import node
from engine.marks import Widget
from engine.problems import Problem
from engine.services import Services
from nodes.diffusion import masks
from nodes.imaging.agreeing import colours, grey, masks_of
from nodes.limits import FLOAT_BYTES, too_large
from nodes.types import MAX_SIDE, Image, Mask, Offset, Size

mask_node = partial(node, category="mask", module="comfy_extras.nodes_mask", lane="cpu")

CHANNELS = ("red", "green", "blue", "alpha")


@mask_node("SolidMask")
def solid(
    value: Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.01)] = 1.0, width: Size = 512, height: Size = 512
) -> Mask:
    """The same value everywhere."""
    return torch.full((1, height, width), value)


@solid.check()
def check_size(inputs: Mapping[str, Any], services: Services) -> list[Problem]:
    """The mask must fit into memory."""
    width, height = (inputs.get(name) or 1 for name in ("width", "height"))
    return too_large("width", width * height * FLOAT_BYTES, f"masks of {width}x{height}")


@mask_node("InvertMask")
def invert(mask: Mask) -> Mask:
    """What was selected is not, and the other way round."""
    return 1.0 - mask


@mask_node("CropMask")
def crop(mask: Mask, x: Offset = 0, y: Offset = 0, width: Size = 512, height: Size = 512) -> Mask:
    """A rectangle of a mask; where the mask ends, so does the rectangle. Raises ValueError if it lies outside."""
    whole = masks_of(mask)
    if x >= whole.shape[2] or y >= whole.shape[1]:
        raise ValueError(f"x {x}, y {y} is outside of the mask, which is {whole.shape[2]}x{whole.shape[1]} pixels")
    return whole[:, y : y + height, x : x + width]


@mask_node("MaskComposite")
def composite(
    destination: Mask,
    source: Mask,
    x: Offset = 0,
    y: Offset = 0,
    operation: Literal["multiply", "add", "subtract", "and", "or", "xor"] = "multiply",
) -> Mask:
    """Work one mask into another at a place."""
    return masks.composite(destination, source, x, y, operation)


@mask_node("GrowMask")
def grow(
    mask: Mask,
    expand: Annotated[int, Field(ge=-MAX_SIDE, le=MAX_SIDE), Widget(step=1)] = 0,
    tapered_corners: bool = True,
) -> Mask:
    """Grow a selection by pixels, or shrink it."""
    return masks.grow(mask, expand, tapered=tapered_corners)


@mask_node("FeatherMask")
def feather(mask: Mask, left: Offset = 0, top: Offset = 0, right: Offset = 0, bottom: Offset = 0) -> Mask:
    """Fade a selection out towards its sides."""
    return masks.feather(mask, left, top, right, bottom)


@mask_node("ThresholdMask")
def threshold(mask: Mask, value: Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.01)] = 0.5) -> Mask:
    """Select all of what is above a value, and nothing else."""
    return (mask > value).float()


@mask_node("MaskToImage", title="Convert Mask to Image")
def to_image(mask: Mask) -> Image:
    """A mask as a grey picture."""
    return grey(mask)


@mask_node("ImageToMask", title="Convert Image to Mask")
def from_image(image: Image, channel: Literal["red", "green", "blue", "alpha"] = "red") -> Mask:
    """One channel of a picture as a mask. Raises ValueError if the picture has no such channel."""
    index = CHANNELS.index(channel)
    if index >= image.shape[-1]:
        raise ValueError(f"the image has {image.shape[-1]} channels, and so no {channel}")
    return image[..., index].clone()


@mask_node("ImageColorToMask")
def from_color(
    image: Image,
    color: Annotated[int, Field(ge=0, le=0xFFFFFF), Widget(step=1, display="color")] = 0,
) -> Mask:
    """Select the pixels of one colour, 0xRRGGBB, exactly, after rounding to 8 bits."""
    rgb = torch.tensor([color >> 16, color >> 8 & 0xFF, color & 0xFF], device=image.device)
    values = (colours("image", image).clamp(0, 1) * 255).round().long()
    return (values == rgb).all(dim=-1).float()
