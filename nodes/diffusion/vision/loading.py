"""Files of vision transformers and of what builds on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from nodes.diffusion.building import measured
from nodes.diffusion.checkpoint import Checkpoint, Loader
from nodes.diffusion.errors import UnknownCheckpoint
from nodes.diffusion.pieces import Renamed
from nodes.diffusion.tensors import Source, TensorFile, open_tensors
from nodes.diffusion.vision.clip import ClipVision
from nodes.diffusion.vision.names import openclip_pieces
from nodes.diffusion.vision.network import ClipVisionNetwork, vision_config
from nodes.diffusion.vision.style import StyleModel, StyleNetwork, style_config
from nodes.diffusion.vision.unclip import Unclip

PART = "vision transformer"
OPENCLIP_PREFIXES = ("visual.", "embedder.model.visual.", "")
LANDMARK = "vision_model.embeddings.patch_embedding.weight"
STYLE_LANDMARK = "style_embedding"
AUGMENTOR = "noise_augmentor."


def load_vision(loader: Loader, path: Path) -> ClipVision:
    """Open a CLIP vision transformer, in transformers' or OpenCLIP's names, alone or beside a text encoder.

    Raises FileNotFoundError, CorruptCheckpoint, UnknownCheckpoint, MissingWeights.
    """
    found = vision_in(loader, open_tensors(path))
    if found is None:
        raise UnknownCheckpoint(path, "CLIP's vision transformer", [LANDMARK])
    return found


def vision_in(loader: Loader, file: Source) -> ClipVision | None:
    """A file's vision transformer, if it has one."""
    named: TensorFile = file
    if LANDMARK not in file.header.shapes:
        prefix = next((each for each in OPENCLIP_PREFIXES if each + "conv1.weight" in file.header.shapes), None)
        if prefix is None:
            return None
        named = Renamed(file, openclip_pieces(file.header, prefix), "vision transformer of OpenCLIP")
    config = measured(named, PART, "", vision_config)
    return ClipVision(file.path.name, loader._network(named, PART, "", partial(ClipVisionNetwork, config)), config)


def load_style(loader: Loader, path: Path) -> StyleModel:
    """Open a T2I style adapter. Raises as ``load_vision`` does."""
    file = open_tensors(path)
    if STYLE_LANDMARK not in file.header.shapes:
        raise UnknownCheckpoint(path, "the style adapter of T2I-Adapter", [STYLE_LANDMARK])
    config = measured(file, "style model", "", style_config)
    return StyleModel(path.name, loader._network(file, "style model", "", partial(StyleNetwork, config)), config)


@dataclass(frozen=True)
class UnclipCheckpoint:
    """A checkpoint whose model is told of pictures, and the vision transformer that looks at them."""

    checkpoint: Checkpoint
    vision: ClipVision


def load_unclip(loader: Loader, path: Path) -> UnclipCheckpoint:
    """Open an unCLIP checkpoint. Raises as ``Loader.checkpoint`` does, also if it has no vision transformer."""
    file = open_tensors(path)
    checkpoint, vision = loader.checkpoint(path), vision_in(loader, file)
    missing = file.header.missing(AUGMENTOR + name for name in ("data_mean", "data_std"))
    if vision is None or missing:
        lacks = missing if vision else ["embedder.model.visual.conv1.weight", *missing]
        raise UnknownCheckpoint(path, "Stable Diffusion 2.1 unCLIP", lacks)
    spread = {name: tensor.float().flatten() for name, tensor in file.read(AUGMENTOR).items()}
    unclip = Unclip(spread["data_mean"], spread["data_std"])
    model = replace(checkpoint.model, extras=replace(checkpoint.model.extras, vector=unclip.vector))
    return UnclipCheckpoint(replace(checkpoint, model=model), vision)
