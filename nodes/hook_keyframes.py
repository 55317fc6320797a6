"""Nodes that make schedules of strengths for hooks."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from engine.context import Context
from engine.marks import Socket, Widget
from nodes.diffusion.weight_hooks import Keyframe
from nodes.hooks import Hooks, Keyframes, Percent, Strength, hooks_node

Factor = Annotated[float, Field(ge=0, le=10), Widget(step=0.001)]
Floats = Annotated[Any, Socket("FLOATS"), Widget(default=-1, min=-1, step=0.001, forceInput=True)]
Ease = Literal["linear", "ease_in", "ease_out", "ease_in_out"]
Count = Annotated[int, Field(ge=2, le=100), Widget(step=1)]

EASES: Mapping[Ease, Callable[[float], float]] = {
    "linear": lambda t: t,
    "ease_in": lambda t: t * t,
    "ease_out": lambda t: t * (2 - t),
    "ease_in_out": lambda t: t * t * (3 - 2 * t),
}

schedule = partial(hooks_node, category="advanced/hooks/scheduling")


class Schedule(NamedTuple):
    HOOK_KF: Keyframes


@schedule("SetHookKeyframes", title="Set Hook Keyframes")
def set_keyframes(hooks: Hooks, hook_kf: Keyframes | None = None) -> Hooks:
    """Let hooks change their strength on the way."""
    return hooks if hook_kf is None else hooks.with_keyframes(hook_kf)


@schedule("CreateHookKeyframe", title="Create Hook Keyframe")
def keyframe(
    strength_mult: Strength = 1.0, start_percent: Percent = 0.0, prev_hook_kf: Keyframes | None = None
) -> Schedule:
    """From a part of the sampling on, multiply strengths by a number."""
    return Schedule((*(prev_hook_kf or ()), Keyframe(strength_mult, start_percent)))


@schedule("CreateHookKeyframesInterpolated", title="Create Hook Keyframes Interp.")
def keyframes_between(
    ctx: Context,
    strength_start: Factor = 1.0,
    strength_end: Factor = 1.0,
    interpolation: Ease = "linear",
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
    keyframes_count: Count = 5,
    print_keyframes: bool = False,
    prev_hook_kf: Keyframes | None = None,
) -> Schedule:
    """Go from one strength to another, in so many keyframes, both ends among them."""
    parts = [EASES[interpolation](k / (keyframes_count - 1)) for k in range(keyframes_count)]
    strengths = [strength_start + (strength_end - strength_start) * part for part in parts]
    return scheduled(ctx, strengths, start_percent, end_percent, prev_hook_kf, told=print_keyframes)


@schedule("CreateHookKeyframesFromFloats", title="Create Hook Keyframes From Floats")
def keyframes_of(
    ctx: Context,
    floats_strength: Floats,
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
    print_keyframes: bool = False,
    prev_hook_kf: Keyframes | None = None,
) -> Schedule:
    """A keyframe for each number, at equal distances."""
    strengths = [floats_strength] if isinstance(floats_strength, int | float) else list(floats_strength)
    for strength in strengths:
        if not isinstance(strength, int | float) or not math.isfinite(strength):
            raise ValueError(f"floats_strength must be numbers, not {strength!r}")
    return scheduled(ctx, strengths, start_percent, end_percent, prev_hook_kf, told=print_keyframes)


def scheduled(
    ctx: Context,
    strengths: Sequence[float],
    start: float,
    end: float,
    before: tuple[Keyframe, ...] | None,
    *,
    told: bool,
) -> Schedule:
    """Keyframes at equal distances from ``start`` to ``end``, behind others; ``told`` shows them at the node."""
    last = max(1, len(strengths) - 1)
    made = tuple(Keyframe(float(each), start + (end - start) * k / last) for k, each in enumerate(strengths))
    if told:
        ctx.say("\n".join(f"from {100 * each.start:.1f} %: {each.strength:g}" for each in made))
    return Schedule((*(before or ()), *made))
