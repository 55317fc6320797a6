"""Nodes for LoRAs that were trained here."""

from typing import Annotated

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.marks import Widget
from engine.node import Output
from nodes.diffusion.lora.load import with_lora
from nodes.diffusion.safetensors_writer import Saved
from nodes.model_saving import are_files_as_saved, saved
from nodes.saving import ExtraInfo, Prompt, metadata
from nodes.training_data import CATEGORY, MODULE
from nodes.types import Lora, Model


@node("ApplyTrainedLoRA", title="Apply Trained LoRA", category=CATEGORY, module=MODULE, lane="cpu")
def apply_trained_lora(
    model: Model,
    lora: Lora,
    strength: Annotated[float, Field(ge=-100, le=100, description="How much of it is added."), Widget(step=0.01)] = 1.0,
) -> Model:
    """Add a LoRA to a model, as LoraLoader does with a file."""
    if strength == 0:
        return model
    changed, _ = with_lora(lora, model, None, strength, 0)
    return changed or model


@node("SaveTrainedLoRA", title="Save Trained LoRA", category=CATEGORY, module=MODULE, lane="cpu", is_output=True)
def save_trained_lora(
    ctx: Context,
    lora: Lora,
    filename_prefix: str = "loras/wireloom",
    prompt: Prompt = None,
    extra_pnginfo: ExtraInfo = None,
) -> Output:
    """Save a LoRA as a file, with the workflow that made it inside; in models/loras LoraLoader finds it."""
    content = Saved(dict(lora.get()))
    return saved(ctx, {"": content}, filename_prefix, metadata(ctx, prompt, extra_pnginfo))


save_trained_lora.intact(are_files_as_saved)
