"""Nodes that make and change latents."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

import torch
from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.marks import Widget
from engine.problems import Problem
from engine.services import Services
from nodes.diffusion import latent_shapes, latents
from nodes.diffusion.vae import handle, thrift
from nodes.limits import too_large
from nodes.memory import ladder
from nodes.types import MAX_SIDE, Image, Latent, Mask, Vae

CELL = 8  # pixels a side of a latent cell
CHANNELS = 4
FLOAT_BYTES = 4

Method = Literal["nearest-exact", "bilinear", "area", "bicubic", "bislerp"]
Side = Annotated[int, Field(ge=16, le=MAX_SIDE, multiple_of=CELL)]
Overlap = Annotated[int, Field(ge=0, le=4096, description="Over which tiles are blended."), Widget(step=32)]
Frames = Annotated[int, Field(ge=8, le=4096), Widget(step=4)]
FramesOver = Annotated[int, Field(ge=4, le=4096), Widget(step=4)]
SideOrKeep = Annotated[int, Field(ge=0, le=MAX_SIDE, multiple_of=CELL)]
CropSide = Annotated[int, Field(ge=64, le=MAX_SIDE, multiple_of=CELL)]
Place = Annotated[int, Field(ge=0, le=MAX_SIDE, multiple_of=CELL), Widget(default=0)]
QUARTERS = {"none": 0, "90 degrees": 1, "180 degrees": 2, "270 degrees": 3}

transform = partial(node, category="latent/transform", lane="cpu")


@node("EmptyLatentImage", title="Empty Latent Image", category="latent", lane="cpu")
def empty_latent(width: Side = 512, height: Side = 512, batch_size: Annotated[int, Field(ge=1, le=4096)] = 1) -> Latent:
    """A latent of zeros: an empty canvas for the sampler, sizes in pixels."""
    return {"samples": torch.zeros(batch_size, CHANNELS, height // CELL, width // CELL)}


@empty_latent.check()
def check_latent_size(inputs: Mapping[str, Any], services: Services) -> list[Problem]:
    """The decoded pictures must fit into memory."""
    sides = [inputs.get(name) or 1 for name in ("width", "height", "batch_size")]
    pixels = sides[0] * sides[1] * sides[2]
    return too_large("width", pixels * 3 * FLOAT_BYTES, f"{sides[2]} pictures of {sides[0]}x{sides[1]}")


@node("LatentUpscale", title="Upscale Latent", category="latent", lane="cpu")
def upscale(
    samples: Latent,
    upscale_method: Method = "nearest-exact",
    width: SideOrKeep = 512,
    height: SideOrKeep = 512,
    crop: Literal["disabled", "center"] = "disabled",
) -> Latent:
    """Resize a latent to a size in pixels; a side of 0 keeps the aspect."""
    return latents.upscale(samples, width, height, upscale_method, crop)


@node("LatentUpscaleBy", title="Upscale Latent By", category="latent", lane="cpu")
def upscale_by(
    samples: Latent,
    upscale_method: Method = "nearest-exact",
    scale_by: Annotated[float, Field(ge=0.01, le=8.0), Widget(step=0.01)] = 1.5,
) -> Latent:
    """Resize a latent by a factor."""
    return latents.upscale_by(samples, scale_by, upscale_method)


@node("LatentComposite", title="Latent Composite", category="latent", lane="cpu")
def composite(samples_to: Latent, samples_from: Latent, x: Place = 0, y: Place = 0, feather: Place = 0) -> Latent:
    """Put one latent onto another, faded in at the edges that lie inside; sizes in pixels."""
    return latents.composite(samples_to, samples_from, x, y, feather)


@node("LatentCompositeMasked", category="latent", module="comfy_extras.nodes_mask", lane="cpu")
def composite_masked(
    destination: Latent,
    source: Latent,
    x: Place = 0,
    y: Place = 0,
    resize_source: Annotated[bool, Widget(default=False)] = False,
    mask: Mask | None = None,
) -> Latent:
    """Put one latent onto another where a mask says, which is stretched over the source; sizes in pixels."""
    return latents.composite_masked(destination, source, x, y, mask, resize_source=resize_source)


@transform("LatentRotate", title="Rotate Latent")
def rotate(samples: Latent, rotation: Literal["none", "90 degrees", "180 degrees", "270 degrees"]) -> Latent:
    """Turn a latent clockwise. Networks know the world upright only, so what is decoded may look odd."""
    return latent_shapes.rotate(samples, QUARTERS[rotation])


@transform("LatentFlip", title="Flip Latent")
def flip(samples: Latent, flip_method: Literal["x-axis: vertically", "y-axis: horizontally"]) -> Latent:
    """Mirror a latent: upside down, or left to right."""
    return latent_shapes.flip(samples, "y" if flip_method.startswith("x-axis") else "x")


@transform("LatentCrop", title="Crop Latent")
def crop(samples: Latent, width: CropSide = 512, height: CropSide = 512, x: Place = 0, y: Place = 0) -> Latent:
    """A rectangle of a latent, in pixels; where the latent ends, so does the rectangle."""
    return latents.crop(samples, width, height, x, y)


@node("SetLatentNoiseMask", title="Set Latent Noise Mask", category="latent/inpaint", lane="cpu")
def set_noise_mask(samples: Latent, mask: Mask) -> Latent:
    """Let the sampler change only what the mask selects."""
    return latents.with_noise_mask(samples, mask)


@node("VAEDecode", title="VAE Decode", category="latent")
def decode(ctx: Context, samples: Latent, vae: Vae) -> Image:
    """Turn a latent into the picture it stands for; in tiles if memory does not suffice for the whole."""
    vae, latent = there(vae), samples["samples"]
    return ladder(ctx, vae.network).descend(thrift.decoding(vae, latent, ctx.progress))


@node("VAEEncode", title="VAE Encode", category="latent")
def encode(ctx: Context, pixels: Image, vae: Vae) -> Latent:
    """Turn a picture into a latent; sides are cut to multiples of 8. In tiles if memory does not suffice."""
    vae = there(vae)
    return {"samples": ladder(ctx, vae.network).descend(thrift.encoding(vae, pixels, ctx.progress))}


@node("VAEDecodeTiled", title="VAE Decode (Tiled)", category="_for_testing")
def decode_tiled(
    ctx: Context,
    samples: Latent,
    vae: Vae,
    tile_size: Annotated[int, Field(ge=64, le=4096), Widget(step=32)] = 512,
    overlap: Overlap = 64,
    temporal_size: Frames = 64,
    temporal_overlap: FramesOver = 8,
) -> Image:
    """Turn a latent into a picture tile by tile, in pixels: slower, with less memory. Frames are for videos alone."""
    return there(vae).decode_tiled(samples["samples"], tile_size, overlap, ctx.progress)


@node("VAEEncodeTiled", title="VAE Encode (Tiled)", category="_for_testing")
def encode_tiled(
    ctx: Context,
    pixels: Image,
    vae: Vae,
    tile_size: Annotated[int, Field(ge=64, le=4096), Widget(step=64)] = 512,
    overlap: Overlap = 64,
    temporal_size: Frames = 64,
    temporal_overlap: FramesOver = 8,
) -> Latent:
    """Turn a picture into a latent tile by tile, in pixels: slower, with less memory. Frames are for videos alone."""
    return {"samples": there(vae).encode_tiled(pixels, tile_size, overlap, ctx.progress)}


def there(vae: Vae) -> handle.Vae:
    """The VAE. Raises ValueError if the checkpoint had none."""
    if vae is None:
        raise ValueError("there is no VAE: the checkpoint has none, connect one from another file")
    return vae
