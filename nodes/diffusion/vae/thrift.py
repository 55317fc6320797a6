"""The ways to encode and decode, each needing less memory than the one before."""

from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor

from nodes.diffusion.ladder import Way
from nodes.diffusion.vae.handle import Vae
from nodes.diffusion.vae.tiling import OnTile

TILES = (512, 256, 128)  # pixels a side
OVERLAP = 64  # pixels


def decoding(vae: Vae, latent: Tensor, on_tile: OnTile) -> list[Way[Tensor]]:
    """Latent (B, Z, h, w) -> image: whole, one picture at a time, in tiles."""
    sides = [side * vae.downscale for side in latent.shape[-2:]]
    return _ways("decoded", partial(vae.decode, latent), partial(vae.decode_tiled, latent), len(latent), sides, on_tile)


def encoding(vae: Vae, image: Tensor, on_tile: OnTile) -> list[Way[Tensor]]:
    """Image (B, H, W, C) -> latent: whole, one picture at a time, in tiles."""
    sides = image.shape[1:3]
    return _ways("encoded", partial(vae.encode, image), partial(vae.encode_tiled, image), len(image), sides, on_tile)


def _ways(
    done: str,
    whole: Callable[..., Tensor],
    tiled: Callable[..., Tensor],
    count: int,
    sides: Sequence[int],
    on_tile: OnTile,
) -> list[Way[Tensor]]:
    ways = [Way(whole)]
    if count > 1:
        said = f"{done} one picture at a time; numbers may differ in their last digits"
        ways.append(Way(partial(whole, at_once=1), said))
    for tile in TILES:
        if tile < max(sides):
            said = f"{done} in tiles of {tile} pixels, which differs slightly from the whole at once"
            ways.append(Way(partial(tiled, tile=tile, overlap=OVERLAP, on_tile=on_tile), said))
    return ways
