"""Files of vision transformers and of what builds on them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from nodes.diffusion.checkpoint import Loader, measured
from nodes.diffusion.errors import UnknownCheckpoint
from nodes.diffusion.tensors import TensorFile, open_tensors
from nodes.diffusion.vision.clip import ClipVision, ClipVisionNetwork, vision_config
from nodes.diffusion.vision.names import Pieces, openclip_pieces
from nodes.diffusion.vision.style import StyleModel, StyleNetwork, style_config

PART = "vision transformer"
OPENCLIP_PREFIXES = ("visual.", "embedder.model.visual.", "")
LANDMARK = "vision_model.embeddings.patch_embedding.weight"
STYLE_LANDMARK = "style_embedding"


def load_vision(loader: Loader, path: Path) -> ClipVision:
    """Open a CLIP vision transformer, in transformers' or OpenCLIP's names, alone or beside a text encoder.

    Raises FileNotFoundError, CorruptCheckpoint, UnknownCheckpoint, MissingWeights.
    """
    found = vision_in(loader, open_tensors(path))
    if found is None:
        raise UnknownCheckpoint(path, "CLIP's vision transformer", [LANDMARK])
    return found


def vision_in(loader: Loader, file: TensorFile) -> ClipVision | None:
    """A file's vision transformer, if it has one."""
    if LANDMARK not in file.header.shapes:
        prefix = next((each for each in OPENCLIP_PREFIXES if each + "conv1.weight" in file.header.shapes), None)
        if prefix is None:
            return None
        file = Pieces(file, openclip_pieces(file.header, prefix))
    config = measured(file, PART, "", vision_config)
    return ClipVision(file.path.name, loader._network(file, PART, "", partial(ClipVisionNetwork, config)), config)


def load_style(loader: Loader, path: Path) -> StyleModel:
    """Open a T2I style adapter. Raises as ``load_vision`` does."""
    file = open_tensors(path)
    if STYLE_LANDMARK not in file.header.shapes:
        raise UnknownCheckpoint(path, "the style adapter of T2I-Adapter", [STYLE_LANDMARK])
    config = measured(file, "style model", "", style_config)
    return StyleModel(path.name, loader._network(file, "style model", "", partial(StyleNetwork, config)), config)
