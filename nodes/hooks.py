"""Nodes that give single conditionings other weights: LoRAs and models, with strengths that change on the way."""

from dataclasses import replace
from functools import partial
from typing import Annotated

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.folders import Folders
from engine.marks import FileIn, Socket, Widget
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.weight_hooks import ClipHooks, Hook, Keyframe, LoraWeights, ModelWeights, WeightHooks
from nodes.loras import adapter
from nodes.types import Clip

Hooks = Annotated[WeightHooks, Socket("HOOKS")]
Keyframes = Annotated[tuple[Keyframe, ...], Socket("HOOK_KEYFRAMES")]
Strength = Annotated[float, Field(ge=-20, le=20), Widget(step=0.01)]
Percent = Annotated[float, Field(ge=0, le=1), Widget(step=0.001)]
LoraName = Annotated[str, FileIn("loras")]
CheckpointName = Annotated[str, FileIn("checkpoints")]

hooks_node = partial(node, module="comfy_extras.nodes_hooks", lane="cpu", flags={"experimental": True})
create = partial(hooks_node, category="advanced/hooks/create")
combine = partial(hooks_node, category="advanced/hooks/combine")


@create("CreateHookLora", title="Create Hook LoRA")
def hook_lora(
    ctx: Context,
    lora_name: LoraName,
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
    prev_hooks: Hooks | None = None,
) -> Hooks:
    """A LoRA for single conditionings and the text encoder that makes them."""
    return behind(prev_hooks, Hook(LoraWeights(adapter(ctx, lora_name)), strength_model, strength_clip))


@create("CreateHookLoraModelOnly", title="Create Hook LoRA (MO)")
def hook_lora_model_only(
    ctx: Context, lora_name: LoraName, strength_model: Strength = 1.0, prev_hooks: Hooks | None = None
) -> Hooks:
    """A LoRA for single conditionings; the text encoder stays as it is."""
    return behind(prev_hooks, Hook(LoraWeights(adapter(ctx, lora_name)), strength_model, 0.0))


@create("CreateHookModelAsLora", title="Create Hook Model as LoRA")
def hook_model(
    ctx: Context,
    ckpt_name: CheckpointName,
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
    prev_hooks: Hooks | None = None,
) -> Hooks:
    """Another checkpoint for single conditionings: at strength 1 its weights take the place of the model's."""
    return behind(prev_hooks, Hook(checkpoint(ctx, ckpt_name), strength_model, strength_clip))


@create("CreateHookModelAsLoraModelOnly", title="Create Hook Model as LoRA (MO)")
def hook_model_only(
    ctx: Context, ckpt_name: CheckpointName, strength_model: Strength = 1.0, prev_hooks: Hooks | None = None
) -> Hooks:
    """Another checkpoint's diffusion model for single conditionings; the text encoder stays as it is."""
    return behind(prev_hooks, Hook(checkpoint(ctx, ckpt_name), strength_model, 0.0))


@combine("CombineHooks2", title="Combine Hooks [2]")
def combine_two(hooks_A: Hooks | None = None, hooks_B: Hooks | None = None) -> Hooks:
    """Hooks one after the other."""
    return joined(hooks_A, hooks_B)


@combine("CombineHooks4", title="Combine Hooks [4]")
def combine_four(
    hooks_A: Hooks | None = None,
    hooks_B: Hooks | None = None,
    hooks_C: Hooks | None = None,
    hooks_D: Hooks | None = None,
) -> Hooks:
    """Hooks one after the other."""
    return joined(hooks_A, hooks_B, hooks_C, hooks_D)


@combine("CombineHooks8", title="Combine Hooks [8]")
def combine_eight(
    hooks_A: Hooks | None = None,
    hooks_B: Hooks | None = None,
    hooks_C: Hooks | None = None,
    hooks_D: Hooks | None = None,
    hooks_E: Hooks | None = None,
    hooks_F: Hooks | None = None,
    hooks_G: Hooks | None = None,
    hooks_H: Hooks | None = None,
) -> Hooks:
    """Hooks one after the other."""
    return joined(hooks_A, hooks_B, hooks_C, hooks_D, hooks_E, hooks_F, hooks_G, hooks_H)


@hooks_node("SetClipHooks", title="Set CLIP Hooks", category="advanced/hooks/clip")
def set_clip_hooks(
    clip: Clip, apply_to_conds: bool = True, schedule_clip: bool = False, hooks: Hooks | None = None
) -> Clip:
    """Encode texts with hooks, which go along to the sampler (apply_to_conds) and follow keyframes (schedule_clip)."""
    if clip is None:
        raise ValueError("there is no text encoder to hook: the checkpoint has none")
    return clip if hooks is None else replace(clip, hooks=ClipHooks(hooks, apply_to_conds, schedule_clip))


def behind(before: WeightHooks | None, hook: Hook) -> WeightHooks:
    """Others, then one more."""
    return (before or WeightHooks()).and_then(WeightHooks((hook,)))


def joined(*hooks: WeightHooks | None) -> WeightHooks:
    """All that are there, in order."""
    made = WeightHooks()
    for each in hooks:
        made = made.and_then(each)
    return made


def checkpoint(ctx: Context, name: str) -> ModelWeights:
    """A file of the folder ``checkpoints``."""
    return ModelWeights.of(ctx.service(Loader).checkpoint(ctx.service(Folders).resolve("checkpoints", name)))
