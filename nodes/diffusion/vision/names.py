"""OpenCLIP's names of a vision transformer's tensors, in transformers' words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from nodes.diffusion.header import Header, Shape
from nodes.diffusion.tensors import TensorFile

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
LAYER = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
PROJECTIONS = ("q_proj", "k_proj", "v_proj")  # stored as one, in this order


class Piece(NamedTuple):
    """What a tensor is made of: a stored one, whole or one of three parts in a row; ``turned``: transposed."""

    stored: str
    third: int | None = None
    turned: bool = False

    def shape(self, stored: Shape) -> Shape:
        first, *others = stored
        return tuple(reversed(stored)) if self.turned else (first if self.third is None else first // 3, *others)

    def of(self, stored: Tensor) -> Tensor:
        if self.third is not None:
            return stored.chunk(3)[self.third]
        return stored.T if self.turned else stored


class Pieces:
    """A file of tensors that are pieces of another file's."""

    def __init__(self, file: TensorFile, pieces: Mapping[str, Piece]) -> None:
        self._file, self._pieces = file, pieces
        self.path, self.stamp = file.path, file.stamp
        shapes = {name: piece.shape(file.header.shapes[piece.stored]) for name, piece in pieces.items()}
        self.header = Header(shapes, file.header.metadata)

    def read(self, prefix: str) -> dict[str, Tensor]:
        """See ``TensorFile``."""
        stored = self._file.read("")
        return {
            name.removeprefix(prefix): piece.of(stored[piece.stored]).contiguous()
            for name, piece in self._pieces.items()
            if name.startswith(prefix)
        }


def openclip_pieces(header: Header, prefix: str) -> dict[str, Piece]:
    """transformers' name -> what it is in a file of OpenCLIP's below ``prefix``."""
    pieces = dict[str, Piece]()
    for name in header.shapes:
        if not name.startswith(prefix):
            continue
        bare = name.removeprefix(prefix)
        if bare in TOP:
            pieces[TOP[bare]] = Piece(name, turned=bare == "proj")
        elif match := re.match(r"transformer\.resblocks\.(\d+)\.(.+)", bare):
            pieces.update(layer_pieces(name, f"vision_model.encoder.layers.{match[1]}.", match[2]))
    return pieces


def layer_pieces(stored: str, layer: str, rest: str) -> dict[str, Piece]:
    """Of one tensor of a layer."""
    if match := re.match(r"attn\.in_proj_(weight|bias)", rest):
        return {f"{layer}self_attn.{each}.{match[1]}": Piece(stored, n) for n, each in enumerate(PROJECTIONS)}
    part, _, kind = rest.rpartition(".")
    return {f"{layer}{LAYER[part]}.{kind}": Piece(stored)} if part in LAYER else {}
