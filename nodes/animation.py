"""Nodes that save pictures as one file that shows them in turn."""

from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.marks import Widget
from engine.node import Output
from nodes.imaging import animation
from nodes.saving import ExtraInfo, Prompt, are_files_as_saved, metadata, put_files
from nodes.types import Image

animated = partial(node, category="image/animation", module="comfy_extras.nodes_images", lane="cpu", is_output=True)

Fps = Annotated[float, Field(ge=0.01, le=1000.0), Widget(step=0.01)]


@animated("SaveAnimatedWEBP")
def save_webp(
    ctx: Context,
    images: Image,
    filename_prefix: str = "ComfyUI",
    fps: Fps = 6.0,
    lossless: bool = True,
    quality: Annotated[int, Field(ge=0, le=100)] = 80,
    method: Literal["default", "fastest", "slowest"] = "default",
    prompt: Prompt = None,
    extra_pnginfo: ExtraInfo = None,
) -> Output:
    """Save a batch as an animated WebP into the output folder, with the workflow that made it inside."""
    texts = metadata(ctx, prompt, extra_pnginfo)
    film = animation.webp(images, texts, fps=fps, lossless=lossless, quality=quality, method=method)
    return shown(ctx, images, filename_prefix, film, ".webp")


@animated("SaveAnimatedPNG")
def save_png(
    ctx: Context,
    images: Image,
    filename_prefix: str = "ComfyUI",
    fps: Fps = 6.0,
    compress_level: Annotated[int, Field(ge=0, le=9)] = 4,
    prompt: Prompt = None,
    extra_pnginfo: ExtraInfo = None,
) -> Output:
    """Save a batch as an animated PNG into the output folder, with the workflow that made it inside."""
    film = animation.png(images, metadata(ctx, prompt, extra_pnginfo), fps=fps, compress_level=compress_level)
    return shown(ctx, images, filename_prefix, film, ".png")


@node(
    "SaveAnimatedGIF",
    title="Save Animated GIF",
    category="image/animation",
    module="wireloom",
    lane="cpu",
    is_output=True,
)
def save_gif(
    ctx: Context,
    images: Annotated[Image, Field(description="The frames, in their order.")],
    filename_prefix: Annotated[str, Field(description="How the file's name begins; may hold folders.")] = "ComfyUI",
    fps: Annotated[float, Field(ge=0.01, le=100.0, description="Frames a second."), Widget(step=0.01)] = 6.0,
    prompt: Prompt = None,
    extra_pnginfo: ExtraInfo = None,
) -> Output:
    """Save a batch as an animated GIF, which runs everywhere, of 256 colours a frame, with its workflow inside."""
    film = animation.gif(images, metadata(ctx, prompt, extra_pnginfo), fps=fps)
    return shown(ctx, images, filename_prefix, film, ".gif")


save_webp.intact(are_files_as_saved)  # such files go and are replaced like single pictures
save_png.intact(are_files_as_saved)
save_gif.intact(are_files_as_saved)


def shown(ctx: Context, images: Image, prefix: str, film: bytes, extension: str) -> Output:
    """Put the one file into the output folder; the user interface is told its name, and that it moves."""
    output = put_files(ctx, images, prefix, "output", [film], extension)
    return Output(ui={**(output.ui or {}), "animated": [True]}, proof=output.proof)
