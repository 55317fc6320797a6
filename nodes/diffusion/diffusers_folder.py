"""A folder as diffusers saves a pipeline: ``model_index.json``, and a folder for each part."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from nodes.diffusion.checkpoint import Checkpoint, Loader
from nodes.diffusion.errors import CorruptCheckpoint
from nodes.diffusion.prediction import Kind, Prediction

INDEX = "model_index.json"
PREDICTIONS: dict[str, Kind] = {"epsilon": "eps", "v_prediction": "v", "sample": "x0"}
WEIGHTS = ("*.safetensors.index.json", "*.safetensors", "*.bin")
TEXT = ("text_encoder", "text_encoder_2")


def open_folder(loader: Loader, folder: Path) -> Checkpoint:
    """Open a pipeline's U-Net, text encoders and VAE. Raises FileNotFoundError, and as ``Loader.checkpoint`` does."""
    if not (folder / INDEX).is_file():
        raise FileNotFoundError(f"{folder} is no folder of diffusers: it has no {INDEX}")
    unet = weights_in(folder / "unet")
    if unet is None:
        raise FileNotFoundError(f"{folder.name} has no weights in its folder unet")
    model = loader.unet(unet)
    if told := prediction(folder):
        model = replace(model, prediction=told)
    texts = [path for name in TEXT if (path := weights_in(folder / name))]
    vae = weights_in(folder / "vae")
    return Checkpoint(model, loader.text(texts) if texts else None, loader.vae(vae) if vae else None)


def weights_in(folder: Path) -> Path | None:
    """The file of a part's weights: an index of shards, else the shortest name, which is that of no variant."""
    for pattern in WEIGHTS:
        found = sorted(folder.glob(pattern), key=lambda path: (len(path.name), path.name))
        if found:
            return found[0]
    return None


def prediction(folder: Path) -> Prediction | None:
    """What the scheduler's settings say that is predicted, if they do."""
    path = folder / "scheduler" / "scheduler_config.json"
    if not path.is_file():
        return None
    try:
        settings: Any = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise CorruptCheckpoint(path, f"it is no JSON ({error})") from None
    kind = PREDICTIONS.get(settings.get("prediction_type", "")) if isinstance(settings, dict) else None
    return Prediction.discrete(kind, zero_terminal_snr=bool(settings.get("rescale_betas_zero_snr"))) if kind else None
