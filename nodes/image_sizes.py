"""Nodes that change the size of pictures: resized, cut, turned, on larger canvases, beside one another."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

import torch
from pydantic import Field

from engine.declare import node
from engine.marks import Widget
from engine.problems import Problem
from engine.services import Services
from nodes.diffusion.resizing import resize_image
from nodes.imaging import arranging
from nodes.imaging.agreeing import filled
from nodes.limits import out_of_range, refuse_too_large
from nodes.types import MAX_SIDE, Image, Mask, Offset, Size, SizeOrKeep

MEGAPIXEL = 1024 * 1024
MAX_GAP = 1024  # pixels

Method = Literal["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]
Padding = Annotated[int, Field(ge=0, le=MAX_SIDE), Widget(step=8)]
"""Pixels; editors move it by 8, but it may be anything."""

transform = partial(node, category="image/transform", module="comfy_extras.nodes_images", lane="cpu")


class Padded(NamedTuple):
    image: Image
    mask: Mask


@node("ImageScale", title="Upscale Image", category="image/upscaling", lane="cpu")
def scale(
    image: Image,
    upscale_method: Method = "nearest-exact",
    width: SizeOrKeep = 512,
    height: SizeOrKeep = 512,
    crop: Literal["disabled", "center"] = "disabled",
) -> Image:
    """Resize to a size in pixels; a side of 0 keeps the aspect."""
    if width == 0 and height == 0:
        return image
    own_height, own_width = image.shape[1:3]
    width = width or max(1, round(own_width * height / own_height))
    height = height or max(1, round(own_height * width / own_width))
    return resized(image, width, height, upscale_method, crop)


@node("ImageScaleBy", title="Upscale Image By", category="image/upscaling", lane="cpu")
def scale_by(
    image: Image,
    upscale_method: Method = "nearest-exact",
    scale_by: Annotated[float, Field(ge=0.01, le=8.0), Widget(step=0.01)] = 1.0,
) -> Image:
    """Resize by a factor."""
    return by_factor(image, scale_by, upscale_method)


@node("ImageScaleToTotalPixels", category="image/upscaling", module="comfy_extras.nodes_post_processing", lane="cpu")
def scale_to_total(
    image: Image,
    upscale_method: Annotated[Method, Widget(multiselect=False)] = "nearest-exact",
    megapixels: Annotated[float, Field(ge=0.01, le=16.0), Widget(step=0.01)] = 1.0,
) -> Image:
    """Resize to a number of pixels, in units of 1024 x 1024, and keep the aspect."""
    return by_factor(image, math.sqrt(megapixels * MEGAPIXEL / (image.shape[1] * image.shape[2])), upscale_method)


@node("ImageScaleToMaxDimension", category="image/upscaling", module="comfy_extras.nodes_images", lane="cpu")
def scale_to_longest(
    image: Image,
    upscale_method: Literal["area", "lanczos", "bilinear", "nearest-exact", "bicubic"] = "area",
    largest_size: Offset = 512,
) -> Image:
    """Resize to a length of the longest side, and keep the aspect; 0 changes nothing."""
    if largest_size == 0:
        return image
    height, width = image.shape[1:3]
    longest = max(height, width)
    width, height = (max(1, round(side * largest_size / longest)) for side in (width, height))
    return resized(image, width, height, upscale_method)


def by_factor(image: Image, factor: float, method: str) -> Image:
    """Both sides times a factor, rounded."""
    height, width = (max(1, round(side * factor)) for side in image.shape[1:3])
    return resized(image, width, height, method)


def resized(image: Image, width: int, height: int, method: str, crop: str = "disabled") -> Image:
    """``resize_image``, unless the result needs more than the whole memory: then ValueError."""
    refuse_too_large(len(filled("image", image)), height, width, image.shape[-1])
    return resize_image(image, width, height, method, crop)


@transform("ImageCrop", title="Image Crop")
def crop(image: Image, width: Size = 512, height: Size = 512, x: Offset = 0, y: Offset = 0) -> Image:
    """A rectangle of a picture; where the picture ends, so does the rectangle."""
    x, y = min(x, image.shape[2] - 1), min(y, image.shape[1] - 1)
    return image[:, y : y + height, x : x + width]


@transform("ImageRotate")
def rotate(image: Image, rotation: Literal["none", "90 degrees", "180 degrees", "270 degrees"] = "none") -> Image:
    """Turn clockwise."""
    quarters = 0 if rotation == "none" else int(rotation.removesuffix(" degrees")) // 90
    return torch.rot90(image, quarters, dims=(2, 1))


@transform("ImageFlip")
def flip(
    image: Image, flip_method: Literal["x-axis: vertically", "y-axis: horizontally"] = "x-axis: vertically"
) -> Image:
    """Upside down, or left to right."""
    return image.flip(1 if flip_method.startswith("x") else 2)


@transform("ResizeAndPadImage")
def letterbox(
    image: Image,
    target_width: Size = 512,
    target_height: Size = 512,
    padding_color: Literal["white", "black"] = "white",
    interpolation: Literal["area", "bicubic", "nearest-exact", "bilinear", "lanczos"] = "area",
) -> Image:
    """The whole picture in the middle of a size, as large as fits."""
    refuse_too_large(len(image), target_height, target_width, image.shape[-1])
    return arranging.letterboxed(image, target_width, target_height, interpolation, padding_color)


@transform("ImageStitch", title="Image Stitch")
def stitch(
    image1: Image,
    direction: Annotated[Literal["right", "down", "left", "up"], Widget(default="right")] = "right",
    match_image_size: bool = True,
    spacing_width: Annotated[int, Field(ge=0, le=MAX_GAP), Widget(step=2)] = 0,
    spacing_color: Annotated[Literal["white", "black", "red", "green", "blue"], Widget(default="white")] = "white",
    image2: Image | None = None,
) -> Image:
    """Two pictures beside one another; the second is made as wide or as high as the first, or else centred on black."""
    if image2 is None:
        return image1
    width, height = image2.shape[2], image2.shape[1]
    if match_image_size:
        width, height = arranging.as_wide_as(image2, image1, direction)
    sides = arranging.stitched_size(image1, width, height, direction, spacing_width)
    refuse_too_large(max(len(image1), len(image2)), *sides, max(image1.shape[-1], image2.shape[-1]))
    if (width, height) != (image2.shape[2], image2.shape[1]):
        image2 = resize_image(image2, width, height, "lanczos")
    return arranging.stitched(image1, image2, direction, spacing_width, spacing_color)


@stitch.check("spacing_width")
def check_gap(inputs: Mapping[str, Any], services: Services) -> list[Problem]:
    """Any width up to the largest."""
    return out_of_range(inputs, MAX_GAP, "spacing_width")


@node("ImagePadForOutpaint", title="Pad Image for Outpainting", category="image", lane="cpu")
def pad_for_outpaint(
    image: Image,
    left: Padding = 0,
    top: Padding = 0,
    right: Padding = 0,
    bottom: Padding = 0,
    feathering: Offset = 40,
) -> Padded:
    """A larger grey canvas around a picture, and a mask of what is to be painted, which fades in the picture."""
    count, height, width, channels = image.shape
    refuse_too_large(count, top + height + bottom, left + width + right, channels)
    return Padded(*arranging.outpainted(image, left, top, right, bottom, feathering))


@pad_for_outpaint.check("left", "top", "right", "bottom")
def check_padding(inputs: Mapping[str, Any], services: Services) -> list[Problem]:
    """Any number of pixels up to the largest side."""
    return out_of_range(inputs, MAX_SIDE, "left", "top", "right", "bottom")
