"""Nodes that set several properties of conditionings at once, of one or of a positive and a negative together."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

from engine.declare import node
from nodes.conditioning import Strength
from nodes.diffusion import conditioning as conds
from nodes.types import Cond, Hooks, Mask, Percent, TimestepsRange

Bounds = Literal["default", "mask bounds"]


class Pair(NamedTuple):
    """What to go towards, and away from."""

    positive: Cond
    negative: Cond


class Ranges(NamedTuple):
    """A part of the sampling, what comes before it, and what after."""

    timesteps_range: TimestepsRange
    BEFORE_RANGE: TimestepsRange
    AFTER_RANGE: TimestepsRange


hooks_node = partial(node, module="comfy_extras.nodes_hooks", lane="cpu", flags={"experimental": True})
single = partial(hooks_node, category="advanced/hooks/cond single")
paired = partial(hooks_node, category="advanced/hooks/cond pair")


@single("ConditioningSetProperties", title="Cond Set Props")
def set_properties(
    cond_NEW: Cond,
    strength: Strength = 1.0,
    set_cond_area: Bounds = "default",
    mask: Mask | None = None,
    hooks: Hooks | None = None,
    timesteps: TimestepsRange | None = None,
) -> Cond:
    """Say where, when, how strongly and with which hooks a text holds."""
    return properties(strength, set_cond_area, mask, hooks, timesteps)(cond_NEW)


@single("ConditioningSetPropertiesAndCombine", title="Cond Set Props Combine")
def set_properties_and_combine(
    cond: Cond,
    cond_NEW: Cond,
    strength: Strength = 1.0,
    set_cond_area: Bounds = "default",
    mask: Mask | None = None,
    hooks: Hooks | None = None,
    timesteps: TimestepsRange | None = None,
) -> Cond:
    """The same, beside another text."""
    return conds.combine(cond, properties(strength, set_cond_area, mask, hooks, timesteps)(cond_NEW))


@paired("PairConditioningSetProperties", title="Cond Pair Set Props")
def set_pair_properties(
    positive_NEW: Cond,
    negative_NEW: Cond,
    strength: Strength = 1.0,
    set_cond_area: Bounds = "default",
    mask: Mask | None = None,
    hooks: Hooks | None = None,
    timesteps: TimestepsRange | None = None,
) -> Pair:
    """Say where, when, how strongly and with which hooks two texts hold."""
    change = properties(strength, set_cond_area, mask, hooks, timesteps)
    return Pair(change(positive_NEW), change(negative_NEW))


@paired("PairConditioningSetPropertiesAndCombine", title="Cond Pair Set Props Combine")
def set_pair_properties_and_combine(
    positive: Cond,
    negative: Cond,
    positive_NEW: Cond,
    negative_NEW: Cond,
    strength: Strength = 1.0,
    set_cond_area: Bounds = "default",
    mask: Mask | None = None,
    hooks: Hooks | None = None,
    timesteps: TimestepsRange | None = None,
) -> Pair:
    """The same, beside two others."""
    change = properties(strength, set_cond_area, mask, hooks, timesteps)
    return Pair(conds.combine(positive, change(positive_NEW)), conds.combine(negative, change(negative_NEW)))


@single("ConditioningSetDefaultCombine", title="Cond Set Default Combine")
def set_default(cond: Cond, cond_DEFAULT: Cond, hooks: Hooks | None = None) -> Cond:
    """A text for wherever the others say nothing."""
    return conds.with_default(cond, cond_DEFAULT, hooks)


@paired("PairConditioningSetDefaultCombine", title="Cond Pair Set Default Combine")
def set_pair_default(
    positive: Cond,
    negative: Cond,
    positive_DEFAULT: Cond,
    negative_DEFAULT: Cond,
    hooks: Hooks | None = None,
) -> Pair:
    """Two texts for wherever the others say nothing."""
    return Pair(
        conds.with_default(positive, positive_DEFAULT, hooks), conds.with_default(negative, negative_DEFAULT, hooks)
    )


@paired("PairConditioningCombine", title="Cond Pair Combine")
def combine_pairs(
    positive_A: Cond,
    negative_A: Cond,
    positive_B: Cond,
    negative_B: Cond,
) -> Pair:
    """Guide by two pairs of texts."""
    return Pair(conds.combine(positive_A, positive_B), conds.combine(negative_A, negative_B))


@hooks_node("ConditioningTimestepsRange", title="Timesteps Range", category="advanced/hooks")
def timesteps_range(start_percent: Percent = 0.0, end_percent: Percent = 1.0) -> Ranges:
    """A part of the sampling, and the parts before and after it."""
    return Ranges((start_percent, end_percent), (0.0, start_percent), (end_percent, 1.0))


def properties(
    strength: float, set_cond_area: Bounds, mask: Any, hooks: Any, timesteps: tuple[float, float] | None
) -> Callable[[Cond], Cond]:
    """What the inputs that all these nodes have do to a conditioning."""
    return partial(
        conds.with_properties,
        strength=strength,
        to_bounds=set_cond_area == "mask bounds",
        mask=mask,
        hooks=hooks,
        timesteps=timesteps,
    )
