"""Where a file keeps a network's tensors, and under which names: the original ones, diffusers' or OpenCLIP's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nodes.diffusion.diffusers_names import current_vae_name, turned, unet_names, vae_names
from nodes.diffusion.header import Header, norm_groups
from nodes.diffusion.openclip_names import openclip_pieces
from nodes.diffusion.pieces import Piece, Renamed, renamed
from nodes.diffusion.tensors import Source, TensorFile
from nodes.diffusion.unet.config import UNetConfig, level_of
from nodes.diffusion.vae.config import VAEConfig

UNET = "model.diffusion_model."
VAE = "first_stage_model."
UNET_START, VAE_START = "input_blocks.0.0.weight", "encoder.conv_in.weight"
DIFFUSERS_UNET = ("conv_in.weight", "down_blocks.0.resnets.0.conv1.weight")
DIFFUSERS_VAE = ("encoder.conv_in.weight", "encoder.down_blocks.0.resnets.0.conv1.weight")


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
