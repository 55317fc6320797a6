"""A file -> its header -> its family -> handles of its parts. Weights are read when a part is first used."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from nodes.diffusion.building import blank_of, filled, measured, misfits
from nodes.diffusion.errors import MissingWeights, UnknownCheckpoint, UnsupportedModel
from nodes.diffusion.families import FAMILIES, Family, Seen
from nodes.diffusion.lazy import Lazy, Origin, Residency, size_as
from nodes.diffusion.model import Model
from nodes.diffusion.places import VAE_START, Place, text_place, text_places, unet_place, vae_place
from nodes.diffusion.strangers import stranger
from nodes.diffusion.tensors import Source, TensorFile, open_tensors
from nodes.diffusion.text.clip import Clip, ClipText, Embeddings, no_embeddings
from nodes.diffusion.text.towers import absent_layers, text_width, tower_config, tower_of
from nodes.diffusion.thin import spared, thin
from nodes.diffusion.unet.config import unet_config
from nodes.diffusion.unet.model import UNet
from nodes.diffusion.vae.config import vae_config
from nodes.diffusion.vae.handle import Vae
from nodes.diffusion.vae.model import AutoencoderKL
from nodes.diffusion.vae.taesd import TinyAutoencoder, TwoFiles

N = TypeVar("N", bound=nn.Module)
CPU = torch.device("cpu")
VAE_LANDMARKS = (VAE_START, "decoder.conv_in.weight")


@dataclass(frozen=True)
class Checkpoint:
    """The parts of a checkpoint; a file may lack the text encoder or the VAE."""

    model: Model
    clip: Clip | None
    vae: Vae | None


@dataclass(frozen=True)
class Loader:
    """Opens model files, all for one device and dtype, all known to one residency.

    ``dtype`` is what networks compute in; text encoders and VAEs may have their own. ``stored`` is what a U-Net's
    matrices and convolutions are kept in, if in less than they are computed in.
    """

    residency: Residency
    dtype: torch.dtype = torch.float32
    device: torch.device = CPU
    embeddings: Embeddings = no_embeddings
    stored: torch.dtype | None = None
    text_dtype: torch.dtype | None = None
    vae_dtype: torch.dtype | None = None

    def checkpoint(self, path: Path) -> Checkpoint:
        """Open a checkpoint.

        Raises FileNotFoundError, CorruptCheckpoint, UnknownCheckpoint, UnsupportedModel, MissingWeights.
        """
        seen, family = recognised(open_tensors(path))
        place = found_vae(seen.file)
        vae = self._vae(place) if place and place.prefix else None  # without one, it would be the U-Net's own names
        return Checkpoint(self._model(seen, family), self._clip(seen.file, family), vae)

    def unet(self, path: Path) -> Model:
        """Open a diffusion model: a file of its own, in the original's or diffusers' names, or a checkpoint's."""
        return self._model(*recognised(open_tensors(path)))

    def vae(self, path: Path) -> Vae:
        """Open a file that holds a VAE, alone or within a checkpoint. Raises as ``checkpoint`` does."""
        file = open_tensors(path)
        place = found_vae(file)
        if place is None:
            raise UnknownCheckpoint(path, "the KL autoencoder of Stable Diffusion", file.header.missing(VAE_LANDMARKS))
        return self._vae(place)

    def tiny_vae(self, encoder: Path, decoder: Path, scale: float) -> Vae:
        """Open TAESD's two files, for latents that ``scale`` brings to a network's. Raises as ``checkpoint`` does."""
        make = partial(TinyAutoencoder, scale)
        return Vae(self._computing_in(self.vae_dtype)._network(TwoFiles(encoder, decoder), "TAESD", "", make))

    def text(self, paths: Sequence[Path]) -> Clip:
        """Open text encoders, in files of their own or in checkpoints. Raises as ``checkpoint`` does; ValueError."""
        places = [place for path in paths for place in self._text_places(path)]
        widths = [measured(place.file, "text encoder", place.prefix, text_width) for place in places]
        if len(places) == 1:
            return self.clip({tower_of(widths[0]): places[0]})
        if len(places) > 2:
            raise ValueError(f"there are {len(places)} text encoders in {names(paths)}, and at most 2 are used")
        small, large = places if widths[0] < widths[1] else places[::-1]
        if widths[0] == widths[1]:
            raise ValueError(f"the text encoders in {names(paths)} are of one kind, but SDXL has CLIP-L and CLIP-G")
        return self.clip({"l": small, "g": large})

    def _text_places(self, path: Path) -> list[Place]:
        file = open_tensors(path)
        if found := text_places(file):
            return found
        raise UnknownCheckpoint(path, "CLIP's text encoder", ["embeddings.token_embedding.weight"])

    def tower(self, place: Place, name: str) -> Lazy[ClipText]:
        """Open the text encoder at a place, as the tower "l", "g" or "h"."""
        part = f"text encoder {name}"
        make = partial(ClipText, measured(place.file, part, place.prefix, partial(tower_config, name)))
        return self._computing_in(self.text_dtype)._network(place.file, part, place.prefix, make)

    def _model(self, seen: Seen, family: Family) -> Model:
        place, read = seen.unet, partial(unet_config, head_channels=family.head_channels)
        config = measured(place.file, "U-Net", place.prefix, read)
        make: Callable[[], UNet] = partial(UNet, config)
        if self.stored:
            make = partial(thin, make, self.stored)
        return Model(
            self._network(place.file, "U-Net", place.prefix, make),
            family.prediction(seen),
            family.latent_format,
            config.in_channels,
            f"{family.name}-{hashlib.blake2b(repr(config).encode(), digest_size=4).hexdigest()}",
            family.extras(config.in_channels),
        )

    def _vae(self, place: Place) -> Vae:
        config = measured(place.file, "VAE", place.prefix, vae_config)
        make = partial(AutoencoderKL, config)
        network = self._computing_in(self.vae_dtype)._network(place.file, "VAE", place.prefix, make)
        return Vae(network, config.downscale, config.latent_channels)

    def _clip(self, file: Source, family: Family) -> Clip | None:
        places: dict[str, Place] = {}
        for tower, prefix in family.text:
            if tower not in places and (place := text_place(file, prefix)):
                places[tower] = place
        if missing := {tower for tower, _ in family.text} - places.keys():
            if not places:
                return None
            raise MissingWeights(file.path, f"text encoder {missing.pop()}", [f"of {family.name}, not there"])
        return self.clip(places)

    def clip(self, places: dict[str, Place]) -> Clip:
        """Text encoders out of their places, by tower. Raises ValueError for towers that belong to no family."""
        towers = {name: self.tower(place, name) for name, place in places.items()}
        absent = {name: absent_layers(name, place.header) for name, place in places.items()}
        return Clip.of(towers, absent, self.embeddings)

    def _computing_in(self, dtype: torch.dtype | None) -> Loader:
        return self if dtype is None else replace(self, dtype=dtype)

    def _network(self, file: TensorFile, part: str, prefix: str, make: Callable[[], N]) -> Lazy[N]:
        """Check a network against the header now; read its weights at first use."""
        blank = blank_of(make)
        if problems := misfits(blank, file.header, prefix):
            raise MissingWeights(file.path, part, problems)
        lazy = partial(
            Lazy[N],
            partial(filled, make, file, prefix),
            self.residency,
            self.dtype,
            self.device,
            origin=Origin(part, file.path.name),
            size=size_as(blank, self.dtype) - spared(blank, self.dtype),
            blank=blank,
        )
        key = (*file.stamp, prefix, part, self.dtype, self.device, self.stored)
        return self.residency.shared(key, lazy)


def recognised(file: Source) -> tuple[Seen, Family]:
    """The first family that matches. Raises UnsupportedModel, and UnknownCheckpoint naming the nearest."""
    seen = Seen(file, measured(file, "U-Net", "", lambda header: unet_place(file)))
    missing = {family.name: family.missing(seen) for family in FAMILIES}
    family = min(FAMILIES, key=lambda each: len(missing[each.name]))  # the first of those that lack nothing
    if missing[family.name]:
        if name := stranger(file.header):
            raise UnsupportedModel(file.path, name, "only Stable Diffusion 1, 2 and XL can be used")
        raise UnknownCheckpoint(file.path, family.name, missing[family.name])
    if family.unsupported:
        raise UnsupportedModel(file.path, family.name, family.unsupported)
    return seen, family


def names(paths: Sequence[Path]) -> str:
    return " and ".join(path.name for path in paths)


def found_vae(file: Source) -> Place | None:
    """Where a file has its autoencoder. Raises MissingWeights where only some of it is there, in diffusers' names."""
    return measured(file, "VAE", "", lambda header: vae_place(file))
