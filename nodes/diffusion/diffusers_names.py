"""The names that diffusers gives to tensors, beside those of the original checkpoints, which are ours.

Each function computes ``{diffusers name: our name}`` from a network's configuration, one entry for each tensor that it
has; ``turned`` gives the other direction. Adapters name modules as tensors are named, without ``.weight``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from nodes.diffusion.text.clip import ClipConfig
    from nodes.diffusion.unet.config import UNetConfig
    from nodes.diffusion.vae.config import VAEConfig

Names: TypeAlias = dict[str, str]
Pairs: TypeAlias = Iterator[tuple[str, str]]

RES = (
    ("norm1", "in_layers.0"),
    ("conv1", "in_layers.2"),
    ("time_emb_proj", "emb_layers.1"),
    ("norm2", "out_layers.0"),
    ("conv2", "out_layers.3"),
)
LAYER = ("norm1", "norm2", "norm3", "attn1.to_out.0", "attn2.to_out.0", "ff.net.0.proj", "ff.net.2")
BIASLESS = tuple(f"{attention}.to_{each}" for attention in ("attn1", "attn2") for each in "qkv")
VAE_RES = ("norm1", "conv1", "norm2", "conv2")
VAE_ATTENTION = (("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v"), ("to_out.0", "proj_out"))
OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
"""What the autoencoder's attention was called before diffusers 0.15."""
TEXT_LAYER = (
    *(f"self_attn.{each}_proj" for each in ("q", "k", "v", "out")),
    *("layer_norm1", "layer_norm2", "mlp.fc1", "mlp.fc2"),
)


def turned(names: Mapping[str, str]) -> Names:
    """Our name -> diffusers name."""
    return {ours: theirs for theirs, ours in names.items()}


def unet_names(config: UNetConfig) -> Names:
    """Of ``UNet2DConditionModel``, as ``down_blocks.0.resnets.0.norm1.weight``."""
    return dict(_unet(config))


def vae_names(config: VAEConfig) -> Names:
    """Of ``AutoencoderKL``, as ``encoder.down_blocks.0.resnets.0.norm1.weight``; see also ``current_vae_name``."""
    names = dict(
        [*_coder("encoder", config), *_coder("decoder", config), *_whole("quant_conv"), *_whole("post_quant_conv")]
    )
    if not config.quantised:
        names = {theirs: ours for theirs, ours in names.items() if "quant_conv." not in theirs}
    return names


def current_vae_name(name: str) -> str:
    """A tensor of an autoencoder that an old diffusers wrote, as newer ones name it."""
    if ".mid_block.attentions." not in name:
        return name
    stem, _, kind = name.rpartition(".")
    head, _, last = stem.rpartition(".")
    return f"{head}.{OLD_ATTENTION.get(last, last)}.{kind}"


def text_names(config: ClipConfig) -> Names:
    """Of ``CLIPTextModel``, as ``text_model.encoder.layers.0.mlp.fc1.weight``, and of its kind with a projection."""
    places = ["final_layer_norm", *(f"encoder.layers.{n}.{each}" for n in range(config.layers) for each in TEXT_LAYER)]
    ours = [f"embeddings.{kind}_embedding.weight" for kind in ("token", "position")]
    ours += [name for place in places for name, _ in _whole(place)]
    projection = {"text_projection.weight": "text_projection.weight"} if config.projection else {}
    return {f"text_model.{name}": name for name in ours} | projection


def _whole(theirs: str, ours: str | None = None) -> Pairs:
    """A module's weight and bias."""
    for kind in ("weight", "bias"):
        yield f"{theirs}.{kind}", f"{theirs if ours is None else ours}.{kind}"


def _unet(config: UNetConfig) -> Pairs:
    yield from _whole("conv_in", "input_blocks.0.0")
    for n in (1, 2):
        yield from _whole(f"time_embedding.linear_{n}", f"time_embed.{2 * n - 2}")
        if config.vector_dim:
            yield from _whole(f"add_embedding.linear_{n}", f"label_emb.0.{2 * n - 2}")
    yield from _down(config)
    for n in range(config.middle_blocks):
        yield from _res(f"mid_block.resnets.{n}", f"middle_block.{n + (n and config.middle_depth > 0)}", skips=False)
    yield from _transformer("mid_block.attentions.0", "middle_block.1", config.middle_depth)
    yield from _up(config)
    yield from _whole("conv_norm_out", "out.0")
    yield from _whole("conv_out", "out.2")


def _down(config: UNetConfig) -> Pairs:
    stage, channels = 1, config.model_channels
    for n, level in enumerate(config.levels):
        for k, depth in enumerate(level.down_depths):
            theirs, ours = f"down_blocks.{n}", f"input_blocks.{stage}"
            yield from _res(f"{theirs}.resnets.{k}", f"{ours}.0", skips=channels != level.channels)
            yield from _transformer(f"{theirs}.attentions.{k}", f"{ours}.1", depth)
            stage, channels = stage + 1, level.channels
        if n < len(config.levels) - 1:
            yield from _whole(f"down_blocks.{n}.downsamplers.0.conv", f"input_blocks.{stage}.0.op")
            stage += 1


def _up(config: UNetConfig) -> Pairs:
    stage = 0
    for n, level in enumerate(reversed(config.levels)):
        for k, depth in enumerate(level.up_depths):
            theirs, ours = f"up_blocks.{n}", f"output_blocks.{stage}"
            yield from _res(f"{theirs}.resnets.{k}", f"{ours}.0", skips=True)
            yield from _transformer(f"{theirs}.attentions.{k}", f"{ours}.1", depth)
            stage += 1
        if n < len(config.levels) - 1:
            place = f"output_blocks.{stage - 1}.{1 + (level.up_depths[-1] > 0)}.conv"
            yield from _whole(f"up_blocks.{n}.upsamplers.0.conv", place)


def _res(theirs: str, ours: str, *, skips: bool) -> Pairs:
    """A residual block; with ``skips`` its width changes, and the shortcut is a convolution."""
    for their_part, our_part in (*RES, *((("conv_shortcut", "skip_connection"),) if skips else ())):
        yield from _whole(f"{theirs}.{their_part}", f"{ours}.{our_part}")


def _transformer(theirs: str, ours: str, depth: int) -> Pairs:
    for part in ("norm", "proj_in", "proj_out") if depth else ():
        yield from _whole(f"{theirs}.{part}", f"{ours}.{part}")
    for n in range(depth):
        layer = f"transformer_blocks.{n}"
        for part in LAYER:
            yield from _whole(f"{theirs}.{layer}.{part}", f"{ours}.{layer}.{part}")
        for part in BIASLESS:
            yield f"{theirs}.{layer}.{part}.weight", f"{ours}.{layer}.{part}.weight"


def _coder(side: str, config: VAEConfig) -> Pairs:
    """Encoder or decoder: their decoder counts levels from the bottom, the original from the top."""
    up = side == "decoder"
    order = list(enumerate(config.widths))
    channels = config.widths[-1] if up else config.widths[0]
    way, change = ("up", "upsample") if up else ("down", "downsample")
    for n, (level, width) in enumerate(reversed(order) if up else order):
        theirs, ours = f"{side}.{way}_blocks.{n}", f"{side}.{way}.{level}"
        for k in range(config.blocks + up):
            yield from _vae_res(f"{theirs}.resnets.{k}", f"{ours}.block.{k}", skips=channels != width)
            channels = width
        if n < len(order) - 1:
            yield from _whole(f"{theirs}.{change}rs.0.conv", f"{ours}.{change}.conv")
    for n in (0, 1):
        yield from _vae_res(f"{side}.mid_block.resnets.{n}", f"{side}.mid.block_{n + 1}", skips=False)
    for their_part, our_part in VAE_ATTENTION:
        yield from _whole(f"{side}.mid_block.attentions.0.{their_part}", f"{side}.mid.attn_1.{our_part}")
    for their_part, our_part in (("conv_in", "conv_in"), ("conv_norm_out", "norm_out"), ("conv_out", "conv_out")):
        yield from _whole(f"{side}.{their_part}", f"{side}.{our_part}")


def _vae_res(theirs: str, ours: str, *, skips: bool) -> Pairs:
    for part in VAE_RES:
        yield from _whole(f"{theirs}.{part}", f"{ours}.{part}")
    if skips:
        yield from _whole(f"{theirs}.conv_shortcut", f"{ours}.nin_shortcut")
