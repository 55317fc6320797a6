"""New models: handles whose networks begin at a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple, TypeVar

import torch
from torch import nn

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.families.sd15 import SD15
from nodes.diffusion.header import norm_groups
from nodes.diffusion.lazy import Lazy, Origin, size_as
from nodes.diffusion.model import Model
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.text.clip import Clip, ClipConfig, ClipText
from nodes.diffusion.training.starts import new_text, new_unet
from nodes.diffusion.training.starts_vae import averaging_vae, check_averages
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet
from nodes.diffusion.vae.config import VAEConfig
from nodes.diffusion.vae.handle import Vae
from nodes.diffusion.vae.model import AutoencoderKL

N = TypeVar("N", bound=nn.Module)

VOCABULARY, POSITIONS = 49408, 77
HEAD, TEXT_HEAD = 32, 64
"""Channels of one attention head, in the U-Net and in the text encoder."""


class NewModel(NamedTuple):
    model: Model
    clip: Clip


@dataclass(frozen=True)
class Measures:
    """How large a new U-Net and its text encoder are: levels of ``channels`` times each of ``multipliers``, ``blocks``
    residual blocks at each, which attend from the level ``attend_from`` on, counted from 0."""

    channels: int = 64
    multipliers: tuple[int, ...] = (1, 2, 3)
    blocks: int = 1
    attend_from: int = 1
    context: int = 128
    text_layers: int = 3

    def unet(self) -> UNetConfig:
        """Raises ValueError for measures that cannot be."""
        if not self.multipliers:
            raise ValueError("a U-Net needs at least one level")
        levels = (
            Level(self.channels * times, self.blocks, int(n >= self.attend_from))
            for n, times in enumerate(self.multipliers)
        )
        return UNetConfig(
            levels=tuple(levels),
            middle_depth=1,
            model_channels=self.channels,
            context_dim=self.context,
            head_channels=HEAD,
            groups=norm_groups(self.channels),
        )

    def text(self) -> ClipConfig:
        """Raises ValueError for measures that cannot be."""
        heads, rest = divmod(self.context, TEXT_HEAD)
        if rest:
            raise ValueError(f"a text encoder {self.context} wide has no whole number of heads of {TEXT_HEAD}")
        return ClipConfig(VOCABULARY, POSITIONS, self.context, self.text_layers, heads, 4 * self.context)


def new_vae(loader: Loader, widths: Sequence[int], blocks: int, latent_channels: int, seed: int) -> Vae:
    """A VAE that averages. Raises ValueError for measures that cannot be."""
    if not widths:
        raise ValueError("a VAE needs at least one level")
    config = VAEConfig(tuple(widths), blocks, latent_channels, norm_groups(widths[0]))
    check_averages(config)
    network = begun(
        loader, loader.vae_dtype, "VAE", partial(averaging_vae, config, seed), AutoencoderKL, (config, seed)
    )
    return Vae(network, config.downscale, latent_channels)


def new_model(loader: Loader, measures: Measures, prediction: Literal["v", "eps"], seed: int) -> NewModel:
    """A U-Net that paints noise, and a text encoder that knows no word. Raises ValueError."""
    unet, text = measures.unet(), measures.text()
    network = begun(loader, None, "U-Net", partial(new_unet, unet, seed), UNet, (unet, seed))
    encoder = begun(loader, loader.text_dtype, "text encoder l", partial(new_text, text, seed), ClipText, (text, seed))
    digest = hashlib.blake2b(repr(unet).encode(), digest_size=4).hexdigest()
    model = Model(network, Prediction.discrete(prediction), SD15.latent_format, kind=f"{SD15.name}-{digest}")
    return NewModel(model, Clip.of({"l": encoder}, embeddings=loader.embeddings))


def begun(
    loader: Loader,
    dtype: torch.dtype | None,
    part: str,
    make: Callable[[], N],
    blank: Callable[..., N],
    told: tuple[object, int],
) -> Lazy[N]:
    """A network that is made by its seed at first use; ``told`` are its configuration and the seed."""
    with torch.device("meta"):
        form = blank(told[0])
    dtype = dtype or loader.dtype
    lazy = partial(
        Lazy[N],
        make,
        loader.residency,
        dtype,
        loader.device,
        origin=Origin(part, f"new, of seed {told[1]}"),
        size=size_as(form, dtype),
        blank=form,
    )
    return loader.residency.shared(("new", part, *told, dtype, loader.device), lazy)
