"""Nodes that encode words for Stable Diffusion XL, with the sizes that it is told."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from engine.declare import node
from engine.folders import Folders
from engine.marks import Widget
from engine.services import Services
from nodes.diffusion.text.encoding import conditioned
from nodes.embeddings import EmbeddingFolder, read_by_texts
from nodes.text import checked
from nodes.types import MAX_SIDE, Clip, Cond

Pixels = Annotated[int, Field(ge=0, le=MAX_SIDE)]
Text = Annotated[str, Widget(multiline=True, dynamicPrompts=True)]

sdxl_node = partial(node, category="advanced/conditioning", module="comfy_extras.nodes_clip_sdxl")


@sdxl_node("CLIPTextEncodeSDXL")
def encode_text_sdxl(
    clip: Clip,
    width: Pixels = 1024,
    height: Pixels = 1024,
    crop_w: Pixels = 0,
    crop_h: Pixels = 0,
    target_width: Pixels = 1024,
    target_height: Pixels = 1024,
    *,
    text_g: Text,
    text_l: Text,
) -> Cond:
    """Encode words for each of SDXL's text encoders, and say how large a picture they tell of and what is cut off."""
    told = {
        "width": width,
        "height": height,
        "crop_w": crop_w,
        "crop_h": crop_h,
        "target_width": target_width,
        "target_height": target_height,
    }
    return conditioned(checked(clip), lambda encoder: encoder.encode({"g": text_g, "l": text_l}), **told)


@sdxl_node("CLIPTextEncodeSDXLRefiner")
def encode_text_refiner(
    ascore: Annotated[float, Field(ge=0.0, le=1000.0), Widget(step=0.01)] = 6.0,
    width: Pixels = 1024,
    height: Pixels = 1024,
    *,
    text: Text,
    clip: Clip,
) -> Cond:
    """Encode words for SDXL's refiner, and say how beautiful (0 to 10) and how large a picture they tell of."""
    told = {"aesthetic_score": ascore, "width": width, "height": height}
    return conditioned(checked(clip), lambda encoder: encoder.encode(text), **told)


@encode_text_sdxl.fingerprint
@encode_text_refiner.fingerprint
def embeddings_in_texts(inputs: Mapping[str, Any], services: Services) -> list[list[tuple[str, int, int]]]:
    """The files of the embeddings that the texts name."""
    folder = EmbeddingFolder(services.get(Folders))
    return [folder.stamps(value) for name, value in sorted(inputs.items()) if name.startswith("text")]


encode_text_sdxl.reads(read_by_texts)
encode_text_refiner.reads(read_by_texts)
