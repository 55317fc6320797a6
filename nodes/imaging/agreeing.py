"""Pictures that are worked into one another brought to the same batch, size and channels."""

import torch
from torch import Tensor

from nodes.diffusion.resizing import match_batch, resize, resize_image

COLOURS = 3


def same_batch(**values: Tensor) -> tuple[Tensor, ...]:
    """Tensors (B', ...) by their input's name, all repeated in turn to the largest batch. Raises ValueError for an
    empty one."""
    for name, value in values.items():
        filled(name, value)
    size = max(len(value) for value in values.values())
    return tuple(match_batch(value, size) for value in values.values())


def filled(name: str, value: Tensor) -> Tensor:
    """The same tensor. Raises ValueError if it is an empty batch or its elements are."""
    if value.numel() == 0:
        raise ValueError(f"{name} is empty: it has the shape {tuple(value.shape)}, expected at least one picture")
    return value


def same_size(image: Tensor, like: Tensor, method: str, crop: str = "center") -> Tensor:
    """``image`` (B, H', W', C) resized to the height and width of ``like`` (B, H, W, ...)."""
    if image.shape[1:3] == like.shape[1:3]:
        return image
    return resize_image(image, like.shape[2], like.shape[1], method, crop)


def mask_of_size(mask: Tensor, like: Tensor, method: str, crop: str = "disabled") -> Tensor:
    """``mask`` ((B,) h, w) as (B, H, W), resized to the height and width of ``like`` (B, H, W, ...)."""
    mask = masks_of(mask)
    if mask.shape[1:3] == like.shape[1:3]:
        return mask
    return resize(mask.unsqueeze(1), like.shape[2], like.shape[1], method, crop).squeeze(1)


def masks_of(mask: Tensor) -> Tensor:
    """A mask ((B,) H, W), or (B, 1, H, W) as some packs make them, as (B, H, W)."""
    return mask.reshape(-1, *mask.shape[-2:])


def grey(mask: Tensor) -> Tensor:
    """A mask ((B,) H, W) as an image (B, H, W, 3)."""
    return masks_of(mask).unsqueeze(-1).repeat(1, 1, 1, COLOURS)


def channels_as(name: str, image: Tensor, like: Tensor) -> Tensor:
    """``image`` with as many channels as ``like``: further ones are dropped, an alpha that lacks is opaque.

    Raises ValueError, which names the input, for grey where colours are needed.
    """
    has, wanted = image.shape[-1], like.shape[-1]
    if has >= wanted:
        return image[..., :wanted]
    if (has, wanted) != (COLOURS, COLOURS + 1):
        raise ValueError(f"{name} has {has} channels, and what it meets has {wanted}; expected 3, or 4 with alpha")
    return with_alpha(image, torch.ones_like(image[..., 0]))


def with_alpha(image: Tensor, alpha: Tensor) -> Tensor:
    """The colours of ``image`` with ``alpha`` (B, H, W) as the fourth channel."""
    return torch.cat((image[..., :COLOURS], alpha.unsqueeze(-1).to(image)), dim=-1)


def colours(name: str, image: Tensor) -> Tensor:
    """The first three channels. Raises ValueError if there are fewer, or no pictures."""
    if filled(name, image).shape[-1] < COLOURS:
        raise ValueError(f"{name} has {image.shape[-1]} channels, expected red, green and blue")
    return image[..., :COLOURS]
