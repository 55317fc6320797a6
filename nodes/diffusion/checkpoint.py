"""A file -> its header -> its family -> handles of its parts. Weights are read when a part is first used."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from nodes.diffusion.errors import MissingWeights, UnknownCheckpoint
from nodes.diffusion.families import FAMILIES, Family
from nodes.diffusion.header import Header, Shape
from nodes.diffusion.lazy import Lazy, Origin, Residency, size_as
from nodes.diffusion.model import Model
from nodes.diffusion.tensors import TensorFile, open_tensors
from nodes.diffusion.text.clip import Clip, ClipText, clip_config
from nodes.diffusion.unet.model import UNet
from nodes.diffusion.vae.config import vae_config
from nodes.diffusion.vae.handle import Vae
from nodes.diffusion.vae.model import AutoencoderKL

N = TypeVar("N", bound=nn.Module)
C = TypeVar("C")
CPU = torch.device("cpu")
VAE_LANDMARKS = ("encoder.conv_in.weight", "decoder.conv_in.weight", "quant_conv.weight", "post_quant_conv.weight")


@dataclass(frozen=True)
class Checkpoint:
    """The parts of a checkpoint; a file may lack the text encoder or the VAE."""

    model: Model
    clip: Clip | None
    vae: Vae | None


@dataclass(frozen=True)
class Loader:
    """Opens model files, all for one device and dtype, all known to one residency."""

    residency: Residency
    dtype: torch.dtype = torch.float32
    device: torch.device = CPU

    def checkpoint(self, path: Path) -> Checkpoint:
        """Open a checkpoint. Raises FileNotFoundError, CorruptCheckpoint, UnknownCheckpoint, MissingWeights."""
        file = open_tensors(path)
        family = family_of(file)
        unet = measured(file, "U-Net", family.unet_prefix, family.unet)
        model = Model(
            self._network(file, "U-Net", family.unet_prefix, partial(UNet, unet)),
            family.prediction(file.header),
            family.latent_format,
            unet.in_channels,
            f"{family.name}-{hashlib.blake2b(repr(unet).encode(), digest_size=4).hexdigest()}",
        )
        has_vae = bool(file.header.under(family.vae_prefix).shapes)
        return Checkpoint(model, self._clip(file, family), self._vae(file, family.vae_prefix) if has_vae else None)

    def vae(self, path: Path) -> Vae:
        """Open a file that holds a VAE, alone or within a checkpoint. Raises as ``checkpoint`` does."""
        file = open_tensors(path)
        for prefix in ("", *(family.vae_prefix for family in FAMILIES)):
            if not file.header.under(prefix).missing(VAE_LANDMARKS):
                return self._vae(file, prefix)
        raise UnknownCheckpoint(path, "the KL autoencoder of Stable Diffusion", file.header.missing(VAE_LANDMARKS))

    def _vae(self, file: TensorFile, prefix: str) -> Vae:
        config = measured(file, "VAE", prefix, vae_config)
        network = self._network(file, "VAE", prefix, partial(AutoencoderKL, config))
        return Vae(network, config.downscale, config.latent_channels)

    def _clip(self, file: TensorFile, family: Family) -> Clip | None:
        for prefix in family.text_prefixes:
            if any(name.startswith((prefix + "embeddings.", prefix + "encoder.")) for name in file.header.shapes):
                make = partial(ClipText, measured(file, "text encoder", prefix, clip_config))
                return Clip(self._network(file, "text encoder", prefix, make))
        return None

    def _network(self, file: TensorFile, part: str, prefix: str, make: Callable[[], N]) -> Lazy[N]:
        """Check a network against the header now; read its weights at first use."""
        with torch.device("meta"):
            blank = make()
        header = file.header.under(prefix)
        problems = []
        for name, tensor in blank.state_dict().items():
            if name not in header.shapes:
                problems.append(f"{prefix}{name} is missing")
            elif not same_measures(header.shapes[name], tuple(tensor.shape)):
                problems.append(f"{prefix}{name} is {header.shapes[name]}, not {tuple(tensor.shape)}")
        if problems:
            raise MissingWeights(file.path, part, problems)
        lazy = partial(
            Lazy[N],
            partial(filled, make, file, prefix),
            self.residency,
            self.dtype,
            self.device,
            origin=Origin(part, file.path.name),
            size=size_as(blank, self.dtype),
            blank=blank,
        )
        return self.residency.shared((*file.stamp, prefix, part, self.dtype, self.device), lazy)


def measured(file: TensorFile, part: str, prefix: str, read: Callable[[Header], C]) -> C:
    """A part's configuration. Raises MissingWeights for a tensor that it is read from, or measures that can't be."""
    try:
        return read(file.header.under(prefix))
    except KeyError as missing:
        raise MissingWeights(file.path, part, [f"{prefix}{missing.args[0]} is missing"]) from None
    except (ValueError, IndexError, TypeError) as error:
        raise MissingWeights(file.path, part, [str(error)]) from None


def same_measures(stored: Shape, wanted: Shape) -> bool:
    """Whether shapes are equal but for ones at the end: some files keep 1x1 convolutions as matrices, or reversed."""
    return strip_ones(stored) == strip_ones(wanted)


def strip_ones(shape: Shape) -> Shape:
    """(64, 64, 1, 1) -> (64, 64)."""
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def filled(make: Callable[[], N], file: TensorFile, prefix: str) -> N:
    """Build a network around a file's tensors, without filling it with random numbers first."""
    with torch.device("meta"):
        network = make()
    stored = file.read(prefix)
    weights = {name: stored[name].reshape(blank.shape) for name, blank in network.state_dict().items()}
    network.load_state_dict(weights, assign=True)
    for module in network.modules():
        for name, buffer in module.named_buffers(recurse=False):
            if buffer.is_meta:
                setattr(module, name, position_ids(name, buffer))
    return network


def position_ids(name: str, buffer: Tensor) -> Tensor:
    """The one buffer that is not in files: 0, 1, 2, ... Raises LookupError for any other."""
    if name != "position_ids":
        raise LookupError(f"buffer {name} has no value")
    return torch.arange(buffer.numel()).reshape(buffer.shape)


def family_of(file: TensorFile) -> Family:
    """The first family that matches. Raises UnknownCheckpoint naming the nearest."""
    for family in FAMILIES:
        if family.matches(file.header):
            return family
    nearest = min(FAMILIES, key=lambda family: len(file.header.missing(family.landmarks)))
    missing = file.header.missing(nearest.landmarks)
    raise UnknownCheckpoint(file.path, nearest.name, missing or ["its text encoder: CLIP alone"])
