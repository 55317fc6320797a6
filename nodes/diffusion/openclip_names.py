"""OpenCLIP's towers in the names that transformers has for them, which are ours."""

from __future__ import annotations

from collections.abc import Iterable

from nodes.diffusion.pieces import Piece

RESBLOCKS = "transformer.resblocks."
WHOLE = {
    "token_embedding.weight": "embeddings.token_embedding.weight",
    "positional_embedding": "embeddings.position_embedding.weight",
    "ln_final.weight": "final_layer_norm.weight",
    "ln_final.bias": "final_layer_norm.bias",
}
IN_LAYER = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}


def openclip_pieces(names: Iterable[str], prefix: str) -> dict[str, Piece]:
    """OpenCLIP's text tower as transformers names it; there q, k and v are one matrix."""
    pieces = {}
    for name in names:
        if name.startswith(prefix):
            pieces.update(_openclip(name.removeprefix(prefix), name))
    return pieces


def _openclip(name: str, stored: str) -> dict[str, Piece]:
    """Our tensors out of one of OpenCLIP's, which is ``stored`` in the file."""
    if name in WHOLE:
        return {WHOLE[name]: Piece(stored)}
    if name.removesuffix(".weight") == "text_projection":  # a bare matrix; a layer's is the right way round
        return {"text_projection.weight": Piece(stored, transposed=not name.endswith(".weight"))}
    if not name.startswith(RESBLOCKS):
        return {}
    number, _, inside = name.removeprefix(RESBLOCKS).partition(".")
    return layer_pieces(inside, stored, f"encoder.layers.{number}.")


def layer_pieces(inside: str, stored: str, layer: str) -> dict[str, Piece]:
    """What a layer's tensor, called ``inside`` there and ``stored`` in the file, is below transformers' ``layer``."""
    if inside.startswith("attn.in_proj_"):
        kind = inside.removeprefix("attn.in_proj_")
        return {f"{layer}self_attn.{each}_proj.{kind}": Piece(stored, n, 3) for n, each in enumerate("qkv")}
    stem, _, kind = inside.rpartition(".")
    return {f"{layer}{IN_LAYER[stem]}.{kind}": Piece(stored)} if stem in IN_LAYER else {}


def openclip_name(name: str) -> str:
    """The other way round, for a tensor that is one of OpenCLIP's whole: ``encoder.layers.0.mlp.fc1.weight`` ->
    ``transformer.resblocks.0.mlp.c_fc.weight``. Raises KeyError for others."""
    if not name.startswith("encoder.layers."):
        return {ours: theirs for theirs, ours in WHOLE.items()}[name]
    _, _, number, inside = name.split(".", 3)
    stem, _, kind = inside.rpartition(".")
    theirs = {ours: theirs for theirs, ours in IN_LAYER.items()}[stem]
    return f"{RESBLOCKS}{number}.{theirs}.{kind}"
