"""Nodes that save models."""

from typing import Annotated, Literal

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.folders import Folders
from engine.marks import Widget
from engine.node import Output, Result
from engine.placing import Placing
from engine.services import Services
from nodes.diffusion import writing
from nodes.diffusion.extracting import extracted
from nodes.diffusion.safetensors_writer import Saved
from nodes.saving import ExtraInfo, Prompt, metadata, proof_of
from nodes.types import Clip, Model, Vae

MODULE = "comfy_extras.nodes_model_merging"
CATEGORY = "advanced/model_merging"


@node("CheckpointSave", title="Save Checkpoint", category=CATEGORY, module=MODULE, is_output=True)
def save_checkpoint(
    ctx: Context,
    model: Model,
    clip: Clip,
    vae: Vae,
    filename_prefix: str = "checkpoints/ComfyUI",
    prompt: Prompt = None,
    extra_pnginfo: ExtraInfo = None,
) -> Output:
    """Save a model with its text encoder and VAE as a checkpoint, with the workflow that made it inside."""
    return saved(ctx, {"": writing.checkpoint(model, clip, vae)}, filename_prefix, metadata(ctx, prompt, extra_pnginfo))


@node("ModelSave", category=CATEGORY, module=MODULE, is_output=True)
def save_model(
    ctx: Context,
    model: Model,
    filename_prefix: str = "diffusion_models/ComfyUI",
    prompt: Prompt = None,
    extra_pnginfo: ExtraInfo = None,
) -> Output:
    """Save a diffusion model alone."""
    return saved(ctx, {"": writing.unet(model)}, filename_prefix, metadata(ctx, prompt, extra_pnginfo))


@node("CLIPSave", category=CATEGORY, module=MODULE, is_output=True)
def save_clip(
    ctx: Context,
    clip: Clip,
    filename_prefix: str = "clip/ComfyUI",
    prompt: Prompt = None,
    extra_pnginfo: ExtraInfo = None,
) -> Output:
    """Save a text encoder, a file for each of its towers."""
    if clip is None:
        raise ValueError("there is no text encoder to save: the checkpoint has none")
    files = {f"_clip_{tower}": content for tower, content in writing.text_encoders(clip).items()}
    return saved(ctx, files, filename_prefix, metadata(ctx, prompt, extra_pnginfo))


@node("VAESave", category=CATEGORY, module=MODULE, is_output=True)
def save_vae(
    ctx: Context,
    vae: Vae,
    filename_prefix: str = "vae/ComfyUI_vae",
    prompt: Prompt = None,
    extra_pnginfo: ExtraInfo = None,
) -> Output:
    """Save a VAE alone."""
    if vae is None:
        raise ValueError("there is no VAE to save: the checkpoint has none")
    return saved(ctx, {"": writing.autoencoder(vae)}, filename_prefix, metadata(ctx, prompt, extra_pnginfo))


@node(
    "LoraSave",
    title="Extract and Save Lora",
    category="_for_testing",
    module="comfy_extras.nodes_lora_extract",
    is_output=True,
    flags={"experimental": True},
)
def save_lora(
    ctx: Context,
    filename_prefix: Annotated[str, Widget(multiline=False)] = "loras/ComfyUI_extracted_lora",
    rank: Annotated[int, Field(ge=1, le=4096, description="How many singular values are kept."), Widget(step=1)] = 8,
    lora_type: Annotated[Literal["standard", "full_diff"], Widget(multiselect=False)] = "standard",
    bias_diff: Annotated[bool, Field(description="Keep differences of biases and norms, too.")] = True,
    model_diff: Annotated[Model, Field(description="A difference of models, from ModelMergeSubtract.")] | None = None,
    text_encoder_diff: Annotated[Clip, Field(description="A difference, from CLIPMergeSubtract.")] | None = None,
    prompt: Prompt = None,
    extra_pnginfo: ExtraInfo = None,
) -> Output:
    """Save a difference of models as a LoRA."""
    content = extracted(model_diff, text_encoder_diff, rank, lora_type, biases=bias_diff, on_step=ctx.progress)
    return saved(ctx, {"": content}, filename_prefix, metadata(ctx, prompt, extra_pnginfo))


@save_checkpoint.intact
@save_model.intact
@save_clip.intact
@save_vae.intact
@save_lora.intact
def are_files_as_saved(result: Result, services: Services) -> bool:
    """Whether the files that a remembered result tells of are still there, and the same."""
    return all(each is not None and proof_of(each[0]) == each for each in result.proof)


def saved(ctx: Context, files: dict[str, Saved], prefix: str, told: dict[str, str]) -> Output:
    """Write files, whose names end in their keys, into the output folder; nothing of them is shown."""
    folders = ctx.service(Folders)
    placing, proof = Placing(folders.directory("output"), ctx.deeds), []
    for ending, content in files.items():
        path = placing.put(content.told(told), folders.save_path(prefix + ending, "output"), ".safetensors")
        proof.append(proof_of(str(path)))
    return Output(proof=tuple(proof))
