"""Nodes that open model files."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.folders import Folders
from engine.marks import FileIn
from engine.services import Services
from nodes import tiny_vaes
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.vae.pixels import pixel_space
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


PIXELS = "pixel_space"


def without_file(folders: Folders) -> list[str]:
    """VAEs that are no file of their own: tiny ones whose two files are there, and none at all."""
    return [*tiny_vaes.names(folders), PIXELS]


@node("VAELoader", title="Load VAE", category="loaders")
def load_vae(ctx: Context, vae_name: Annotated[str, FileIn("vae", more=without_file)]) -> Vae:
    """Load a VAE on its own, to use in place of a checkpoint's; ``taesd`` and ``taesdxl`` are small and fast."""
    loader, folders = ctx.service(Loader), ctx.service(Folders)
    if vae_name == PIXELS:
        return pixel_space(loader.residency)
    if vae_name in tiny_vaes.FORMATS:
        return tiny_vaes.open_tiny(loader, folders, vae_name)
    return loader.vae(folders.resolve("vae", vae_name))


@load_vae.fingerprint
def tiny_files(constants: Mapping[str, Any], services: Services) -> list[str | None]:
    """What tells the content of a tiny VAE's two files."""
    folders, name = services.get(Folders), constants.get("vae_name")
    if name not in tiny_vaes.FORMATS:
        return []
    return [folders.stamp(tiny_vaes.FOLDER, file) for file in tiny_vaes.files(folders, str(name))]
