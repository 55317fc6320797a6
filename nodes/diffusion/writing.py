"""Models in the layout of the original checkpoints, so that we and others can load them again."""

from __future__ import annotations

import torch

from nodes.diffusion.header import norm_groups
from nodes.diffusion.latent import PLAYGROUND, PLAYGROUND_STD
from nodes.diffusion.levels import ContinuousLevels
from nodes.diffusion.model import Model
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.safetensors_writer import Saved, Tensors
from nodes.diffusion.text.clip import Clip
from nodes.diffusion.text.handles import towers
from nodes.diffusion.vae.handle import Vae
from nodes.diffusion.vae.model import AutoencoderKL
from nodes.diffusion.writing_text import hugging_face, original, text_metadata

UNET, VAE = "model.diffusion_model.", "first_stage_model."
SDXL_WORDS = 2048
NO_SIGNAL = 1000
"""A sigma beyond which a schedule has zero terminal SNR: others end at 14.6, or at most at some hundreds."""


def checkpoint(model: Model, clip: Clip | None, vae: Vae | None) -> Saved:
    """All parts of a checkpoint that are there, in one file."""
    parts = [unet(model)]
    if clip is not None:
        networks = {name: network.get() for name, network in towers(clip).items()}
        parts.append(Saved(original(networks), text_metadata(networks)))
    if vae is not None:
        parts.append(autoencoder(vae, VAE))
    return joined(*parts)


def unet(model: Model) -> Saved:
    """The U-Net alone, named as within a checkpoint."""
    network = model.unet.get()
    config = network.config
    marks = prediction_marks(model.prediction)
    metadata = {
        "unet.num_head_channels": str(config.head_channels or ""),
        "unet.norm_groups": "" if config.groups == norm_groups(config.model_channels) else str(config.groups),
        "prediction_type": "v_prediction" if "v_pred" in marks else "",
        **(modelspec(model.prediction) if config.vector_dim and config.context_dim == SDXL_WORDS else {}),
    }
    weights = {UNET + name: tensor for name, tensor in network.state_dict().items()}
    return Saved(weights | marks, {key: value for key, value in metadata.items() if value})


def autoencoder(vae: Vae, prefix: str = "") -> Saved:
    """The VAE alone, its names behind ``prefix``. Raises ValueError for one that no checkpoint could hold."""
    network = vae.network.get()
    if not isinstance(network, AutoencoderKL):
        raise ValueError(f"only Stable Diffusion's own kind of VAE can be saved, not {vae.network.origin.part}")
    config = network.config
    told = {} if config.groups == norm_groups(config.widths[0]) else {"vae.norm_groups": str(config.groups)}
    return Saved({prefix + name: tensor for name, tensor in network.state_dict().items()}, told)


def text_encoders(clip: Clip) -> dict[str, Saved]:
    """Each tower as a file of its own, by name."""
    networks = {name: network.get() for name, network in towers(clip).items()}
    return {name: Saved(hugging_face(each), text_metadata({name: each})) for name, each in networks.items()}


def prediction_marks(prediction: Prediction) -> Tensors:
    """Tensors by whose names loaders know what a network predicts, and on which schedule."""
    if isinstance(prediction.levels, ContinuousLevels):
        return continuous_marks(prediction.kind, prediction.levels)
    marks = ["v_pred"] if prediction.kind == "v" else []
    if prediction.sigma_max > NO_SIGNAL:
        marks.append("ztsnr")
    return {name: torch.zeros(0) for name in marks}


def continuous_marks(kind: str, levels: ContinuousLevels) -> Tensors:
    """What files of models on continuous levels say of them: Playground's by its latents, others by the levels."""
    if kind == "edm":
        mean, std = (torch.tensor(each)[None, :, None, None] for each in (PLAYGROUND.shift, PLAYGROUND_STD))
        return {"edm_mean": mean, "edm_std": std}
    return {
        "edm_vpred.sigma_min": torch.tensor(levels.sigma_min),
        "edm_vpred.sigma_max": torch.tensor(levels.sigma_max),
    }


def modelspec(prediction: Prediction) -> dict[str, str]:
    """What Stability AI's model specification (ModelSpec 1.0.0) wants told of SDXL."""
    return {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": "stable-diffusion-xl-v1-base",
        "modelspec.implementation": "sgm",
        "modelspec.predict_key": {"eps": "epsilon", "v": "v"}.get(prediction.kind, ""),
    }


def joined(*parts: Saved) -> Saved:
    """Parts whose names differ, in one file."""
    tensors, metadata = Tensors(), dict[str, str]()
    for part in parts:
        tensors |= part.tensors
        metadata |= part.metadata
    return Saved(tensors, metadata)
