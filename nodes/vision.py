"""Nodes that look at pictures, and have others made like them."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.folders import Folders
from engine.marks import FileIn, Socket, Widget
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.vision import clip, style
from nodes.diffusion.vision.loading import load_style, load_vision
from nodes.types import Cond, Image

ClipVision: TypeAlias = Annotated[clip.ClipVision, Socket("CLIP_VISION")]
ClipVisionOutput: TypeAlias = Annotated[clip.ClipVisionOutput, Socket("CLIP_VISION_OUTPUT")]
StyleModel: TypeAlias = Annotated[style.StyleModel, Socket("STYLE_MODEL")]


@node("CLIPVisionLoader", title="Load CLIP Vision", category="loaders")
def load_clip_vision(ctx: Context, clip_name: Annotated[str, FileIn("clip_vision")]) -> ClipVision:
    """Load what looks at pictures; the weights are read when they are first used."""
    return load_vision(ctx.service(Loader), ctx.service(Folders).resolve("clip_vision", clip_name))


@node("CLIPVisionEncode", title="CLIP Vision Encode", category="conditioning")
def encode_image(clip_vision: ClipVision, image: Image, crop: Literal["center", "none"]) -> ClipVisionOutput:
    """Look at pictures: the middle square of each, or all of it squeezed into one."""
    return clip_vision.encode(image, crop=crop == "center")


@node("StyleModelLoader", title="Load Style Model", category="loaders")
def load_style_model(ctx: Context, style_model_name: Annotated[str, FileIn("style_models")]) -> StyleModel:
    """Load a T2I style adapter; the weights are read when they are first used."""
    return load_style(ctx.service(Loader), ctx.service(Folders).resolve("style_models", style_model_name))


@node("StyleModelApply", title="Apply Style Model", category="conditioning/style_model")
def apply_style_model(
    conditioning: Cond,
    style_model: StyleModel,
    clip_vision_output: ClipVisionOutput,
    strength: Annotated[float, Field(ge=0.0, le=10.0), Widget(step=0.001)] = 1.0,
    strength_type: Literal["multiply", "attn_bias"] = "multiply",
) -> Cond:
    """Put a picture's style behind the words."""
    tokens = style_model.tokens(clip_vision_output)
    return style.styled(conditioning, tokens, strength, bias=strength_type == "attn_bias")
