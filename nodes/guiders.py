"""Nodes that say who answers a sampler: which words, how strongly, and how they are made one."""

from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from engine.declare import node
from engine.marks import Widget
from nodes.diffusion import denoiser, rules
from nodes.sampling import Cfg
from nodes.types import Cond, Guider, Model

guider_node = partial(
    node, category="sampling/custom_sampling/guiders", lane="cpu", module="comfy_extras.nodes_custom_sampler"
)


@guider_node("CFGGuider")
def cfg_guider(model: Model, positive: Cond, negative: Cond, cfg: Cfg) -> Guider:
    """Towards the positive words and away from the negative ones, as KSampler does."""
    return denoiser.Guider(model, (positive, negative), rules.Cfg(cfg))


@guider_node("BasicGuider")
def basic_guider(model: Model, conditioning: Cond) -> Guider:
    """The words alone, without guidance: for models that were distilled to need none."""
    return denoiser.Guider(model, (conditioning,), rules.Unguided())


@guider_node("DualCFGGuider")
def dual_cfg_guider(
    model: Model,
    cond1: Cond,
    cond2: Cond,
    negative: Cond,
    cfg_conds: Cfg,
    cfg_cond2_negative: Cfg,
    style: Literal["regular", "nested"],
) -> Guider:
    """Two texts with a scale each: the first against the second, and the second against the negative words."""
    kind = rules.DualCfg if style == "regular" else rules.NestedCfg
    return denoiser.Guider(model, (cond1, negative, cond2), kind(cfg_conds, cfg_cond2_negative))


@node(
    "PerpNegGuider",
    category="_for_testing",
    lane="cpu",
    module="comfy_extras.nodes_perpneg",
    flags={"experimental": True},
)
def perp_neg_guider(
    model: Model,
    positive: Cond,
    negative: Cond,
    empty_conditioning: Cond,
    cfg: Cfg,
    neg_scale: Annotated[float, Field(ge=0.0, le=100.0), Widget(step=0.01)] = 1.0,
) -> Guider:
    """Away from the negative words only where they do not contradict the positive ones."""
    return denoiser.Guider(model, (positive, negative, empty_conditioning), rules.PerpNeg(cfg, neg_scale))
