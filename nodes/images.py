"""Nodes that load and make pictures, and tell of them."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

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
from nodes.imaging.agreeing import filled
from nodes.limits import FLOAT_BYTES, too_large
from nodes.types import Batch, Image, Mask, Size

T = TypeVar("T")


class Loaded(NamedTuple):
    image: Image
    mask: Mask


class ImageSize(NamedTuple):
    width: int
    height: int
    batch_size: int


@node("LoadImage", title="Load Image", category="image", lane="cpu")
def load_image(
    ctx: Context, image: Annotated[str, FileIn("input", anywhere=True), Widget(image_upload=True)]
) -> Loaded:
    """Load a picture from the input folder; the mask is its transparency."""
    return Loaded(*read(ctx, image, pictures.load_image))


@node(
    "LoadImageOutput",
    title="Load Image (from Outputs)",
    category="image",
    lane="cpu",
    flags={"experimental": True},
)
def load_image_output(
    ctx: Context,
    image: Annotated[
        str,
        FileIn("input", anywhere=True, listed="output"),
        Widget(
            image_upload=True,
            image_folder="output",
            remote={
                "route": "/internal/files/output",
                "refresh_button": True,
                "control_after_refresh": "first",
            },
        ),
    ],
) -> Loaded:
    """Load a picture from the output folder; the mask is its transparency."""
    return Loaded(*read(ctx, image, pictures.load_image))


@node("LoadImageMask", title="Load Image (as Mask)", category="mask", lane="cpu")
def load_mask(
    ctx: Context,
    image: Annotated[str, FileIn("input", anywhere=True), Widget(image_upload=True)],
    channel: Literal["alpha", "red", "green", "blue"] = "alpha",
) -> Mask:
    """Load one channel of a picture from the input folder as a mask; of alpha, what is transparent is selected."""
    return read(ctx, image, lambda path: pictures.load_channel(path, channel[0].upper()))


def read(ctx: Context, name: str, load: Callable[[Path], T]) -> T:
    """What ``load`` makes of a file. Raises ValueError, which names it, if it is no picture."""
    try:
        return load(ctx.service(Folders).resolve("input", name))
    except pictures.BROKEN as error:
        raise ValueError(f"{name} is not a picture that can be read ({error})") from error


@load_image.check()
@load_image_output.check()
@load_mask.check()
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


@node("GetImageSize", title="Get Image Size", category="image", module="comfy_extras.nodes_images", lane="cpu")
def get_size(ctx: Context, image: Image) -> ImageSize:
    """Width and height of a picture, and how many the batch holds; the node shows them."""
    count, height, width = image.shape[:3]
    ctx.say(f"width {width}, height {height}, batch size {count}")
    return ImageSize(width, height, count)


@node("ImageGrid", title="Image Grid", category="image", module="wireloom", lane="cpu")
def grid(
    images: Image,
    columns: Annotated[int, Field(ge=0, le=64, description="0 makes it as square as can be.")] = 0,
    gap: Annotated[int, Field(ge=0, le=256, description="White pixels between pictures.")] = 4,
) -> Image:
    """All pictures of a batch in one, row by row."""
    count, height, width, channels = filled("images", images).shape
    columns = min(columns or math.ceil(math.sqrt(count)), count)
    rows = math.ceil(count / columns)
    sheet = torch.ones(1, rows * (height + gap) - gap, columns * (width + gap) - gap, channels)
    for i, image in enumerate(images):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        sheet[0, top : top + height, left : left + width] = image
    return sheet
