"""Nodes that mix models."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from engine.declare import NodeFunction, node
from engine.marks import Widget
from nodes.diffusion.merging import ADDED, blended, mix_clips, mix_models, subtracted
from nodes.types import Clip, Model

MODULE = "comfy_extras.nodes_model_merging"
CATEGORY = "advanced/model_merging"

Ratio = Annotated[
    float, Field(ge=0, le=1, description="How much of the first; the rest is of the second."), Widget(step=0.01)
]
Multiplier = Annotated[
    float, Field(ge=-10, le=10, description="What the difference is multiplied by."), Widget(step=0.01)
]


@node("ModelMergeSimple", category=CATEGORY, lane="cpu", module=MODULE)
def merge_models(model1: Model, model2: Model, ratio: Ratio = 1.0) -> Model:
    """Mix two models of one architecture."""
    return mix_models(model1, model2, {"": blended(ratio)})


@node("ModelMergeBlocks", category=CATEGORY, lane="cpu", module=MODULE)
def merge_blocks(model1: Model, model2: Model, input: Ratio = 1.0, middle: Ratio = 1.0, out: Ratio = 1.0) -> Model:
    """Mix two models, with a ratio each for the way down, the middle and the way up."""
    ratios = {"": input, "input_blocks.": input, "middle_block.": middle, "output_blocks.": out, "out.": out}
    return mix_models(model1, model2, {prefix: blended(ratio) for prefix, ratio in ratios.items()})


@node("ModelMergeSubtract", category=CATEGORY, lane="cpu", module=MODULE)
def subtract_models(model1: Model, model2: Model, multiplier: Multiplier = 1.0) -> Model:
    """The difference of two models: what a third can be given by adding it, or a LoRA be made of."""
    return mix_models(model1, model2, {"": subtracted(multiplier)})


@node("ModelMergeAdd", category=CATEGORY, lane="cpu", module=MODULE)
def add_models(model1: Model, model2: Model) -> Model:
    """The sum of two models; one of them is usually a difference."""
    return mix_models(model1, model2, {"": ADDED})


@node("CLIPMergeSimple", category=CATEGORY, lane="cpu", module=MODULE)
def merge_clips(clip1: Clip, clip2: Clip, ratio: Ratio = 1.0) -> Clip:
    """Mix two text encoders."""
    return mix_clips(clip1, clip2, blended(ratio))


@node("CLIPMergeSubtract", category=CATEGORY, lane="cpu", module=MODULE)
def subtract_clips(clip1: Clip, clip2: Clip, multiplier: Multiplier = 1.0) -> Clip:
    """The difference of two text encoders."""
    return mix_clips(clip1, clip2, subtracted(multiplier))


@node("CLIPMergeAdd", category=CATEGORY, lane="cpu", module=MODULE)
def add_clips(clip1: Clip, clip2: Clip) -> Clip:
    """The sum of two text encoders."""
    return mix_clips(clip1, clip2, ADDED)


def merge_by_prefix(family: str, prefixes: Sequence[str]) -> NodeFunction[..., Model]:
    """A node with a ratio for each prefix of weights' names; the first one's is for what none fits."""

    @node(
        f"ModelMerge{family}",
        category=f"{CATEGORY}/model_specific",
        lane="cpu",
        module="comfy_extras.nodes_model_merging_model_specific",
    )
    def merge(model1: Model, model2: Model, **ratios: Ratio) -> Model:
        """Mix two models, with a ratio for each of their blocks."""
        given = {prefix: blended(ratios.get(prefix, 1.0)) for prefix in prefixes}
        return mix_models(model1, model2, {"": given[prefixes[0]], **given})

    slider = merge.definition.extra
    assert slider is not None
    sliders = (replace(slider, name=prefix, required=True, default=1.0) for prefix in prefixes)
    merge.definition = replace(merge.definition, inputs=(*merge.definition.inputs, *sliders), extra=None)
    return merge


def prefixes_of(down: int, up: int, end: str) -> tuple[str, ...]:
    """The parts of a U-Net with so many blocks, in order; ``end`` closes the numbers of blocks."""
    return (
        *("time_embed.", "label_emb."),
        *(f"input_blocks.{n}{end}" for n in range(down)),
        *(f"middle_block.{n}{end}" for n in range(3)),
        *(f"output_blocks.{n}{end}" for n in range(up)),
        "out.",
    )


merge_sd1 = merge_by_prefix("SD1", prefixes_of(12, 12, "."))
merge_sd2 = merge_by_prefix("SD2", prefixes_of(12, 12, "."))
merge_sdxl = merge_by_prefix("SDXL", prefixes_of(9, 9, ""))
