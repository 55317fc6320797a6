"""Previews: a latent as a small JPEG, by its format's rough colours, or by a VAE that is fast enough."""

import io

import torch
from PIL import Image
from torch import Tensor

from nodes.diffusion.latent import LatentFormat
from nodes.diffusion.pictures import to_pil
from nodes.diffusion.vae.handle import Vae

PREVIEW_SIZE = 512  # pixels, the longer side
QUALITY = 95


def preview_jpeg(denoised: Tensor, latent_format: LatentFormat, size: int = PREVIEW_SIZE) -> bytes:
    """The first latent of ``denoised`` (B, C, h, w), in network scale, fitted to ``size`` x ``size`` pixels."""
    return jpeg(fitted(preview_image(denoised, latent_format), size))


def decoded_jpeg(denoised: Tensor, latent_format: LatentFormat, vae: Vae, size: int = PREVIEW_SIZE) -> bytes:
    """The same, decoded."""
    (picture,) = vae.decode(latent_format.from_network(denoised[:1]))
    return jpeg(fitted(to_pil(picture), size))


def preview_image(denoised: Tensor, latent_format: LatentFormat) -> Image.Image:
    """One pixel a cell. Without a matrix of colours, the first channels are taken for red, green and blue."""
    cells = denoised[0].float().movedim(0, -1).cpu()  # (C, h, w) -> (h, w, C)
    matrix = torch.tensor(latent_format.preview) if latent_format.preview else torch.eye(cells.shape[-1], 3)
    return to_pil((cells @ matrix + torch.tensor(latent_format.preview_bias) + 1) / 2)


def jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def fitted(picture: Image.Image, size: int) -> Image.Image:
    """Shrunk or enlarged until the longer side is ``size`` pixels."""
    scale = size / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BILINEAR)
