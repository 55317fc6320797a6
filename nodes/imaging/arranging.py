"""Pictures on larger canvases, and beside one another: (B, H, W, C), sizes in pixels."""

import torch
from torch import Tensor

from nodes.diffusion.resizing import resize_image
from nodes.imaging.agreeing import COLOURS, channels_as, same_batch

GREY = 0.5
RGB = {"white": (1, 1, 1), "black": (0, 0, 0), "red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}
TURNED = ("left", "up")
"""Directions in which the second picture comes first."""


def canvas(like: Tensor, height: int, width: int, colour: str) -> Tensor:
    """A picture of one of RGB's colours, opaque, with the batch and the channels of ``like``."""
    channels = like.shape[-1]
    values = like.new_tensor([*RGB[colour], *[1] * (channels - COLOURS)][:channels])
    return values.expand(len(like), height, width, channels).clone()


def letterboxed(image: Tensor, width: int, height: int, method: str, colour: str) -> Tensor:
    """The whole picture in the middle of ``width`` x ``height``, as large as fits, the rest of one colour."""
    own_height, own_width = image.shape[1:3]
    scale = min(width / own_width, height / own_height)
    inner_width, inner_height = max(1, int(own_width * scale)), max(1, int(own_height * scale))
    sheet = canvas(image, height, width, colour)
    put(sheet, resize_image(image, inner_width, inner_height, method))
    return sheet


def put(sheet: Tensor, image: Tensor) -> None:
    """Lay an image into the middle of a larger one, in place."""
    top, left = (sheet.shape[1] - image.shape[1]) // 2, (sheet.shape[2] - image.shape[2]) // 2
    sheet[:, top : top + image.shape[1], left : left + image.shape[2]] = image


def stitched(first: Tensor, second: Tensor, direction: str, gap: int, colour: str) -> Tensor:
    """``second`` beside ``first`` in the direction right, down, left or up, ``gap`` pixels of a colour between.

    Where one is smaller across, it is centred on black. A smaller batch is repeated, a lacking alpha opaque.
    """
    first, second = same_batch(image1=first, image2=second)
    if first.shape[-1] < second.shape[-1]:
        first = channels_as("image1", first, second)
    second = channels_as("image2", second, first)
    axis = axis_of(direction)
    across = max(first.shape[3 - axis], second.shape[3 - axis])
    parts = [on_black(part, across, 3 - axis) for part in (first, second)]
    if direction in TURNED:
        parts.reverse()
    if gap:
        size = (gap, across) if axis == 1 else (across, gap)
        parts.insert(1, canvas(first, *size, colour))
    return torch.cat(parts, dim=axis)


def as_wide_as(second: Tensor, first: Tensor, direction: str) -> tuple[int, int]:
    """Width and height at which ``second`` is across ``direction`` as large as ``first``, its aspect kept."""
    height, width = second.shape[1:3]
    if axis_of(direction) == 2:
        return max(1, int(width * first.shape[1] / height)), first.shape[1]
    return first.shape[2], max(1, int(height * first.shape[2] / width))


def stitched_size(first: Tensor, width: int, height: int, direction: str, gap: int) -> tuple[int, int]:
    """Height and width of ``first`` beside a picture of ``width`` x ``height``."""
    own_height, own_width = first.shape[1:3]
    if axis_of(direction) == 2:
        return max(own_height, height), own_width + gap + width
    return own_height + gap + height, max(own_width, width)


def axis_of(direction: str) -> int:
    """Along which axis of (B, H, W, C) pictures stand."""
    return 2 if direction in ("left", "right") else 1


def on_black(image: Tensor, size: int, axis: int) -> Tensor:
    """In the middle of ``size`` pixels along an axis."""
    if image.shape[axis] == size:
        return image
    height, width = (size, image.shape[2]) if axis == 1 else (image.shape[1], size)
    sheet = canvas(image, height, width, "black")
    put(sheet, image)
    return sheet


def outpainted(image: Tensor, left: int, top: int, right: int, bottom: int, feathering: int) -> tuple[Tensor, Tensor]:
    """The image on a larger grey canvas, and a mask (1, H', W') of what is to be painted: 1 outside, fading in it."""
    batch, height, width, channels = image.shape
    place = (..., slice(top, top + height), slice(left, left + width))
    sheet = image.new_full((batch, top + height + bottom, left + width + right, channels), GREY)
    sheet[*place, slice(None)] = image
    mask = image.new_ones(1, *sheet.shape[1:3])
    mask[place] = faded(height, width, feathering, padded=(left > 0, top > 0, right > 0, bottom > 0)).to(image)
    return sheet, mask


def faded(height: int, width: int, reach: int, padded: tuple[bool, bool, bool, bool]) -> Tensor:
    """A mask (H, W) that is ((reach - d) / reach)^2 at the distance d from the nearest of the ``padded`` sides (left,
    top, right, bottom), and 0 from ``reach`` on. A picture narrower than twice ``reach`` gets none of it."""
    if reach == 0 or 2 * reach >= min(height, width):
        return torch.zeros(height, width)
    left, top, right, bottom = padded
    rows = nearest(height, at_start=top, at_end=bottom)
    columns = nearest(width, at_start=left, at_end=right)
    distance = torch.minimum(rows[:, None], columns)
    return ((reach - distance).clamp(min=0) / reach).square()


def nearest(size: int, *, at_start: bool, at_end: bool) -> Tensor:
    """How far (size,) pixels are from the nearest chosen end; ``size`` if none is chosen."""
    at = torch.arange(size, dtype=torch.float32)
    far = torch.full_like(at, size)
    return torch.minimum(at if at_start else far, size - at if at_end else far)
