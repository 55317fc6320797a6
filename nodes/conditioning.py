"""Nodes that combine conditionings, and say where and when they hold."""

from typing import Annotated, Literal

from pydantic import Field

from engine.declare import node
from engine.marks import Widget
from nodes.diffusion import conditioning as conds
from nodes.types import MAX_SIDE, Cond, Mask, Percent

CELL = 8  # pixels of a latent cell

Strength = Annotated[float, Field(ge=0.0, le=10.0), Widget(step=0.01)]
Side = Annotated[int, Field(ge=64, le=MAX_SIDE, multiple_of=CELL)]
Place = Annotated[int, Field(ge=0, le=MAX_SIDE, multiple_of=CELL)]
Fraction = Annotated[float, Field(ge=0, le=1.0), Widget(step=0.01)]


@node("ConditioningCombine", title="Conditioning (Combine)", category="conditioning")
def combine(conditioning_1: Cond, conditioning_2: Cond) -> Cond:
    """Guide by both; the model looks at each by itself and the results are averaged."""
    return conds.combine(conditioning_1, conditioning_2)


@node("ConditioningConcat", title="Conditioning (Concat)", category="conditioning")
def concat(conditioning_to: Cond, conditioning_from: Cond) -> Cond:
    """Put the second text's tokens behind the first's, so that the model sees both at once."""
    return conds.concat(conditioning_to, conditioning_from)


@node("ConditioningAverage", category="conditioning")
def average(
    conditioning_to: Cond,
    conditioning_from: Cond,
    conditioning_to_strength: Annotated[float, Field(ge=0.0, le=1.0), Widget(step=0.01)] = 1.0,
) -> Cond:
    """Mix two texts: 1 is the first alone, 0 the second alone."""
    return conds.average(conditioning_to, conditioning_from, conditioning_to_strength)


@node("ConditioningSetArea", title="Conditioning (Set Area)", category="conditioning")
def set_area(
    conditioning: Cond, width: Side = 64, height: Side = 64, x: Place = 0, y: Place = 0, strength: Strength = 1.0
) -> Cond:
    """Let a text hold in a rectangle only."""
    area = (height // CELL, width // CELL, y // CELL, x // CELL)
    return conds.with_fields(conditioning, area=area, strength=strength, set_area_to_bounds=False)


@node("ConditioningSetAreaPercentage", title="Conditioning (Set Area with Percentage)", category="conditioning")
def set_area_percentage(
    conditioning: Cond,
    width: Fraction = 1.0,
    height: Fraction = 1.0,
    x: Fraction = 0,
    y: Fraction = 0,
    strength: Strength = 1.0,
) -> Cond:
    """Let a text hold in a rectangle only, given as fractions of the picture."""
    area = ("percentage", height, width, y, x)
    return conds.with_fields(conditioning, area=area, strength=strength, set_area_to_bounds=False)


@node("ConditioningSetAreaStrength", category="conditioning")
def set_area_strength(conditioning: Cond, strength: Strength = 1.0) -> Cond:
    """How much a text counts beside others, such as in areas that overlap."""
    return conds.with_fields(conditioning, strength=strength)


@node("ConditioningSetMask", title="Conditioning (Set Mask)", category="conditioning")
def set_mask(
    conditioning: Cond,
    mask: Mask,
    strength: Strength = 1.0,
    set_cond_area: Literal["default", "mask bounds"] = "default",
) -> Cond:
    """Let a text hold where a mask is white."""
    return conds.with_mask(conditioning, mask, strength, to_bounds=set_cond_area == "mask bounds")


@node("ConditioningSetTimestepRange", category="advanced/conditioning")
def set_timestep_range(conditioning: Cond, start: Percent = 0.0, end: Percent = 1.0) -> Cond:
    """Let a text hold during a part of the sampling only."""
    return conds.with_fields(conditioning, start_percent=start, end_percent=end)


@node("ConditioningZeroOut", category="advanced/conditioning")
def zero_out(conditioning: Cond) -> Cond:
    """Replace a text by zeros: neither words nor the empty prompt."""
    return conds.zero_out(conditioning)
