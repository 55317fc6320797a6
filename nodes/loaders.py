"""Nodes that open model files."""

from typing import Annotated, NamedTuple

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.folders import Folders
from engine.marks import FileIn
from nodes.diffusion.checkpoint import Loader
from nodes.types import Clip, Model, Vae


class LoadedCheckpoint(NamedTuple):
    model: Model
    clip: Clip
    vae: Vae


@node("CheckpointLoaderSimple", title="Load Checkpoint", category="loaders")
def load_checkpoint(
    ctx: Context,
    ckpt_name: Annotated[str, FileIn("checkpoints"), Field(description="The checkpoint (model) to load.")],
) -> LoadedCheckpoint:
    """Load a diffusion model with its text encoder and its VAE; the weights are read when they are first used."""
    path = ctx.service(Folders).resolve("checkpoints", ckpt_name)
    checkpoint = ctx.service(Loader).checkpoint(path)
    return LoadedCheckpoint(checkpoint.model, checkpoint.clip, checkpoint.vae)


@node("VAELoader", title="Load VAE", category="loaders")
def load_vae(ctx: Context, vae_name: Annotated[str, FileIn("vae")]) -> Vae:
    """Load a VAE on its own, to use in place of a checkpoint's."""
    return ctx.service(Loader).vae(ctx.service(Folders).resolve("vae", vae_name))
