"""Text encoders as checkpoints hold them: CLIP ViT-L by Hugging Face's names, OpenCLIP's H and G by their own."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch

from nodes.diffusion.openclip_names import RESBLOCKS, openclip_name
from nodes.diffusion.safetensors_writer import Tensors
from nodes.diffusion.text.clip import ClipText

PLACES: Mapping[tuple[str, ...], Mapping[str, str]] = {
    ("l",): {"l": "cond_stage_model.transformer."},
    ("h",): {"h": "cond_stage_model.model."},
    ("g", "l"): {"l": "conditioner.embedders.0.transformer.", "g": "conditioner.embedders.1.model."},
    ("g",): {"g": "conditioner.embedders.0.model."},
}
"""Where the families keep their towers."""
OPENCLIP = ("g", "h")
HEAD = 64
PROJECTION = "text_projection.weight"

ATTENTION = re.compile(r"encoder\.layers\.(\d+)\.self_attn\.([qkv])_proj\.(weight|bias)")


def original(networks: Mapping[str, ClipText]) -> Tensors:
    """Towers as a checkpoint of their family holds them. Raises ValueError for towers of no family."""
    places = PLACES.get(tuple(sorted(networks)))
    if places is None:
        raise ValueError(f"text encoders {', '.join(sorted(networks))} belong to no family of checkpoints")
    tensors: Tensors = {}
    for tower, network in networks.items():
        own = openclip(network) if tower in OPENCLIP else hugging_face(network)
        tensors |= {places[tower] + name: tensor for name, tensor in own.items()}
    return tensors


def hugging_face(network: ClipText) -> Tensors:
    """``text_model.…``, and the projection beside it."""
    weights = network.state_dict()
    return {name if name == PROJECTION else f"text_model.{name}": tensor for name, tensor in weights.items()}


def openclip(network: ClipText) -> Tensors:
    """OpenCLIP's names: queries, keys and values in one matrix, the projection turned over."""
    weights: Tensors = {}
    attention: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in network.state_dict().items():
        if found := ATTENTION.fullmatch(name):
            attention.setdefault(f"{RESBLOCKS}{found[1]}.attn.in_proj_{found[3]}", {})[found[2]] = tensor
        elif name == PROJECTION:
            weights["text_projection"] = tensor.T
        else:
            weights[openclip_name(name)] = tensor
    return weights | {name: torch.cat([parts[each] for each in "qkv"]) for name, parts in attention.items()}


def text_metadata(networks: Mapping[str, ClipText]) -> dict[str, str]:
    """What of towers cannot be read off their tensors, where it is not as usual."""
    told = {}
    for tower, network in networks.items():
        config = network.config
        if (wide := config.width // config.heads) != HEAD:
            told["text.head_dim"] = str(wide)
        if config.activation != ("gelu" if tower in OPENCLIP else "quick_gelu"):
            told["text.act"] = config.activation
    return told
