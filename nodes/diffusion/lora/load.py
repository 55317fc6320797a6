"""A LoRA on a model and its text encoder."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from torch import nn

from nodes.diffusion.lazy import Lazy
from nodes.diffusion.lora.apply import Adapter, add, fit, report
from nodes.diffusion.lora.file import AdapterFile
from nodes.diffusion.lora.names import is_text, text_stems, unet_stems
from nodes.diffusion.model import Model
from nodes.diffusion.text.clip import Clip, ClipText
from nodes.diffusion.text.handles import towers, with_towers
from nodes.diffusion.unet.model import UNet

N = TypeVar("N", bound=nn.Module)
Fitted = tuple[Adapter, frozenset[str]]


def with_lora(
    file: AdapterFile, model: Model | None, clip: Clip | None, strength_model: float, strength_clip: float
) -> tuple[Model | None, Clip | None]:
    """Both with a file's adapter added, each at its strength.

    Raises BadAdapter for a file that does not fit them, or has nothing for either, and what opening it raises.
    """
    used = frozenset[str]()
    if model is not None:
        adapter, keys = fit_unet(file, model.unet)
        model = replace(model, unet=add(model.unet, adapter, strength_model))
        used |= keys
    if clip is not None:
        networks = dict(towers(clip))
        for tower, network in networks.items():
            adapter, keys = fit_text(file, network, tower)
            networks[tower] = add(network, adapter, strength_clip)
            used |= keys
        clip = with_towers(clip, networks)
    parts = [name for name, part in (("the U-Net", model), ("the text encoder", clip)) if part is not None]
    report(file, used, " and ".join(parts), text=clip is not None)
    return model, clip


def lora_on_unet(file: AdapterFile, network: Lazy[UNet], strength: float) -> Lazy[UNet]:
    """A U-Net with a file's adapter added, if it has something for one. Raises BadAdapter if that does not fit."""
    adapter, used = fit_unet(file, network)
    if not used and not all(is_text(key) for key in file.file.header.shapes):
        report(file, used, "the U-Net", text=False)
    return add(network, adapter, strength)


def lora_on_clip(file: AdapterFile, clip: Clip, strength: float) -> Clip:
    """A text encoder with a file's adapter added, if it has something for one. Raises BadAdapter."""
    fits = {tower: fit_text(file, network, tower)[0] for tower, network in towers(clip).items()}
    return with_towers(clip, {tower: add(network, fits[tower], strength) for tower, network in towers(clip).items()})


def fit_unet(file: AdapterFile, network: Lazy[UNet]) -> Fitted:
    """See ``fit``."""
    return fit(file, unet_stems(network.blank().config), network)


def fit_text(file: AdapterFile, network: Lazy[ClipText], tower: str) -> Fitted:
    """See ``fit``."""
    return fit(file, text_stems(network.blank().config, tower), network)
