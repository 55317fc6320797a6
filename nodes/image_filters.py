"""Nodes that change the values of pictures: blur and sharpening, edges, fewer colours, blends."""

from functools import partial
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from engine.declare import node
from engine.marks import Widget
from nodes.imaging import filters, luma, quantizing
from nodes.imaging.agreeing import channels_as, colours, grey, same_batch, same_size
from nodes.imaging.blending import blend
from nodes.imaging.canny import canny
from nodes.imaging.morphology import morph
from nodes.types import Image, Seed

postprocessing = partial(node, category="image/postprocessing", module="comfy_extras.nodes_post_processing", lane="cpu")
planes = partial(node, category="image/batch", module="comfy_extras.nodes_morphology", lane="cpu")

ONE = Widget(multiselect=False)

Radius = Annotated[int, Field(ge=1, le=31, description="Pixels."), Widget(step=1)]
Threshold = Annotated[float, Field(ge=0.01, le=0.99), Widget(step=0.01)]


class Planes(NamedTuple):
    Y: Image
    U: Image
    V: Image


@node("ImageAddNoise", category="image", module="comfy_extras.nodes_images", lane="cpu")
def add_noise(
    image: Image,
    seed: Seed,
    strength: Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.01)] = 0.5,
) -> Image:
    """Normal noise on top of a picture."""
    return filters.add_noise(image, seed, strength)


@postprocessing("ImageBlend")
def blend_images(
    image1: Image,
    image2: Image,
    blend_factor: Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.01)] = 0.5,
    blend_mode: Annotated[
        Literal["normal", "multiply", "screen", "overlay", "soft_light", "difference"], ONE
    ] = "normal",
) -> Image:
    """Mix the second picture into the first, to whose size it is brought."""
    image2 = channels_as("image2", same_size(image2, image1, "bicubic"), image1)
    image1, image2 = same_batch(image1=image1, image2=image2)
    return blend(image1, image2, blend_factor, blend_mode)


@postprocessing("ImageBlur")
def blur(
    image: Image,
    blur_radius: Radius = 1,
    sigma: Annotated[float, Field(ge=0.1, le=10.0, description="In radii."), Widget(step=0.1)] = 1.0,
) -> Image:
    """Gaussian blur."""
    return filters.blur(image, blur_radius, sigma)


@postprocessing("ImageSharpen")
def sharpen(
    image: Image,
    sharpen_radius: Radius = 1,
    sigma: Annotated[float, Field(ge=0.1, le=10.0, description="In radii."), Widget(step=0.01)] = 1.0,
    alpha: Annotated[float, Field(ge=0.0, le=5.0, description="How strongly."), Widget(step=0.01)] = 1.0,
) -> Image:
    """Make details stand out: ten times ``alpha`` of what a blur would take away is added."""
    return filters.sharpen(image, sharpen_radius, sigma, alpha)


@postprocessing("ImageQuantize")
def quantize(
    image: Image,
    colors: Annotated[int, Field(ge=1, le=256), Widget(step=1)] = 256,
    dither: Annotated[Literal["none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"], ONE] = "none",
) -> Image:
    """At most so many colours in each picture."""
    colours("image", image)
    return quantizing.quantize(image, colors, dither)


@postprocessing("Morphology", title="ImageMorphology", module="comfy_extras.nodes_morphology")
def morphology(
    image: Image,
    operation: Annotated[
        Literal["erode", "dilate", "open", "close", "gradient", "bottom_hat", "top_hat"], ONE
    ] = "erode",
    kernel_size: Annotated[int, Field(ge=3, le=999, description="Pixels a side."), Widget(step=1)] = 3,
) -> Image:
    """Grow or shrink what is light, within a square around each pixel."""
    return morph(image, operation, kernel_size)


@node("Canny", category="image/preprocessors", module="comfy_extras.nodes_canny", lane="cpu")
def edges(image: Image, low_threshold: Threshold = 0.4, high_threshold: Threshold = 0.8) -> Image:
    """White lines on black where colours change. Raises ValueError if the low threshold is above the high one."""
    seen = image if image.shape[-1] == 1 else colours("image", image)
    return grey(canny(seen, low_threshold, high_threshold))


@planes("ImageRGBToYUV")
def to_yuv(image: Image) -> Planes:
    """Brightness and two differences of colour, each as a grey picture; no colour is 0.5."""
    return Planes(*(grey(plane) for plane in luma.to_yuv(colours("image", image))))


@planes("ImageYUVToRGB")
def from_yuv(Y: Image, U: Image, V: Image) -> Image:
    """The picture that ImageRGBToYUV took apart; U and V are brought to the size of Y."""
    parts = same_batch(Y=Y, U=same_size(U, Y, "bilinear"), V=same_size(V, Y, "bilinear"))
    return luma.to_rgb(*(part.mean(dim=-1) for part in parts))
