"""Models of other kinds, which are named when one is opened by mistake."""

from __future__ import annotations

from collections.abc import Mapping

from nodes.diffusion.header import Header

STRANGERS: Mapping[str, str] = {
    "joint_blocks.0.context_block.attn.qkv.weight": "Stable Diffusion 3",
    "double_blocks.0.img_attn.norm.key_norm.scale": "FLUX",
    "transformer_blocks.0.attn.add_k_proj.weight": "FLUX or Stable Diffusion 3, in diffusers' names",
    "clip_txt_mapper.weight": "Stable Cascade",
    "t_block.1.weight": "PixArt",
    "cap_embedder.1.weight": "Lumina",
    "blocks.0.self_attn.norm_k.weight": "Wan",
    "model.diffusion_model.time_stack.0.weight": "Stable Video Diffusion",
}
"""The end of a tensor's name that only they have."""


def stranger(header: Header) -> str | None:
    """What kind of model this is, if it is one that we know and cannot use."""
    for name in header.shapes:
        for end, kind in STRANGERS.items():
            if name == end or name.endswith("." + end):
                return kind
    return None
