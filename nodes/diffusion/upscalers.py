"""Networks that enlarge pictures, such as ESRGAN (Wang et al. 2018, arXiv:1809.00219): files, and pictures in tiles.

The package spandrel knows their architectures by their tensors. It is an extra, imported when a file is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.errors import CorruptCheckpoint, DiffusionError
from nodes.diffusion.ladder import Way
from nodes.diffusion.lazy import Lazy, Origin, size_as
from nodes.diffusion.tensors import PICKLES, open_tensors, stamp, unpickled
from nodes.diffusion.vae.tiling import OnTile, Tiling, of_all

TILES = (512, 256, 128)  # pixels a side
OVERLAP = 32  # pixels
COLOURS = 3
INSTALL = (
    "upscale models need the package spandrel, which cannot be imported ({}); install wireloom[upscale], "
    "and the torchvision that belongs to torch {}"
)


class Descriptor(Protocol):
    """What is needed of spandrel's ``ImageModelDescriptor``: pictures (B, C, H, W) in [0, 1], made larger."""

    model: Any
    scale: int
    input_channels: int
    output_channels: int

    def __call__(self, image: Tensor) -> Tensor: ...


Describe = Callable[[Mapping[str, Any]], Descriptor]
"""Finds out what a file's tensors are. Raises ValueError if they are nothing that it knows."""


class Upscaler(nn.Module):
    """A network with what its architecture needs around it, such as sides that are multiples."""

    def __init__(self, descriptor: Descriptor) -> None:
        super().__init__()
        self._descriptor, self.network = descriptor, descriptor.model

    def forward(self, image: Tensor) -> Tensor:
        return self._descriptor(image)


@dataclass(frozen=True)
class UpscaleModel:
    """An upscaler whose weights come into memory at first use."""

    network: Lazy[Upscaler]
    scale: int

    @torch.no_grad()
    def upscale(self, image: Tensor, tile: int = TILES[0], on_tile: OnTile | None = None) -> Tensor:
        """Image (B, H, W, C) in [0, 1] -> (B, scale·H, scale·W, 3), on the CPU, in tiles of ``tile`` pixels a side."""
        tiling = Tiling(tile, OVERLAP, given=self.scale)
        pictures = []
        for n, picture in enumerate(torch.split(image[..., :COLOURS].movedim(-1, 1), 1)):
            pictures.append(tiling.once(self._enlarged, picture, of_all(on_tile, n, len(image))).clamp(0, 1))
        return torch.cat(pictures).movedim(1, -1).contiguous()

    def ways(self, image: Tensor, on_tile: OnTile | None = None) -> list[Way[Tensor]]:
        """The same, in ever smaller tiles."""
        said = "enlarged in tiles of {} pixels, which may differ slightly from larger ones"
        return [Way(partial(self.upscale, image, tile, on_tile), said.format(tile)) for tile in TILES]

    def _enlarged(self, tile: Tensor) -> Tensor:
        out = self.network.get()(self.network.cast(tile)).float().cpu()
        wanted = (1, COLOURS, *(side * self.scale for side in tile.shape[-2:]))
        if out.shape != wanted:
            raise ValueError(f"the upscale model made {tuple(out.shape)} of {tuple(tile.shape)}, not {wanted}")
        return out


def open_upscaler(path: Path, loader: Loader, describe: Describe | None = None) -> UpscaleModel:
    """Open an upscale model. Raises FileNotFoundError, CorruptCheckpoint, and DiffusionError where spandrel is missing.

    It computes in float32: many of these networks leave half precision's range.
    """
    describe = describe or known_to_spandrel()
    described = read(path, describe)  # read now, so that a file that is none is told at once
    make = partial(
        Lazy[Upscaler],
        lambda: Upscaler(read(path, describe)),
        loader.residency,
        torch.float32,
        loader.device,
        origin=Origin("upscaler", path.name),
        size=size_as(Upscaler(described), torch.float32),
    )
    network = loader.residency.shared((*stamp(path), "upscaler", loader.device), make)
    return UpscaleModel(network, described.scale)


def read(path: Path, describe: Describe) -> Descriptor:
    """A file's network. Raises as ``open_upscaler``."""
    content = unpickled(path) if path.suffix.lower() in PICKLES else open_tensors(path).read("")
    if not isinstance(content, Mapping):
        raise CorruptCheckpoint(path, f"it holds a {type(content).__name__}, not named tensors")
    try:
        described = describe(content)
    except ValueError as error:
        raise CorruptCheckpoint(path, f"it is no upscale model that is known ({error})") from None
    channels = described.input_channels, described.output_channels
    if channels != (COLOURS, COLOURS):
        raise CorruptCheckpoint(path, f"it takes {channels[0]} channels and gives {channels[1]}; pictures have 3")
    return described


def known_to_spandrel() -> Describe:
    """What spandrel knows. Raises DiffusionError if it is not installed."""
    try:
        from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError
    except ImportError as error:
        raise DiffusionError(INSTALL.format(error, torch.__version__)) from error

    def describe(content: Mapping[str, Any]) -> Descriptor:
        try:
            described = ModelLoader().load_from_state_dict(dict(content))
        except UnsupportedModelError as error:
            raise ValueError(str(error).partition("\n")[0] or "its tensors are of no architecture") from error
        if not isinstance(described, ImageModelDescriptor):
            raise ValueError(f"{described.architecture.name} needs more than one picture")
        return described

    return describe
