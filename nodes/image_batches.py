"""Nodes that make batches of pictures and take them apart."""

from functools import partial
from typing import Annotated

import torch
from pydantic import Field

from engine.declare import node
from engine.marks import Widget
from nodes.imaging.agreeing import channels_as, filled, same_size
from nodes.limits import refuse_too_large
from nodes.types import Batch, Image

batches = partial(node, category="image/batch", module="comfy_extras.nodes_images", lane="cpu")


@node("ImageBatch", title="Batch Images", category="image", lane="cpu")
def batch(image1: Image, image2: Image) -> Image:
    """Both batches in one; the second is resized to the first. If one has alpha, the other is opaque."""
    image2 = same_size(image2, image1, "bilinear")
    if image1.shape[-1] < image2.shape[-1]:
        image1 = channels_as("image1", image1, image2)
    return torch.cat((image1, channels_as("image2", image2, image1)))


@batches("RebatchImages", title="Rebatch Images", module="comfy_extras.nodes_rebatch")
def rebatch(images: list[Image], batch_size: Annotated[list[Batch], Widget(default=1)]) -> list[Image]:
    """The pictures of a list in batches of another size; the last may be smaller."""
    singles = [picture[None] for batch in images for picture in batch]
    sizes = {f"{single.shape[2]}x{single.shape[1]}" for single in singles}
    if len(sizes) > 1:
        raise ValueError(f"pictures of several sizes ({', '.join(sorted(sizes))}) cannot be in one batch")
    return [torch.cat(singles[i : i + batch_size[0]]) for i in range(0, len(singles), batch_size[0])]


@batches("RepeatImageBatch")
def repeat(image: Image, amount: Batch = 1) -> Image:
    """The same pictures several times."""
    refuse_too_large(len(image) * amount, *image.shape[1:])
    return image.repeat(amount, 1, 1, 1)


@batches("ImageFromBatch")
def from_batch(image: Image, batch_index: Annotated[int, Field(ge=0, le=4095)] = 0, length: Batch = 1) -> Image:
    """Some pictures out of a batch, as far as there are."""
    start = min(batch_index, len(filled("image", image)) - 1)
    return image[start : start + length].clone()
