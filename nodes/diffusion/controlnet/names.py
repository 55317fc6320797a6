"""Tensor names of diffusers' ControlNets and T2I-Adapters, in the originals' words."""

from __future__ import annotations

import re

from nodes.diffusion.header import Header

RES = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
PLAIN = (
    ("time_embedding.linear_1.", "time_embed.0."),
    ("time_embedding.linear_2.", "time_embed.2."),
    ("add_embedding.linear_1.", "label_emb.0.0."),
    ("add_embedding.linear_2.", "label_emb.0.2."),
    ("conv_in.", "input_blocks.0.0."),
    ("controlnet_mid_block.", "middle_block_out.0."),
    ("controlnet_cond_embedding.conv_in.", "input_hint_block.0."),
    ("mid_block.attentions.0.", "middle_block.1."),
)


def control_names(header: Header) -> dict[str, str]:
    """Original name -> diffusers' name, of a ControlNet. Names that are the same in both stay."""
    blocks = header.count(r"down_blocks\.(\d+)\.")
    starts, hint_blocks = [1], header.count(r"controlnet_cond_embedding\.blocks\.(\d+)\.")
    for n in range(blocks):
        starts.append(starts[-1] + header.count(rf"down_blocks\.{n}\.resnets\.(\d+)\.") + 1)
    return {original(name, starts, hint_blocks): name for name in header.shapes}


def original(name: str, starts: list[int], hint_blocks: int) -> str:
    """One name. ``starts`` are the first numbers of each level's input blocks."""
    for theirs, ours in PLAIN:
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    if match := re.match(r"down_blocks\.(\d+)\.(resnets|attentions|downsamplers)\.(\d+)\.(.+)", name):
        level, kind, n, rest = int(match[1]), match[2], int(match[3]), match[4]
        if kind == "downsamplers":
            return f"input_blocks.{starts[level + 1] - 1}.0.op.{rest.removeprefix('conv.')}"
        return f"input_blocks.{starts[level] + n}." + (f"1.{rest}" if kind == "attentions" else f"0.{res(rest)}")
    if match := re.match(r"mid_block\.resnets\.(\d+)\.(.+)", name):
        return f"middle_block.{2 * int(match[1])}.{res(match[2])}"
    if match := re.match(r"controlnet_down_blocks\.(\d+)\.(.+)", name):
        return f"zero_convs.{match[1]}.0.{match[2]}"
    if match := re.match(r"controlnet_cond_embedding\.blocks\.(\d+)\.(.+)", name):
        return f"input_hint_block.{2 * int(match[1]) + 2}.{match[2]}"
    return name.replace("controlnet_cond_embedding.conv_out.", f"input_hint_block.{2 * hint_blocks + 2}.")


def res(rest: str) -> str:
    """A part of a residual block."""
    part, _, kind = rest.partition(".")
    return f"{RES.get(part, part)}.{kind}"
