"""Noise on a latent, as much as a schedule takes away."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from nodes.diffusion.denoiser import DiffusionModel
from nodes.diffusion.noise import StartNoise
from nodes.diffusion.sampling import fitting_channels, to_network


def with_noise(model: DiffusionModel, latent: Mapping[str, Any], noise: StartNoise, sigmas: Tensor) -> dict[str, Any]:
    """``latent`` (ComfyUI's dict, VAE scale) with noise of the first sigma less the last, in the network's scale.

    Of one sigma, as much as it says; of none, the latent as it was. What is not finite becomes 0.
    """
    if len(sigmas) == 0:
        return dict(latent)
    scale = (sigmas[0] - sigmas[-1]).abs() if len(sigmas) > 1 else sigmas[0]
    samples = fitting_channels(latent["samples"].float(), model.latent_format.channels)
    noisy = to_network(samples, model.latent_format) + scale.cpu() * noise.like(samples, latent.get("batch_index"))
    noisy = model.latent_format.from_network(noisy)
    return {**latent, "samples": noisy.nan_to_num(0.0, 0.0, 0.0)}
