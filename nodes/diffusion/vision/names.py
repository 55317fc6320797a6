"""OpenCLIP's names of a vision transformer's tensors, in transformers' words."""

from __future__ import annotations

from nodes.diffusion.header import Header
from nodes.diffusion.openclip_names import RESBLOCKS, layer_pieces
from nodes.diffusion.pieces import Piece

TOP = {
    "class_embedding": "vision_model.embeddings.class_embedding",
    "conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "ln_pre.weight": "vision_model.pre_layrnorm.weight",  # so misspelt in transformers
    "ln_pre.bias": "vision_model.pre_layrnorm.bias",
    "ln_post.weight": "vision_model.post_layernorm.weight",
    "ln_post.bias": "vision_model.post_layernorm.bias",
    "proj": "visual_projection.weight",
}


def openclip_pieces(header: Header, prefix: str) -> dict[str, Piece]:
    """transformers' name -> what it is in a file of OpenCLIP's below ``prefix``."""
    pieces = dict[str, Piece]()
    for name in header.shapes:
        if not name.startswith(prefix):
            continue
        bare = name.removeprefix(prefix)
        if bare in TOP:
            pieces[TOP[bare]] = Piece(name, transposed=bare == "proj")
        elif bare.startswith(RESBLOCKS):
            number, _, inside = bare.removeprefix(RESBLOCKS).partition(".")
            pieces |= layer_pieces(inside, name, f"vision_model.encoder.layers.{number}.")
    return pieces
