"""Nodes that load and change pictures."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

import torch
from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.errors import UnsafePath
from engine.folders import Folders
from engine.marks import FileIn, Widget
from engine.problems import Problem
from engine.services import Services
from nodes.diffusion import pictures
from nodes.diffusion.resizing import resize_image
from nodes.limits import too_large
from nodes.types import Image, Mask, Offset, Size, SizeOrKeep

FLOAT_BYTES = 4

Method = Literal["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]
Batch = Annotated[int, Field(ge=1, le=4096)]


class Loaded(NamedTuple):
    image: Image
    mask: Mask


@node("LoadImage", title="Load Image", category="image", lane="cpu")
def load_image(
    ctx: Context, image: Annotated[str, FileIn("input", anywhere=True), Widget(image_upload=True)]
) -> Loaded:
    """Load a picture from the input folder; the mask is its transparency."""
    path = ctx.service(Folders).resolve("input", image)
    try:
        return Loaded(*pictures.load_image(path))
    except pictures.BROKEN as error:
        raise ValueError(f"{image} is not a picture that can be read ({error})") from error


@load_image.check()
def check_picture(inputs: Mapping[str, Any], services: Services) -> list[Problem]:
    """What is no picture at all is refused at once; a damaged one only shows when it is loaded."""
    name = inputs.get("image")
    if not isinstance(name, str):
        return []
    try:
        with pictures.open_picture(services.get(Folders).resolve("input", name)):
            return []
    except (UnsafePath, *pictures.BROKEN) as error:
        extra = {"input_name": "image", "received_value": name, "hint": f"{name} is not a picture: {error}"}
        details = f"image - Invalid image file: {name}"
        return [Problem("custom_validation_failed", "Custom validation failed for node", details, extra)]


@node("EmptyImage", category="image", lane="cpu")
def empty_image(
    width: Size = 512,
    height: Size = 512,
    batch_size: Batch = 1,
    color: Annotated[int, Field(ge=0, le=0xFFFFFF), Widget(step=1, display="color")] = 0,
) -> Image:
    """A picture of one colour, 0xRRGGBB."""
    rgb = torch.tensor([color >> 16, color >> 8 & 0xFF, color & 0xFF]) / 255
    return rgb.expand(batch_size, height, width, 3).clone()


@empty_image.check()
def check_image_size(inputs: Mapping[str, Any], services: Services) -> list[Problem]:
    """The pictures must fit into memory."""
    width, height, batch = (inputs.get(name) or 1 for name in ("width", "height", "batch_size"))
    return too_large("width", width * height * batch * 3 * FLOAT_BYTES, f"{batch} pictures of {width}x{height}")


@node("ImageInvert", title="Invert Image", category="image", lane="cpu")
def invert(image: Image) -> Image:
    """The negative."""
    return 1.0 - image


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
    return resize_image(image, width, height, upscale_method, crop)


@node("ImageScaleBy", title="Upscale Image By", category="image/upscaling", lane="cpu")
def scale_by(
    image: Image,
    upscale_method: Method = "nearest-exact",
    scale_by: Annotated[float, Field(ge=0.01, le=8.0), Widget(step=0.01)] = 1.0,
) -> Image:
    """Resize by a factor."""
    height, width = (max(1, round(side * scale_by)) for side in image.shape[1:3])
    return resize_image(image, width, height, upscale_method)


@node("ImageBatch", title="Batch Images", category="image", lane="cpu")
def batch(image1: Image, image2: Image) -> Image:
    """Both batches in one; the second is resized to the first."""
    if image1.shape[1:3] != image2.shape[1:3]:
        image2 = resize_image(image2, image1.shape[2], image1.shape[1], "bilinear", "center")
    return torch.cat((image1, image2))


@node("RebatchImages", title="Rebatch Images", category="image/batch", module="comfy_extras.nodes_rebatch", lane="cpu")
def rebatch(images: list[Image], batch_size: Annotated[list[Batch], Widget(default=1)]) -> list[Image]:
    """The pictures of a list in batches of another size; the last may be smaller."""
    singles = [picture[None] for batch in images for picture in batch]
    sizes = {f"{single.shape[2]}x{single.shape[1]}" for single in singles}
    if len(sizes) > 1:
        raise ValueError(f"pictures of several sizes ({', '.join(sorted(sizes))}) cannot be in one batch")
    return [torch.cat(singles[i : i + batch_size[0]]) for i in range(0, len(singles), batch_size[0])]


@node("ImageCrop", title="Image Crop", category="image/transform", module="comfy_extras.nodes_images", lane="cpu")
def crop(image: Image, width: Size = 512, height: Size = 512, x: Offset = 0, y: Offset = 0) -> Image:
    """A rectangle of a picture; where the picture ends, so does the rectangle."""
    x, y = min(x, image.shape[2] - 1), min(y, image.shape[1] - 1)
    return image[:, y : y + height, x : x + width]


@node("ImageGrid", title="Image Grid", category="image", module="wireloom", lane="cpu")
def grid(
    images: Image,
    columns: Annotated[int, Field(ge=0, le=64, description="0 makes it as square as can be.")] = 0,
    gap: Annotated[int, Field(ge=0, le=256, description="White pixels between pictures.")] = 4,
) -> Image:
    """All pictures of a batch in one, row by row."""
    count, height, width, channels = images.shape
    columns = min(columns or math.ceil(math.sqrt(count)), count)
    rows = math.ceil(count / columns)
    sheet = torch.ones(1, rows * (height + gap) - gap, columns * (width + gap) - gap, channels)
    for i, image in enumerate(images):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        sheet[0, top : top + height, left : left + width] = image
    return sheet
