"""What a U-Net learns from: a data set's pictures as latents, encoded once; and latents of unit size."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import torch
from torch import Tensor, nn

from nodes.diffusion.latent import LatentFormat
from nodes.diffusion.training.dataset import Dataset
from nodes.diffusion.training.diffusion import Latents
from nodes.diffusion.vae.model import AutoencoderKL

AT_ONCE = 16
"""Pictures encoded together."""


@torch.no_grad()
def encoded(
    vae: AutoencoderKL,
    dataset: Dataset,
    latent_format: LatentFormat,
    variants: int = 1,
    seed: int = 0,
    on_part: Callable[[int, int], None] = lambda done, total: None,
) -> Latents:
    """Each choice of a data set in so many ``variants``, moved anew each time. ``on_part`` hears how many are done."""
    choices = dataset.choices()
    weights = dataset.weights(choices).repeat(variants) / variants
    plan = choices * variants
    means, deviations = [], []
    for start in range(0, len(plan), AT_ONCE):
        part = range(start, min(start + AT_ONCE, len(plan)))
        pictures = torch.stack([dataset.picture(plan[n], Random(f"{seed} {n}")) for n in part])
        found = vae.encode(pictures.to(next(vae.parameters())))
        means.append(found.mean.float().cpu())
        deviations.append((found.logvar.float().cpu().clamp(-30, 20) / 2).exp())
        on_part(part.stop, len(plan))
    mean, deviation = torch.cat(means), torch.cat(deviations)
    scale = latent_format.to_network(torch.ones_like(mean[:1])) - latent_format.to_network(torch.zeros_like(mean[:1]))
    return Latents(plan, weights, latent_format.to_network(mean), deviation * scale)


@torch.no_grad()
def standardise(vae: AutoencoderKL, mean: Tensor, latent_format: LatentFormat) -> None:
    """Change a VAE's outermost layers so that latents such as ``mean`` (N, Z, h, w) come to mean 0 and deviation 1.

    ``mean`` is in the VAE's own scale; what comes to be so are latents in network scale, in each channel. Its pictures
    stay the same. Raises ValueError for other kinds.
    """
    check_standardises(vae)
    quant, post = vae.quant_conv, vae.post_quant_conv
    if not (isinstance(quant, nn.Conv2d) and isinstance(post, nn.Conv2d) and isinstance(latent_format.scale, float)):
        raise ValueError("latents can be brought to unit size only where one scale is for all their channels")
    assert quant.bias is not None
    assert post.bias is not None
    channels = mean.shape[1]
    centre, deviation = (each.to(quant.weight) for each in (mean.mean((0, 2, 3)), mean.std((0, 2, 3))))
    gain = 1 / (deviation * latent_format.scale)
    quant.weight[:channels].mul_(gain[:, None, None, None])
    quant.bias[:channels] = (quant.bias[:channels] - centre) * gain
    quant.bias[channels:].add_(2 * gain.log())
    post.bias.add_(post.weight[:, :, 0, 0] @ centre)
    post.weight.div_(gain[None, :, None, None])


def check_standardises(vae: AutoencoderKL) -> None:
    """Raises ValueError for a VAE whose latents cannot be brought to unit size."""
    if not (isinstance(vae.quant_conv, nn.Conv2d) and isinstance(vae.post_quant_conv, nn.Conv2d)):
        raise ValueError("this VAE has no 1x1 convolutions around its latents that could be changed")
