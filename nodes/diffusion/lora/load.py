"""A LoRA on a model and its text encoder."""

from __future__ import annotations

from dataclasses import replace

from nodes.diffusion.lora.apply import add, fit, report
from nodes.diffusion.lora.file import AdapterFile
from nodes.diffusion.lora.names import text_stems, unet_stems
from nodes.diffusion.model import Model
from nodes.diffusion.text.clip import Clip
from nodes.diffusion.text.handles import towers, with_towers


def with_lora(
    file: AdapterFile, model: Model | None, clip: Clip | None, strength_model: float, strength_clip: float
) -> tuple[Model | None, Clip | None]:
    """Both with a file's adapter added, each at its strength.

    Raises BadAdapter for a file that does not fit them, or has nothing for either, and what opening it raises.
    """
    used = frozenset[str]()
    if model is not None:
        adapter, keys = fit(file, unet_stems(model.unet.blank().config), model.unet)
        model = replace(model, unet=add(model.unet, adapter, strength_model))
        used |= keys
    if clip is not None:
        networks = dict(towers(clip))
        for tower, network in networks.items():
            adapter, keys = fit(file, text_stems(network.blank().config, tower), network)
            networks[tower] = add(network, adapter, strength_clip)
            used |= keys
        clip = with_towers(clip, networks)
    parts = [name for name, part in (("the U-Net", model), ("the text encoder", clip)) if part is not None]
    report(file, used, " and ".join(parts), text=clip is not None)
    return model, clip
