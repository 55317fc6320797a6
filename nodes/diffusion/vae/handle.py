"""The autoencoder as nodes hold it: images in [0, 1] on one side, latents on the other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nodes.diffusion.finite import finite
from nodes.diffusion.lazy import Lazy
from nodes.diffusion.vae.tiling import OnTile, Tiling, of_all

AT_ONCE = 4
"""Images that go through the network together; more would only need more memory."""


@dataclass(frozen=True)
class Vae:
    """An autoencoder whose weights come into memory at first use.

    Its network has ``decode``: latent (B, Z, h, w) -> image (B, 3, H, W) around [-1, 1], and ``encode``: image in
    [-1, 1] -> what has a latent as its ``mean``; see ``model.AutoencoderKL``.
    """

    network: Lazy[Any]
    downscale: int = 8
    latent_channels: int = 4

    @torch.no_grad()
    def decode(self, latent: Tensor, at_once: int = AT_ONCE) -> Tensor:
        """Latent (B, Z, h, w), unscaled -> image (B, H, W, 3) float32 in [0, 1], on the CPU."""
        self._check(latent)
        return shown(in_parts(self._decode, latent, at_once))

    @torch.no_grad()
    def decode_tiled(self, latent: Tensor, tile: int, overlap: int, on_tile: OnTile | None = None) -> Tensor:
        """As ``decode``, in tiles of ``tile`` pixels a side, blended over ``overlap`` pixels; see ``Tiling``.

        Differs a little from the whole at once: the network norms over all that it sees.
        """
        self._check(latent)
        tiling = Tiling(tile // self.downscale, overlap // self.downscale, given=self.downscale)
        if tiling.holds(latent):
            return self.decode(latent)
        return shown(in_tiles(tiling, self._decode, latent, on_tile))

    @torch.no_grad()
    def encode(self, image: Tensor, at_once: int = AT_ONCE) -> Tensor:
        """Image (B, H, W, C), cut around its centre to multiples of 8 -> latent (B, Z, H/8, W/8): the mean."""
        return in_parts(self._encode, self._pixels(image), at_once).float().cpu()

    @torch.no_grad()
    def encode_tiled(self, image: Tensor, tile: int, overlap: int, on_tile: OnTile | None = None) -> Tensor:
        """As ``encode``, in tiles; see ``decode_tiled``."""
        tiling = Tiling(tile // self.downscale, overlap // self.downscale, taken=self.downscale)
        pixels = self._pixels(image)
        if tiling.holds(pixels):
            return self.encode(image)
        return in_tiles(tiling, self._encode, pixels, on_tile).float().cpu()

    def _check(self, latent: Tensor) -> None:
        if latent.ndim != 4 or latent.shape[1] != self.latent_channels:
            raise ValueError(f"this VAE decodes (B, {self.latent_channels}, h, w) latents, not {tuple(latent.shape)}")

    def _pixels(self, image: Tensor) -> Tensor:
        """(B, H, W, C) in [0, 1] -> (B, 3, H', W') in [-1, 1], with sides that are multiples."""
        return (centre_cropped(image, self.downscale)[..., :3] * 2 - 1).movedim(-1, 1)

    def _decode(self, latent: Tensor) -> Tensor:
        return finite(self.network.get().decode(self.network.cast(latent)), self.network)

    def _encode(self, pixels: Tensor) -> Tensor:
        return finite(self.network.get().encode(self.network.cast(pixels)).mean, self.network)


def in_parts(compute: Callable[[Tensor], Tensor], batch: Tensor, at_once: int) -> Tensor:
    """``compute`` of a batch, ``at_once`` at a time."""
    return torch.cat([compute(part) for part in torch.split(batch, at_once)])


def in_tiles(tiling: Tiling, compute: Callable[[Tensor], Tensor], batch: Tensor, on_tile: OnTile | None) -> Tensor:
    """``compute`` of a batch in tiles, one picture after the other."""
    pictures = enumerate(torch.split(batch, 1))
    return torch.cat([tiling.apply(compute, each, of_all(on_tile, n, len(batch))) for n, each in pictures])


def shown(decoded: Tensor) -> Tensor:
    """(B, 3, H, W) around [-1, 1] -> (B, H, W, 3) float32 in [0, 1], on the CPU."""
    return ((decoded.float() + 1) / 2).clamp(0, 1).movedim(1, -1).cpu().contiguous()


def centre_cropped(image: Tensor, multiple: int) -> Tensor:
    """(B, H, W, C) cut to sides that are multiples. Raises ValueError if nothing would be left."""
    height, width = image.shape[1:3]
    if height < multiple or width < multiple:
        raise ValueError(f"an image of {width}x{height} is too small to encode, at least {multiple}x{multiple}")
    top, left = height % multiple // 2, width % multiple // 2
    return image[:, top : top + height // multiple * multiple, left : left + width // multiple * multiple]
