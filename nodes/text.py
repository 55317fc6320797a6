"""Nodes that turn words into conditioning."""

from typing import Annotated

from pydantic import Field

from engine.declare import node
from engine.marks import Widget
from nodes.diffusion.text.encoding import conditioned
from nodes.types import Clip, Cond


@node("CLIPTextEncode", title="CLIP Text Encode (Prompt)", category="conditioning")
def encode_text(
    text: Annotated[str, Widget(multiline=True, dynamicPrompts=True), Field(description="The text to be encoded.")],
    clip: Clip,
) -> Cond:
    """Encode words with CLIP, to guide the diffusion model towards them."""
    if clip is None:
        raise ValueError("there is no text encoder: the checkpoint has none, connect one from another file")
    return conditioned(clip, lambda encoder: encoder.encode(text))


@node("CLIPSetLastLayer", title="CLIP Set Last Layer", category="conditioning")
def set_last_layer(clip: Clip, stop_at_clip_layer: Annotated[int, Field(ge=-24, le=-1), Widget(step=1)] = -1) -> Clip:
    """Take the text from an earlier layer of the encoder: -1 is the last, -2 the one before ("clip skip 2")."""
    if clip is None:
        raise ValueError("there is no text encoder: the checkpoint has none, connect one from another file")
    return clip.with_layer(stop_at_clip_layer)
