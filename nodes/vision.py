"""Nodes that look at pictures, and have others made like them."""

from typing import Annotated, Literal, NamedTuple, TypeAlias

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.folders import Folders
from engine.marks import FileIn, Socket, Widget
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.ip_adapter.handle import IPAdapter as Adapter
from nodes.diffusion.ip_adapter.handle import load_ip_adapter, with_pictures
from nodes.diffusion.vision import clip, network, style
from nodes.diffusion.vision.loading import load_style, load_unclip, load_vision
from nodes.diffusion.vision.unclip import Shown, shown
from nodes.types import Clip, Cond, Image, Model, Percent, Vae

ClipVision: TypeAlias = Annotated[clip.ClipVision, Socket("CLIP_VISION")]
ClipVisionOutput: TypeAlias = Annotated[network.ClipVisionOutput, Socket("CLIP_VISION_OUTPUT")]
StyleModel: TypeAlias = Annotated[style.StyleModel, Socket("STYLE_MODEL")]
IPAdapter: TypeAlias = Annotated[Adapter, Socket("IPADAPTER")]


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


class LoadedUnclip(NamedTuple):
    model: Model
    clip: Clip
    vae: Vae
    clip_vision: ClipVision


@node("unCLIPCheckpointLoader", category="loaders")
def load_unclip_checkpoint(ctx: Context, ckpt_name: Annotated[str, FileIn("checkpoints")]) -> LoadedUnclip:
    """Load a model that is told of pictures, with its text encoder, its VAE, and what looks at pictures for it."""
    loaded = load_unclip(ctx.service(Loader), ctx.service(Folders).resolve("checkpoints", ckpt_name))
    whole = loaded.checkpoint
    return LoadedUnclip(whole.model, whole.clip, whole.vae, loaded.vision)


@node("unCLIPConditioning", category="conditioning")
def unclip_conditioning(
    conditioning: Cond,
    clip_vision_output: ClipVisionOutput,
    strength: Annotated[float, Field(ge=-10.0, le=10.0), Widget(step=0.01)] = 1.0,
    noise_augmentation: Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.01)] = 0.0,
) -> Cond:
    """Tell an unCLIP model what a picture shows, blurred by noise if it need not be the same."""
    return shown(conditioning, Shown(clip_vision_output, strength, noise_augmentation))


@node("IPAdapterLoader", title="Load IP-Adapter", category="loaders", module="wireloom")
def load_ipadapter(ctx: Context, ipadapter_name: Annotated[str, FileIn("ipadapter")]) -> IPAdapter:
    """Load an IP-Adapter, plain or plus; the weights are read when they are first used."""
    return load_ip_adapter(ctx.service(Loader), ctx.service(Folders).resolve("ipadapter", ipadapter_name))


@node("IPAdapterApply", title="Apply IP-Adapter", category="model_patches", module="wireloom")
def apply_ipadapter(
    model: Model,
    ipadapter: IPAdapter,
    clip_vision: ClipVision,
    image: Image,
    weight: Annotated[float, Field(ge=-1.0, le=3.0), Widget(step=0.05)] = 1.0,
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
) -> Model:
    """Have a model see pictures beside the words, all of a batch at once; not where it is guided away from."""
    return with_pictures(model, ipadapter, clip_vision, image, weight, start_percent, end_percent)
