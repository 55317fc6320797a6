"""Where a file keeps a network's tensors, and under which names: the original ones, diffusers' or OpenCLIP's."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from nodes.diffusion.diffusers_names import Names, current_vae_name, turned, unet_names, vae_names
from nodes.diffusion.header import Header, Shape, norm_groups
from nodes.diffusion.tensors import Source, TensorFile
from nodes.diffusion.unet.config import UNetConfig, level_of
from nodes.diffusion.vae.config import VAEConfig

UNET = "model.diffusion_model."
VAE = "first_stage_model."
UNET_START, VAE_START = "input_blocks.0.0.weight", "encoder.conv_in.weight"
DIFFUSERS_UNET = ("conv_in.weight", "down_blocks.0.resnets.0.conv1.weight")
DIFFUSERS_VAE = ("encoder.conv_in.weight", "encoder.down_blocks.0.resnets.0.conv1.weight")


class Piece(NamedTuple):
    """A tensor, or of its rows' ``parts`` equal ones the ``part``-th; turned over if ``transposed``."""

    name: str
    part: int = 0
    parts: int = 1
    transposed: bool = False

    def shape(self, whole: Shape) -> Shape:
        rows = (whole[0] // self.parts, *whole[1:]) if whole else whole
        return rows[::-1] if self.transposed else rows

    def of(self, whole: Tensor) -> Tensor:
        part = whole.chunk(self.parts)[self.part] if self.parts > 1 else whole
        return part.T if self.transposed else part


class Renamed:
    """A file's tensors under our names; nothing is read before it is asked for."""

    def __init__(self, file: Source, pieces: Mapping[str, Piece], called: str) -> None:
        """``pieces`` is our name -> what it is in the file; ``called`` tells these from others of the same file."""
        self._file, self._pieces = file, {n: piece for n, piece in pieces.items() if piece.name in file.header.shapes}
        self.path: Path = file.path
        self.stamp: tuple[Hashable, ...] = (*file.stamp, called)
        shapes = {name: piece.shape(file.header.shapes[piece.name]) for name, piece in self._pieces.items()}
        self.header = Header(shapes, file.header.metadata)

    def read(self, prefix: str) -> dict[str, Tensor]:
        names = [name for name in self._pieces if name.startswith(prefix)]
        return {name.removeprefix(prefix): tensor for name, tensor in self.named(names).items()}

    def named(self, names: Iterable[str]) -> dict[str, Tensor]:
        pieces = {name: self._pieces[name] for name in names}
        stored = self._file.named({piece.name for piece in pieces.values()})
        return {name: piece.of(stored[piece.name]) for name, piece in pieces.items()}


class Place(NamedTuple):
    """A file, maybe seen under other names, and the prefix there."""

    file: TensorFile
    prefix: str = ""

    @property
    def header(self) -> Header:
        return self.file.header.under(self.prefix)


def unet_place(file: Source) -> Place:
    """Where a file has its U-Net; where a checkpoint would have it, if it has none."""
    header = file.header
    if UNET + UNET_START not in header.shapes:
        if UNET_START in header.shapes:
            return Place(file)
        if not header.missing(DIFFUSERS_UNET):
            return Place(renamed(file, turned(unet_names(diffusers_unet(header))), "U-Net of diffusers"))
    return Place(file, UNET)


def vae_place(file: Source) -> Place | None:
    """Where a file has its autoencoder."""
    header = file.header
    if not header.missing(DIFFUSERS_VAE):
        current = {current_vae_name(name): name for name in header.shapes}
        ours = turned(vae_names(diffusers_vae(header)))
        ours = {name: current[theirs] for name, theirs in ours.items() if theirs in current}
        return Place(renamed(file, ours, "VAE of diffusers"))
    for prefix in (VAE, ""):
        if header.under(prefix).count(r"(?:en|de)coder\.(?:down|up)\.(\d+)\."):
            return Place(file, prefix)
    return None


def text_place(file: Source, prefix: str) -> Place | None:
    """Where a file has a text encoder, if it lies below ``prefix`` (which ends in ``text_model.``, ``model.`` ...)."""
    names = file.header.shapes
    if f"{prefix}transformer.resblocks.0.ln_1.weight" in names or f"{prefix}positional_embedding" in names:
        return Place(Renamed(file, openclip_pieces(names, prefix), f"{prefix} of OpenCLIP"))
    if not any(name.startswith((f"{prefix}embeddings.", f"{prefix}encoder.layers.")) for name in names):
        return None
    projection = prefix.removesuffix("text_model.") + "text_projection.weight"
    if projection == f"{prefix}text_projection.weight" or projection not in names:
        return Place(file, prefix)
    pieces = {name.removeprefix(prefix): Piece(name) for name in names if name.startswith(prefix)}
    return Place(Renamed(file, {**pieces, "text_projection.weight": Piece(projection)}, prefix))


def text_places(file: Source) -> list[Place]:
    """All text encoders of a file."""
    return [place for prefix in text_prefixes(file.header) if (place := text_place(file, prefix))]


def text_prefixes(header: Header) -> list[str]:
    """All places where a file might have text encoders."""
    ends = ("embeddings.token_embedding.weight", "token_embedding.weight")
    found = (
        name.removesuffix(next(e for e in ends if name.endswith(e))) for name in header.shapes if name.endswith(ends)
    )
    return list(dict.fromkeys(found))


def openclip_pieces(names: Iterable[str], prefix: str) -> dict[str, Piece]:
    """OpenCLIP's text tower as transformers names it; there q, k and v are one matrix."""
    pieces = {}
    for name in names:
        if name.startswith(prefix):
            pieces.update(_openclip(name.removeprefix(prefix), name))
    return pieces


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


def _openclip(name: str, stored: str) -> dict[str, Piece]:
    """Our tensors out of one of OpenCLIP's, which is ``stored`` in the file."""
    if name in WHOLE:
        return {WHOLE[name]: Piece(stored)}
    if name.removesuffix(".weight") == "text_projection":  # a bare matrix; a layer's is the right way round
        return {"text_projection.weight": Piece(stored, transposed=not name.endswith(".weight"))}
    if not name.startswith(RESBLOCKS):
        return {}
    number, _, inside = name.removeprefix(RESBLOCKS).partition(".")
    layer = f"encoder.layers.{number}"
    if inside.startswith("attn.in_proj_"):
        kind = inside.removeprefix("attn.in_proj_")
        return {f"{layer}.self_attn.{each}_proj.{kind}": Piece(stored, n, 3) for n, each in enumerate("qkv")}
    stem, _, kind = inside.rpartition(".")
    return {f"{layer}.{IN_LAYER[stem]}.{kind}": Piece(stored)} if stem in IN_LAYER else {}


def renamed(file: Source, stored: Names, called: str) -> Renamed:
    """A file seen under our names; ``stored`` is our name -> the file's."""
    return Renamed(file, {name: Piece(theirs) for name, theirs in stored.items()}, called)


def diffusers_unet(header: Header) -> UNetConfig:
    """What the names of a U-Net follow from, read off diffusers' names. Raises KeyError for a missing tensor."""
    shapes, count = header.shapes, header.count(r"down_blocks\.(\d+)\.")
    levels = []
    for n in range(count):
        blocks = header.count(rf"down_blocks\.{n}\.resnets\.(\d+)\.")
        width = shapes[f"down_blocks.{n}.resnets.0.conv1.weight"][0]
        up = count - 1 - n
        levels.append(
            level_of(width, _depths(header, f"down_blocks.{n}", blocks), _depths(header, f"up_blocks.{up}", blocks + 1))
        )
    vector = shapes.get("add_embedding.linear_1.weight", ())
    width = shapes["conv_in.weight"][0]
    return UNetConfig(
        levels=tuple(levels),
        middle_depth=_depths(header, "mid_block", 1)[0],
        model_channels=width,
        head_channels=1,
        groups=norm_groups(width),
        vector_dim=vector[1] if len(vector) > 1 else None,
        middle_blocks=header.count(r"mid_block\.resnets\.(\d+)\."),
    )


def _depths(header: Header, block: str, count: int) -> tuple[int, ...]:
    """Transformer layers of each of so many places in one of diffusers' blocks."""
    patterns: Sequence[str] = [rf"{block}\.attentions\.{k}\.transformer_blocks\.(\d+)\." for k in range(count)]
    return tuple(header.count(pattern) for pattern in patterns)


def diffusers_vae(header: Header) -> VAEConfig:
    """What the names of an autoencoder follow from, read off diffusers' names."""
    levels = header.count(r"encoder\.down_blocks\.(\d+)\.")
    widths = tuple(header.shapes[f"encoder.down_blocks.{n}.resnets.0.conv1.weight"][0] for n in range(levels))
    blocks = header.count(r"encoder\.down_blocks\.0\.resnets\.(\d+)\.")
    return VAEConfig(widths=widths, blocks=blocks, groups=1, quantised=any("quant_conv." in n for n in header.shapes))
