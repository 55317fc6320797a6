"""What an adapter was made for, as far as its names and widths tell."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nodes.diffusion.header import Shape

WORDS = re.compile(r"attn2[._](?:processor\.)?to_[kv][._].*(?:down|lora_A)")
"""The tensors that take in words: as wide as the text is."""
BY_WIDTH = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 2048: "SDXL", 1280: "the SDXL refiner"}
BY_NAME = (
    (r"double_blocks|single_blocks|single_transformer_blocks", "Flux or a model like it"),
    (r"joint_blocks|joint_transformer_blocks", "Stable Diffusion 3"),
    (r"lora_prior_|prior_unet", "Stable Cascade"),
    (r"motion_modules|temporal", "a video model"),
    (r"cross_attn.*(?:q|k|v|o)\b.*|blocks[._]\d+[._]self_attn", "a diffusion transformer"),
    (r"lora_te2_|text_encoder_2|clip_g|add_k_proj", "SDXL"),
    (
        r"lora_te_|text_encoder\.|lora_unet_|unet\.|down_blocks|input_blocks",
        "a Stable Diffusion U-Net or its text encoder",
    ),
)


def made_for(shapes: Mapping[str, Shape]) -> str | None:
    """The kind of model in words; None if nothing tells."""
    for name, shape in shapes.items():
        if WORDS.search(name) and len(shape) > 1 and shape[1] in BY_WIDTH:
            return BY_WIDTH[shape[1]]
    return next((kind for pattern, kind in BY_NAME if any(re.search(pattern, name) for name in shapes)), None)
