"""Nodes that turn words into conditioning."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from engine.declare import node
from engine.folders import Folders
from engine.marks import Widget
from engine.services import Services
from nodes.diffusion import conditioning as conds
from nodes.diffusion.text import clip as encoders
from nodes.diffusion.text.encoding import conditioned
from nodes.embeddings import EmbeddingFolder, read_by_texts
from nodes.types import Clip, Cond


def checked(clip: encoders.Clip | None) -> encoders.Clip:
    """The text encoder. Raises ValueError if there is none."""
    if clip is None:
        raise ValueError("there is no text encoder: the checkpoint has none, connect one from another file")
    return clip


@node("CLIPTextEncode", title="CLIP Text Encode (Prompt)", category="conditioning")
def encode_text(
    text: Annotated[str, Widget(multiline=True, dynamicPrompts=True), Field(description="The text to be encoded.")],
    clip: Clip,
) -> Cond:
    """Encode words with CLIP, to guide the diffusion model towards them."""
    return conditioned(checked(clip), lambda encoder: encoder.encode(text))


@encode_text.fingerprint
def embeddings_in_text(inputs: Mapping[str, Any], services: Services) -> list[tuple[str, int, int]] | None:
    """The files of the embeddings that the text names."""
    return EmbeddingFolder(services.get(Folders)).stamps(inputs.get("text")) or None


encode_text.reads(read_by_texts)


@node("CLIPSetLastLayer", title="CLIP Set Last Layer", category="conditioning")
def set_last_layer(clip: Clip, stop_at_clip_layer: Annotated[int, Field(ge=-24, le=-1), Widget(step=1)] = -1) -> Clip:
    """Take the text from an earlier layer of the encoder: -1 is the last, -2 the one before ("clip skip 2")."""
    return checked(clip).with_layer(stop_at_clip_layer)


@node(
    "CLIPTextEncodeControlnet",
    category="_for_testing/conditioning",
    module="comfy_extras.nodes_cond",
    flags={"experimental": True},
)
def encode_text_for_controlnet(
    clip: Clip, conditioning: Cond, text: Annotated[str, Widget(multiline=True, dynamicPrompts=True)]
) -> Cond:
    """Words of their own for control networks, beside those that the diffusion model sees."""
    context, pooled = checked(clip).encode(text)
    return conds.with_control_text(conditioning, context, pooled)


encode_text_for_controlnet.reads(read_by_texts)
