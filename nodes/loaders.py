"""Nodes that open model files."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, NamedTuple

import torch
from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.folders import Folders
from engine.marks import FileIn, Widget
from engine.paths import safe_join
from engine.services import Services
from nodes import tiny_vaes
from nodes.diffusion.checkpoint import Checkpoint, Loader
from nodes.diffusion.diffusers_folder import INDEX, open_folder
from nodes.diffusion.legacy_config import configured_prediction
from nodes.diffusion.tensors import INDEX as SHARDS
from nodes.diffusion.tensors import shard_names
from nodes.diffusion.vae.pixels import pixel_space
from nodes.embeddings import EmbeddingFolder
from nodes.types import Clip, Model, Vae

STORED = {
    "fp8_e4m3fn": torch.float8_e4m3fn,
    "fp8_e4m3fn_fast": torch.float8_e4m3fn,
    "fp8_e5m2": torch.float8_e5m2,
}
SHARDED = {
    "unet_name": "diffusion_models",
    **dict.fromkeys(("clip_name", "clip_name1", "clip_name2"), "text_encoders"),
}
"""The inputs that may name the index of a model in several files, and their folders."""
Device = Annotated[Literal["default", "cpu"], Widget(advanced=True)]

log = logging.getLogger(__name__)


class LoadedCheckpoint(NamedTuple):
    model: Model
    clip: Clip
    vae: Vae


def opener(ctx: Context) -> Loader:
    """Opens model files; texts find their embeddings in this run's folders."""
    return replace(ctx.service(Loader), embeddings=EmbeddingFolder(ctx.service(Folders)))


def parts(checkpoint: Checkpoint) -> LoadedCheckpoint:
    return LoadedCheckpoint(checkpoint.model, checkpoint.clip, checkpoint.vae)


def shards(key: str, folders: Folders) -> list[str]:
    """The indices of models that lie in several files."""
    found = {(folder, path) for folder in folders.paths(key) for path in folder.rglob("*.safetensors.index.json")}
    return sorted({path.relative_to(folder).as_posix() for folder, path in found})


def pipelines(folders: Folders) -> list[str]:
    """The folders that diffusers wrote."""
    found = {(folder, path.parent) for folder in folders.paths("diffusers") for path in folder.rglob(INDEX)}
    return sorted({path.relative_to(folder).as_posix() for folder, path in found if path != folder})


@node("CheckpointLoaderSimple", title="Load Checkpoint", category="loaders")
def load_checkpoint(
    ctx: Context,
    ckpt_name: Annotated[str, FileIn("checkpoints"), Field(description="The checkpoint (model) to load.")],
) -> LoadedCheckpoint:
    """Load a diffusion model with its text encoder and its VAE; the weights are read when they are first used."""
    return parts(opener(ctx).checkpoint(ctx.service(Folders).resolve("checkpoints", ckpt_name)))


@node(
    "CheckpointLoader",
    title="Load Checkpoint With Config (DEPRECATED)",
    category="advanced/loaders",
    flags={"deprecated": True},
)
def load_checkpoint_with_config(
    ctx: Context,
    config_name: Annotated[str, FileIn("configs")],
    ckpt_name: Annotated[str, FileIn("checkpoints")],
) -> LoadedCheckpoint:
    """Load a checkpoint; of its old settings only what is predicted is read, the file itself tells the rest."""
    folders = ctx.service(Folders)
    loaded = opener(ctx).checkpoint(folders.resolve("checkpoints", ckpt_name))
    told = configured_prediction(folders.resolve("configs", config_name))
    if told is None:
        log.info("%s does not say what is predicted, so the checkpoint decides", config_name)
        return parts(loaded)
    return parts(replace(loaded, model=replace(loaded.model, prediction=told)))


@node("UNETLoader", title="Load Diffusion Model", category="advanced/loaders")
def load_diffusion_model(
    ctx: Context,
    unet_name: Annotated[str, FileIn("diffusion_models", more=partial(shards, "diffusion_models"))],
    weight_dtype: Literal["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"],
) -> Model:
    """Load a diffusion model alone. In 8 bits it takes a quarter of the memory, is slower on a CPU, and less exact."""
    loader = replace(opener(ctx), stored=STORED.get(weight_dtype))
    return loader.unet(ctx.service(Folders).resolve("diffusion_models", unet_name))


@node("DiffusersLoader", category="advanced/loaders/deprecated")
def load_diffusers(ctx: Context, model_path: Annotated[str, FileIn("diffusers", more=pipelines)]) -> LoadedCheckpoint:
    """Load a folder as diffusers saves it: its U-Net, text encoders and VAE."""
    for folder in ctx.service(Folders).paths("diffusers"):
        path = safe_join(folder, model_path)
        if (path / INDEX).is_file():
            return parts(open_folder(opener(ctx), path))
    raise FileNotFoundError(f"diffusers has no folder {model_path!r} with a {INDEX}")


@load_diffusers.fingerprint
def files_of_pipeline(inputs: Mapping[str, Any], services: Services) -> list[tuple[str, int, int]]:
    """Each file of the folder, its size and its time."""
    found = []
    for folder in services.get(Folders).paths("diffusers"):
        path = safe_join(folder, str(inputs["model_path"]))
        found += [(str(file), file.stat()) for file in sorted(path.rglob("*")) if file.is_file()]
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in found]


@load_diffusers.reads
def named_files_of_pipeline(inputs: Mapping[str, Any], services: Services) -> list[tuple[str, str]]:
    """Each file of the folder."""
    name = str(inputs["model_path"])
    for folder in services.get(Folders).paths("diffusers"):
        path = safe_join(folder, name)
        if (path / INDEX).is_file():
            return [("diffusers", file.relative_to(folder).as_posix()) for file in path.rglob("*") if file.is_file()]
    return []


@node("CLIPLoader", title="Load CLIP", category="advanced/loaders")
def load_clip(
    ctx: Context,
    clip_name: Annotated[str, FileIn("text_encoders", more=partial(shards, "text_encoders"))],
    type: Literal[
        "stable_diffusion",
        "stable_cascade",
        "sd3",
        "stable_audio",
        "mochi",
        "ltxv",
        "pixart",
        "cosmos",
        "lumina2",
        "wan",
        "hidream",
        "chroma",
        "ace",
        "omnigen2",
        "qwen_image",
        "hunyuan_image",
    ],
    device: Device | None = None,
) -> Clip:
    """Load a text encoder: CLIP-L of SD 1, OpenCLIP's H of SD 2 or G of SDXL's refiner, told by what is in the file."""
    return _text(ctx, type, "stable_diffusion", device, clip_name)


@node("DualCLIPLoader", category="advanced/loaders")
def load_two_clips(
    ctx: Context,
    clip_name1: Annotated[str, FileIn("text_encoders", more=partial(shards, "text_encoders"))],
    clip_name2: Annotated[str, FileIn("text_encoders", more=partial(shards, "text_encoders"))],
    type: Literal["sdxl", "sd3", "flux", "hunyuan_video", "hidream", "hunyuan_image"],
    device: Device | None = None,
) -> Clip:
    """Load SDXL's two text encoders, CLIP-L and CLIP-G, in any order."""
    return _text(ctx, type, "sdxl", device, clip_name1, clip_name2)


@load_diffusion_model.reads
@load_clip.reads
@load_two_clips.reads
def named_shards(inputs: Mapping[str, Any], services: Services) -> list[tuple[str, str]]:
    """The files that the index of a model in several files puts together."""
    folders, found = services.get(Folders), list[tuple[str, str]]()
    for key, name in inputs.items():
        folder = SHARDED.get(key)
        if folder and isinstance(name, str) and name.endswith(SHARDS):
            beside = PurePosixPath(name).parent
            names = shard_names(folders.resolve(folder, name))
            found += [(folder, (beside / shard).as_posix()) for shard in names]
    return found


def _text(ctx: Context, kind: str, known: str, device: str | None, *names: str) -> Clip:
    """Text encoders out of their files."""
    if kind != known:
        raise ValueError(f"text encoders of the type {kind} are not supported, only those of {known}")
    loader, folders = opener(ctx), ctx.service(Folders)
    if device == "cpu":
        loader = replace(loader, device=torch.device("cpu"))
    return loader.text([folders.resolve("text_encoders", name) for name in names])


PIXELS = "pixel_space"


def without_file(folders: Folders) -> list[str]:
    """VAEs that are no file of their own: tiny ones whose two files are there, and none at all."""
    return [*tiny_vaes.names(folders), PIXELS]


@node("VAELoader", title="Load VAE", category="loaders")
def load_vae(ctx: Context, vae_name: Annotated[str, FileIn("vae", more=without_file)]) -> Vae:
    """Load a VAE on its own, to use in place of a checkpoint's; ``taesd`` and ``taesdxl`` are small and fast."""
    loader, folders = opener(ctx), ctx.service(Folders)
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


@load_vae.reads
def named_tiny_files(constants: Mapping[str, Any], services: Services) -> list[tuple[str, str]]:
    """The two files of a tiny VAE."""
    name = constants.get("vae_name")
    found = tiny_vaes.files(services.get(Folders), str(name)) if name in tiny_vaes.FORMATS else []
    return [(tiny_vaes.FOLDER, file) for file in found]
