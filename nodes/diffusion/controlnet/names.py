"""Tensor names of diffusers' ControlNets in the original's words."""

from __future__ import annotations

from nodes.diffusion.diffusers_names import unet_names
from nodes.diffusion.header import Header
from nodes.diffusion.places import diffusers_unet

HINT = "controlnet_cond_embedding"


def control_names(header: Header) -> dict[str, str]:
    """Original name -> diffusers' name. Names that are the same in both stay. Raises KeyError for a missing tensor."""
    copied = unet_names(diffusers_unet(header))
    modules = own_modules(header)
    found = {}
    for name in header.shapes:
        module, _, kind = name.rpartition(".")
        found[copied.get(name) or f"{modules.get(module, module)}.{kind}".removeprefix(".")] = name
    return found


def own_modules(header: Header) -> dict[str, str]:
    """What a ControlNet has beside its copy of a U-Net's way down: diffusers' modules -> the original's."""
    blocks, zeros = (header.count(rf"{place}\.(\d+)\.") for place in (rf"{HINT}\.blocks", "controlnet_down_blocks"))
    hints = [f"{HINT}.conv_in", *(f"{HINT}.blocks.{n}" for n in range(blocks)), f"{HINT}.conv_out"]
    return {
        **{theirs: f"input_hint_block.{2 * n}" for n, theirs in enumerate(hints)},  # a SiLU behind each
        **{f"controlnet_down_blocks.{n}": f"zero_convs.{n}.0" for n in range(zeros)},
        "controlnet_mid_block": "middle_block_out.0",
    }
