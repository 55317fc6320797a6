"""Nodes that add adapters to models, and nodes that scale what attention works with."""

from typing import Annotated, NamedTuple

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.folders import Folders
from engine.marks import FileIn, Widget
from nodes.diffusion import scaling
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lora.file import AdapterFile, open_adapter
from nodes.diffusion.lora.load import with_lora
from nodes.types import Clip, Model

MODULE = "comfy_extras.nodes_attention_multiply"
CATEGORY = "_for_testing/attention_experiments"

LoraName = Annotated[str, FileIn("loras"), Field(description="The adapter's file: LoRA, LoHa, LoKr, DoRA, OFT, GLoRA.")]
Strength = Annotated[
    float,
    Field(ge=-100, le=100, description="How much of the difference is added; it may be negative."),
    Widget(step=0.01),
]
Factor = Annotated[float, Field(ge=0, le=10), Widget(step=0.01)]


class Adapted(NamedTuple):
    model: Model
    clip: Clip


@node("LoraLoader", title="Load LoRA", category="loaders", lane="cpu")
def load_lora(
    ctx: Context,
    model: Annotated[Model, Field(description="The diffusion model that it is added to.")],
    clip: Annotated[Clip, Field(description="The text encoder that it is added to.")],
    lora_name: LoraName,
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
) -> Adapted:
    """Add a LoRA or another adapter to a model and its text encoder; several may follow one another, in any order."""
    if strength_model == strength_clip == 0:
        return Adapted(model, clip)
    changed, words = with_lora(adapter(ctx, lora_name), model, clip, strength_model, strength_clip)
    return Adapted(changed or model, words)


@node("LoraLoaderModelOnly", category="loaders", lane="cpu")
def load_lora_model_only(ctx: Context, model: Model, lora_name: LoraName, strength_model: Strength = 1.0) -> Model:
    """Add a LoRA or another adapter to a model; the text encoder stays as it is."""
    if strength_model == 0:
        return model
    changed, _ = with_lora(adapter(ctx, lora_name), model, None, strength_model, 0)
    return changed or model


@node("UNetSelfAttentionMultiply", category=CATEGORY, lane="cpu", module=MODULE, flags={"experimental": True})
def scale_self_attention(model: Model, q: Factor = 1.0, k: Factor = 1.0, v: Factor = 1.0, out: Factor = 1.0) -> Model:
    """Scale the weights with which pixels look at one another."""
    return scaling.unet_attention(model, "attn1", q, k, v, out)


@node("UNetCrossAttentionMultiply", category=CATEGORY, lane="cpu", module=MODULE, flags={"experimental": True})
def scale_cross_attention(model: Model, q: Factor = 1.0, k: Factor = 1.0, v: Factor = 1.0, out: Factor = 1.0) -> Model:
    """Scale the weights with which pixels look at the words."""
    return scaling.unet_attention(model, "attn2", q, k, v, out)


@node("CLIPAttentionMultiply", category=CATEGORY, lane="cpu", module=MODULE, flags={"experimental": True})
def scale_text_attention(clip: Clip, q: Factor = 1.0, k: Factor = 1.0, v: Factor = 1.0, out: Factor = 1.0) -> Clip:
    """Scale the weights with which words look at one another."""
    return scaling.text_attention(clip, q, k, v, out)


@node("UNetTemporalAttentionMultiply", category=CATEGORY, lane="cpu", module=MODULE, flags={"experimental": True})
def scale_temporal_attention(
    model: Model,
    self_structural: Factor = 1.0,
    self_temporal: Factor = 1.0,
    cross_structural: Factor = 1.0,
    cross_temporal: Factor = 1.0,
) -> Model:
    """Scale what attention gives, within a frame and between frames; a model of single pictures has only the former."""
    return scaling.temporal_attention(model, self_structural, self_temporal, cross_structural, cross_temporal)


def adapter(ctx: Context, name: str) -> AdapterFile:
    """A file of the folder ``loras``."""
    return open_adapter(ctx.service(Loader), ctx.service(Folders).resolve("loras", name))
