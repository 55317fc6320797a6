"""Other sizes: of pictures and latents alike, (B, C, H, W)."""

import math

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from nodes.diffusion.pictures import from_pil, to_pil

RESIZE_METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "lanczos", "bislerp")
PARALLEL = 1 - 1e-5  # cosine beyond which two directions count as one


def resize(samples: Tensor, width: int, height: int, method: str, crop: str = "disabled") -> Tensor:
    """``samples`` (B, C, H, W) resized to (B, C, height, width).

    ``crop`` "center" cuts to the target's aspect first, "disabled" stretches. Raises ValueError for other words.
    """
    if crop not in ("disabled", "center"):
        raise ValueError(f"unknown crop {crop!r}; known are disabled, center")
    if crop == "center":
        samples = cropped_to_aspect(samples, width / height)
    match method:
        case "nearest-exact" | "bilinear" | "area" | "bicubic":
            return interpolate(samples, (height, width), mode=method)
        case "lanczos":
            return lanczos(samples, width, height)
        case "bislerp":
            return bislerp(samples, width, height)
    raise ValueError(f"unknown resize method {method!r}; known are {', '.join(RESIZE_METHODS)}")


def resize_image(image: Tensor, width: int, height: int, method: str, crop: str = "disabled") -> Tensor:
    """The same for an image (B, H, W, C)."""
    return resize(image.movedim(-1, 1), width, height, method, crop).movedim(1, -1)


def match_batch(values: Tensor, size: int) -> Tensor:
    """``values`` (B', ...) repeated in turn, or cut, to a batch of ``size``. Raises ValueError if there are none."""
    if len(values) == size:
        return values
    if len(values) == 0:
        raise ValueError(f"an empty batch {tuple(values.shape)} cannot be repeated {size} times")
    return values.repeat(math.ceil(size / len(values)), *[1] * (values.ndim - 1))[:size]


def cropped_to_aspect(samples: Tensor, aspect: float) -> Tensor:
    """The middle of ``samples`` (..., H, W) with this ratio of width to height."""
    height, width = samples.shape[-2:]
    own = width / height
    x = round((width - width * (aspect / own)) / 2) if own > aspect else 0
    y = round((height - height * (own / aspect)) / 2) if own < aspect else 0
    x, y = min(x, (width - 1) // 2), min(y, (height - 1) // 2)  # something is left even for the slimmest target
    return samples[..., y : height - y, x : width - x]


def lanczos(samples: Tensor, width: int, height: int) -> Tensor:
    """Lanczos resampling in 8 bits, by Pillow, one image at a time."""
    pictures = [to_pil(sample.movedim(0, -1)) for sample in samples]
    resized = [from_pil(picture.resize((width, height), Image.Resampling.LANCZOS)) for picture in pictures]
    stacked = torch.stack([one.reshape(height, width, -1).movedim(-1, 0) for one in resized])
    return stacked.to(samples)


def bislerp(samples: Tensor, width: int, height: int) -> Tensor:
    """Bilinear, but channel vectors are turned into one another, so that mixtures keep their length."""
    wide = slerp_along(samples.float(), -1, width)
    return slerp_along(wide, -2, height).to(samples.dtype)


def slerp_along(samples: Tensor, axis: int, size: int) -> Tensor:
    """Resize one axis of ``samples`` (B, C, H, W), pixel centres as in bilinear interpolation."""
    old = samples.shape[axis]
    at = ((torch.arange(size, device=samples.device) + 0.5) * (old / size) - 0.5).clamp(0, old - 1)
    low = at.floor().long()
    fraction = (at - low).unsqueeze(-1) if axis == -2 else at - low
    high = (low + 1).clamp(max=old - 1)
    return slerp(samples.index_select(axis, low), samples.index_select(axis, high), fraction)


def slerp(a: Tensor, b: Tensor, fraction: Tensor) -> Tensor:
    """Spherical interpolation of channel vectors (B, C, ...), Shoemake 1985; their norms are interpolated linearly.

    Nearly parallel vectors are mixed linearly; between opposite ones there is no way to prefer, so it stays ``a``.
    """
    norm_a, norm_b = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    unit_a, unit_b = (a / norm_a).nan_to_num(0.0), (b / norm_b).nan_to_num(0.0)
    cosine = (unit_a * unit_b).sum(1, keepdim=True)
    angle = cosine.clamp(-PARALLEL, PARALLEL).acos()
    direction = (((1 - fraction) * angle).sin() * unit_a + (fraction * angle).sin() * unit_b) / angle.sin()
    turned = direction * torch.lerp(norm_a, norm_b, fraction)
    result = torch.where(cosine > PARALLEL, torch.lerp(a, b, fraction), turned)
    return torch.where(cosine < -PARALLEL, a, result)
