"""What inpainting and editing models take as further channels behind the latent's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from nodes.diffusion.extras import Telling, Wish
from nodes.diffusion.latent import LatentFormat

GREY = (0.8223, -0.6876, 0.6364, 0.1380)
"""Mid-grey as a latent, in the network's scale."""


def inpainting(latent_format: LatentFormat, wish: Wish) -> Tensor:
    """A mask, 1 where to paint, and the picture without what is there: (B, 1 + 4, h, w); Rombach et al. 2022."""
    size = (wish.height, wish.width)
    mask, image = wish.fields.get("concat_mask"), wish.fields.get("concat_latent_image")
    if mask is None:
        mask = torch.ones(1, 1, *size)
    else:
        mask = interpolate(mask.reshape(-1, 1, *mask.shape[-2:]).float(), size, mode="bilinear").round()
    if image is None:
        image = torch.tensor(GREY).reshape(1, -1, 1, 1).expand(1, -1, *size)
    else:
        image = latent_format.to_network(fitting(image, size))
    count = max(len(mask), len(image))
    return torch.cat([each.repeat(-(-count // len(each)), 1, 1, 1)[:count] for each in (mask, image)], dim=1)


def editing(latent_format: LatentFormat | None, wish: Wish) -> Tensor:
    """The picture to edit (B, 4, h, w), zeros for none as in training; Brooks et al. 2022 (arXiv:2211.09800).

    It is in the VAE's own scale, unless a ``latent_format`` is given.
    """
    image = wish.fields.get("concat_latent_image")
    if image is None:
        return torch.zeros(1, 4, wish.height, wish.width)
    image = fitting(image, (wish.height, wish.width))
    return latent_format.to_network(image) if latent_format else image


def fitting(image: Tensor, size: tuple[int, int]) -> Tensor:
    """A latent (B, C, h, w) of another size, resized."""
    return image.float() if image.shape[-2:] == size else interpolate(image.float(), size, mode="bilinear")


def beside(latent_format: LatentFormat, *, scaled_edits: bool = False) -> Mapping[int, Telling]:
    """By a network's input channels: what fills those that are not the latent's."""
    return {9: partial(inpainting, latent_format), 8: partial(editing, latent_format if scaled_edits else None)}
